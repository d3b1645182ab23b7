"""Each subcommand is there, and loads no more than it needs."""

import subprocess
import sys

import typer

from broker.cli.main import app

_PROGRAM = """
import sys, typer
from broker.cli.main import app
typer.main.get_command(app).commands[sys.argv[1]]
print("grpc" in sys.modules)
"""


def test_the_help_of_each_says_what_it_does():
    for name, command in typer.main.get_command(app).commands.items():
        assert command.name == name
        assert command.help


def test_a_dispatcher_loads_nothing_of_the_api():
    loaded = {name: subprocess.check_output([sys.executable, "-c", _PROGRAM, name]) for name in ("dispatcher", "api")}
    assert loaded == {"dispatcher": b"False\n", "api": b"True\n"}
