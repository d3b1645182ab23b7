"""`headrace limits`: the limits in force."""

from broker.cli import flags
from broker.cli.table import table
from broker.settings import Settings

_HEADER = ("LIMIT", "VALUE", "UNIT", "MEANING")


def limits(limits: flags.Limits = None, profile: flags.Profile = None) -> None:
    """Print every limit: its name, its value as the environment and the flags have it, its unit, what it limits.

    The defaults are those of Google's service, but that calls a minute have no cap. Change one with --limit NAME=VALUE,
    on each API node alike.
    """
    rows = Settings.load(locals()).limits.rows()
    print(table(_HEADER, ((row.name, f"{row.value:.15g}", row.unit, row.meaning) for row in rows)))
