"""`headrace probe`: ask a node how it is, for health checks of containers that hold no shell and no curl.

`python -m broker.cli.probe URL` does the same without loading the rest of the command, which takes a tenth of the time:
containers ask every few seconds.
"""

import http.client
import sys
import urllib.error
import urllib.request
from typing import Annotated

import typer

from broker.errors import StartupError

_TIMEOUT_S = 5.0
_NOT_WELL = 503


def probe(
    url: Annotated[str, typer.Argument(metavar="URL", help="A probe of a node: http://HOST:PORT/healthz or /readyz.")],
    timeout_s: Annotated[
        float, typer.Option("--timeout-seconds", metavar="SECONDS", min=0.1, help="How long to wait for the answer.")
    ] = _TIMEOUT_S,
) -> None:
    """Ask a node's probe. Exit status 0 if all is well, 1 with the reason if not."""
    print(ask(url, timeout_s))


def ask(url: str, timeout_s: float = _TIMEOUT_S) -> str:
    """What a probe answers if all is well. Raises StartupError with the reason if not."""
    if not url.startswith(("http://", "https://")):
        raise StartupError(f"{url!r} is no http:// or https:// URL")
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return str(answer.read().decode(errors="replace").strip())
    except urllib.error.HTTPError as error:
        with error:
            reason = error.read().decode(errors="replace").strip() if error.code == _NOT_WELL else ""
        raise StartupError(reason or f"{url} answered {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartupError(f"{url} does not answer: {getattr(error, 'reason', error)}") from None


if __name__ == "__main__":
    try:
        print(ask("".join(sys.argv[1:2])))
    except StartupError as error:
        sys.exit(f"headrace: {error}")
