"""docs/settings.md lists every setting, flag and limit there is, and nothing else."""

import typer.main

from broker.cli.main import app
from broker.model.limits import Limits
from broker.settings import Settings
from tests.docs.markdown import table_rows, text_of

PAGE = text_of("docs/settings.md")
NODES = ("up", "api", "dispatcher")
"""The commands that run nodes: their flags are settings, all of them."""


def flags_of_commands() -> dict[str, tuple[set[str], set[str]]]:
    """Each setting's flags, and the commands that take them."""
    found: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in Settings.model_fields}
    for name in NODES:
        for parameter in typer.main.get_command(app).commands[name].params:
            flags, commands = found[parameter.name]
            flags.update(parameter.opts)
            commands.add(name)
    return found


def shown_default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value in (None, (), {}, Limits()) else str(value)


def test_settings_flags_and_commands():
    expected = {
        (f"HEADRACE_{name.upper()}", ", ".join(sorted(flags)), frozenset(commands))
        for name, (flags, commands) in flags_of_commands().items()
    }
    rows = table_rows(PAGE, "variable", "flag", "commands", "default", "meaning")
    assert {(variable, flag, frozenset(commands.split(", "))) for variable, flag, commands, *_ in rows} == expected
    assert len(rows) == len(expected)


def test_defaults():
    rows = table_rows(PAGE, "variable", "flag", "commands", "default", "meaning")
    shown = {variable.removeprefix("HEADRACE_").lower(): default for variable, _, _, default, _ in rows}
    assert shown == {name: shown_default(field.default) for name, field in Settings.model_fields.items()}


def test_limits():
    rows = table_rows(PAGE, "limit", "default", "unit", "meaning")
    assert rows == [[row.name, f"{row.value:.15g}", row.unit, row.meaning] for row in Limits().rows()]
