"""Runs the programs of `client_programs`, which use an official client, in a process of their own."""

import asyncio
import atexit
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import FORKING, Programs

if TYPE_CHECKING:
    from broker.api.node import ApiNode

_PROGRAMS = Path(__file__).parent / "client_programs"
TRANSPORTS = pytest.mark.parametrize("transport", ["grpc", "rest"])
LOCATION = "projects/example.com:p/locations/us-central1"


async def run(program: str, transport: str, node: "ApiNode", version: str = "v2") -> Any:
    """What a client program prints."""
    address = node.grpc_address if transport == "grpc" else node.http_url
    command = (str(_PROGRAMS / program), transport, address, version)
    return json.loads(await asyncio.to_thread(_programs().run, *command))


@cache
def _programs() -> Programs:
    programs = Programs([sys.executable, str(FORKING), "google.,grpc,requests"], os.environ)
    atexit.register(programs.close)
    return programs


async def run_with(python: str, program: str, *arguments: str, **variables: str) -> Any:
    """What a client program prints that another Python runs."""
    process = await asyncio.create_subprocess_exec(
        python, str(_PROGRAMS / program), *arguments, stdout=-1, stderr=-1, env=os.environ | variables
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return json.loads(output)
