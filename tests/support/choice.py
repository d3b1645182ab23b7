"""Which servers the tests run against: a given one, a container, or processes of this machine."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.servers import Server, available_binaries

GIVEN = "given"
CONTAINER = "container"


@dataclass(frozen=True)
class Choice:
    """Names of servers, the first of which serves the tests that need only one, and why these."""

    names: tuple[str, ...]
    reason: str


def choose_servers() -> Choice:
    """HEADRACE_TEST_REDIS_URL (which the tests empty), else a container, else processes."""
    if url := os.environ.get("HEADRACE_TEST_REDIS_URL"):
        return Choice((GIVEN,), f"{url} (HEADRACE_TEST_REDIS_URL)")
    problem = _why_no_container()
    if not problem:
        return Choice((CONTAINER,), f"a container of {os.environ['HEADRACE_TEST_REDIS_IMAGE']}")
    names = tuple(available_binaries())
    return Choice(names, f"processes of {', '.join(names)} ({problem})")


def _why_no_container() -> str:
    image = os.environ.get("HEADRACE_TEST_REDIS_IMAGE")
    if not image:
        return "HEADRACE_TEST_REDIS_IMAGE is not set"
    if not _succeeds("docker", "info"):
        return "no Docker daemon answers"
    if not (_succeeds("docker", "image", "inspect", image) or _succeeds("docker", "pull", image)):
        return f"image {image} is not to be had"
    return ""


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=300, check=False).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


@contextlib.contextmanager
def serve(name: str) -> Iterator[str]:
    """The URL of a running server with that name."""
    if name == GIVEN:
        yield os.environ["HEADRACE_TEST_REDIS_URL"]
    elif name == CONTAINER:
        with _container(os.environ["HEADRACE_TEST_REDIS_IMAGE"]) as url:
            yield url
    else:
        with contextlib.closing(Server(available_binaries()[name])) as server:
            yield server.url


@contextlib.contextmanager
def _container(image: str) -> Iterator[str]:
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = DockerContainer(image).with_exposed_ports(6379)
    with container.waiting_for(LogMessageWaitStrategy("Ready to accept connections")) as running:
        yield f"redis://{running.get_container_host_ip()}:{running.get_exposed_port(6379)}"
