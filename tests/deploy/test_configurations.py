"""The configurations of Redis and of the balancer: real servers take them."""

import re
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.deploy.tools import DEPLOY, needs, run
from tests.support.servers import Server, available_binaries
from tests.support.up import run_headrace

REDIS = (DEPLOY / "redis" / "redis.conf").read_text()


def directives() -> dict[str, str]:
    """The lines that set something."""
    lines = [line for line in REDIS.splitlines() if line and not line.startswith("#")]
    return dict(line.split(maxsplit=1) for line in lines)


def test_every_line_of_redis_conf_says_why():
    lines = REDIS.splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("name", available_binaries())
def test_servers_take_redis_conf_and_nodes_take_the_server(name: str):
    of_place = {"bind", "port", "dir"}
    options = [
        word
        for directive, value in directives().items()
        if directive not in of_place
        for word in (f"--{directive}", value.strip('"'))
    ]
    with closing(Server(available_binaries()[name], *options)) as server:
        given = server.client.config_get("maxmemory*", "append*")
        assert given["maxmemory"] == str(2 * 2**30)
        assert given["maxmemory-policy"] == "noeviction"
        assert given["appendonly"] == "yes"
        answer = run_headrace("queues", "list", HEADRACE_REDIS_URL=server.url)
        assert answer.returncode == 0, answer.stderr


@needs("docker-compose")
def test_compose_takes_its_file():
    answer = run("docker-compose", "--file", DEPLOY / "compose.yaml", "config", "--quiet")
    assert answer.returncode == 0, answer.stderr


def test_compose_publishes_on_loopback_only():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(port.startswith("127.0.0.1:") for port in published)


@needs("haproxy")
def test_the_balancer_takes_its_configuration(tmp_path: Path):
    # Names of containers are known to containers alone.
    text = re.sub(r"\bapi-\d:", "127.0.0.1:", (DEPLOY / "haproxy" / "haproxy.cfg").read_text())
    (tmp_path / "haproxy.cfg").write_text(text)
    answer = run("haproxy", "-c", "-f", tmp_path / "haproxy.cfg")
    assert answer.returncode == 0, answer.stderr
