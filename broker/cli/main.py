"""The `headrace` command: reads the command line, runs a subcommand, turns what goes wrong into one line."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.exceptions import TyperException

from broker.cli.subcommands import Subcommands
from broker.errors import HeadraceError, StartupError

app = typer.Typer(
    name="headrace",
    cls=Subcommands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def headrace(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """A task broker that speaks Google Cloud Tasks and runs on Redis.

    Start with `headrace up`: it brings everything. In production run `headrace api` and
    `headrace dispatcher`, any number of each, against one Redis. Every flag can also be
    given as the environment variable in brackets beside it; the flag wins.
    """
    if show_version:
        print(f"headrace {version('headrace')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line. Exit status: 0, 1 (cannot start, or had to stop), 2 (bad arguments)."""
    try:
        status = typer.main.get_command(app).main(prog_name="headrace", standalone_mode=False)
    except StartupError as error:
        status = _fail(str(error), 1)
    except HeadraceError as error:
        status = _fail(error.message, 1)
    except typer.Abort:
        status = _fail("interrupted", 1)
    except TyperException as error:
        status = _fail(error.format_message(), 2)
    sys.exit(status)


def _fail(message: str, status: int) -> int:
    print("headrace:", " ".join(message.split()), file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
