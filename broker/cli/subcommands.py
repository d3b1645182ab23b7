"""The subcommands of `headrace`. Each is loaded when it is run, so that none waits for what only others need."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_SUBCOMMANDS = {
    "up": ("broker.cli.up", "up", "Run everything: a server, an API node, a dispatcher."),
    "api": ("broker.cli.api", "api", "Run one API node: gRPC and REST."),
    "dispatcher": ("broker.cli.dispatcher", "dispatcher", "Run one dispatcher: it sends tasks to their targets."),
    "pull": ("broker.cli.pull", "pull", "Run a command for each task of a pull queue."),
    "queues": ("broker.cli.queues", "queues", "Import, export and list queues."),
    "limits": ("broker.cli.limits", "limits", "Print the limits in force."),
    "reset": ("broker.cli.reset", "reset", "Forget all that a project has."),
    "wait": ("broker.cli.wait", "wait", "Wait until queues have nothing left to do."),
    "probe": ("broker.cli.probe", "probe", "Ask a node's probe how it is."),
    "smoke": ("broker.cli.smoke", "smoke", "Send one task through an installation and see it arrive."),
    "plan": ("broker.cli.plan", "plan", "Calculate how many nodes a load needs."),
}
"""By name: the module, what is the subcommand in it (a function, or a Typer with commands of its own), its help."""


class _Commands(Mapping[str, Any]):
    """The commands by name."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            module, attribute, short_help = _SUBCOMMANDS[name]
            command = typer.main.get_command(_typer(getattr(import_module(module), attribute)))
            command.name, command.short_help = name, short_help
            self._loaded[name] = command
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_SUBCOMMANDS)

    def __len__(self) -> int:
        return len(_SUBCOMMANDS)


class Subcommands(TyperGroup):
    """The group of all subcommands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Any = _Commands()


def _typer(subcommand: Any) -> typer.Typer:
    if isinstance(subcommand, typer.Typer):
        return subcommand
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command()(subcommand)
    return single
