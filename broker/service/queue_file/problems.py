"""Every error about a queue file: what gcloud says where it says something, with the line (section 8.2)."""

from broker.errors import Code, HeadraceError

_LONGEST_QUOTE = 80


def invalid(problem: str, line: int = 0) -> HeadraceError:
    """A file that cannot be used; `problem` is a sentence without its period, `line` counts from 1, 0 is unknown."""
    place = f" (line {line})" if line else ""
    return HeadraceError(Code.INVALID_ARGUMENT, f"Invalid queue configuration. {problem}.{place}")


def mode_changed(queue_id: str) -> HeadraceError:
    """Another mode for a queue that is there."""
    return invalid(f'The mode of queue "{queue_id}" cannot be changed. Delete the queue first, or use another name')


def in_queue(queue_id: str, error: HeadraceError) -> HeadraceError:
    """An error with the queue it is about in front: a file has many."""
    return HeadraceError(error.code, f'Queue "{queue_id}": {error.message}', *error.details)


def quoted(text: str) -> str:
    """A text of the file in an error message, cut off if it is long."""
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return f'"{" ".join(shown.split())}"'
