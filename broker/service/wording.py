"""What the texts of all errors share."""

from broker.errors import Cause, Code, HeadraceError

# An error must fit into the trailers of a gRPC call, 8 KB as a rule; what it quotes is cut there.
_LONGEST_QUOTE = 1000


def quoted(text: str) -> str:
    """What a caller sent, short enough to stand in an answer."""
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def invalid(message: str, cause: Cause | None = None) -> HeadraceError:
    """INVALID_ARGUMENT."""
    return HeadraceError(Code.INVALID_ARGUMENT, message, cause=cause)
