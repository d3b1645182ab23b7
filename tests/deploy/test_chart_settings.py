"""The chart and the program cannot drift: variables, arguments, defaults and limits of one are those of the other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from broker.cli.main import app
from broker.settings import Settings
from tests.deploy.tools import CHART, CI_VALUES, DEPLOY, needs, of_ci, only, pod_specs, rendered
from tests.support.up import run_headrace

COMMANDS = typer.main.get_command(app).commands
PROBES = {"api": {"http"}, "dispatcher": {"metrics"}}
FILES = {"HEADRACE_TARGET_CA", "HEADRACE_OAUTH_TOKEN_DIR", "HEADRACE_SIGNING_KEY"}
"""Settings that name files, which are there in the pod alone."""


def environments(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Command and variables of every container of ours."""
    config = only(objects, "ConfigMap", "-config")["data"]
    for spec in pod_specs(objects).values():
        for container in spec["containers"]:
            if container["name"] == "redis":
                continue
            shared = config if container.get("envFrom") else {}
            own = {each["name"]: each.get("value", "redis://secret:6379") for each in container.get("env", [])}
            assert not shared.keys() & own.keys()
            yield container["args"][0], shared | own


def command_of(words: list[str]) -> Any:
    """The command that words begin with, and the words after it."""
    command, rest = COMMANDS[words[0]], words[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


@needs("helm")
@pytest.mark.parametrize("path", CI_VALUES, ids=lambda path: path.stem)
class TestEveryExample:
    def test_every_variable_is_a_setting(self, path: Path):
        for _, variables in environments(of_ci(path)):
            names = {name.removeprefix("HEADRACE_").lower() for name in variables if name.startswith("HEADRACE_")}
            assert names <= Settings.model_fields.keys()

    def test_every_variable_is_read_by_its_command(self, path: Path):
        for command, variables in environments(of_ci(path)):
            if command not in ("api", "dispatcher"):
                continue
            own = {name for name in variables if name.startswith("HEADRACE_")}
            shared = set(only(of_ci(path), "ConfigMap", "-config")["data"])
            read = {f"HEADRACE_{parameter.name.upper()}" for parameter in COMMANDS[command].params}
            assert own - shared <= read

    def test_every_shared_variable_is_read_by_a_node(self, path: Path):
        read = {parameter.name for name in ("api", "dispatcher") for parameter in COMMANDS[name].params}
        shared = only(of_ci(path), "ConfigMap", "-config")["data"]
        assert {name.removeprefix("HEADRACE_").lower() for name in shared} <= read

    def test_settings_take_the_values(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        for _, variables in environments(of_ci(path)):
            for name, value in variables.items():
                if name not in FILES:
                    monkeypatch.setenv(name, value)
            Settings.load({})

    def test_every_argument_is_known_to_its_command(self, path: Path):
        for spec in pod_specs(of_ci(path)).values():
            for container in spec["containers"]:
                if container["name"] != "redis":
                    command, rest = command_of(container["args"])
                    flags = {flag for parameter in command.params for flag in parameter.opts}
                    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= flags

    def test_ports_are_those_of_the_settings(self, path: Path):
        for command, variables in environments(of_ci(path)):
            if command in PROBES:
                spec = pod_specs(of_ci(path))[f"Deployment/try-headrace-{command}"]
                ports = {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]}
                given = {name: int(variables[f"HEADRACE_{name.upper()}_PORT"]) for name in ports}
                assert ports == given
                probes = spec["containers"][0]
                assert {probes[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "readiness", "liveness")} == (
                    PROBES[command]
                )


@needs("helm")
def test_defaults_are_those_of_the_program(monkeypatch: pytest.MonkeyPatch):
    """But for what a pod has to have: an address to listen on, leave to do so, an issuer that targets can reach."""
    for _, variables in environments(rendered("--set", "redis.url=redis://r")):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    given, default = Settings.load({}), Settings.model_construct()
    differ = {name for name in Settings.model_fields if getattr(given, name) != getattr(default, name)}
    assert differ == {"redis_url", "host", "insecure", "issuer"}


@needs("helm")
def test_limits_are_written_exactly(monkeypatch: pytest.MonkeyPatch):
    limits = {"schedule_horizon_s": 2592000, "max_dispatches_per_second": 12.5, "task_bytes": 100000000}
    objects = rendered(values={"redis": {"url": "redis://r"}, "config": {"limits": limits}})
    monkeypatch.setenv("HEADRACE_LIMITS", only(objects, "ConfigMap", "-config")["data"]["HEADRACE_LIMITS"])
    given = Settings.load({}).limits
    assert {name: getattr(given, name) for name in limits} == limits


@needs("helm")
def test_the_job_applies_the_queues(redis_url: str, redis_client, tmp_path: Path):
    objects = of_ci(CHART / "ci" / "staging-values.yaml")
    (text,) = only(objects, "ConfigMap", "-queues")["data"].values()
    (tmp_path / "queue.yaml").write_text(text)
    words = only(objects, "Job", "-queues")["spec"]["template"]["spec"]["containers"][0]["args"]
    here = [str(tmp_path / "queue.yaml") if word.startswith("/etc/") else word for word in words]
    ended = run_headrace(*here, HEADRACE_REDIS_URL=redis_url)
    assert ended.returncode == 0, ended.stderr
    shown = run_headrace("queues", "list", HEADRACE_REDIS_URL=redis_url).stdout
    assert re.search(r"reports +RUNNING +10/s +20 +5 ", shown)


def test_compose_sets_settings_only():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    nodes = {
        name: service
        for name, service in compose["services"].items()
        if set(service.get("environment", {})) & {"HEADRACE_REDIS_URL"}
    }
    assert sorted(nodes) == ["api-1", "api-2", "dispatcher-1", "dispatcher-2"]
    shared = set(compose["x-environment"])
    for service in nodes.values():
        read = {f"HEADRACE_{parameter.name.upper()}" for parameter in COMMANDS[service["command"][0]].params}
        assert set(service["environment"]) - shared <= read
        assert service["environment"].keys() <= {f"HEADRACE_{name.upper()}" for name in Settings.model_fields}
        *command, url = service["healthcheck"]["test"]
        assert command == ["CMD", "/opt/headrace/bin/python", "-m", "broker.cli.probe"]
        assert url.endswith((":8124/readyz", ":8125/healthz"))


@needs("helm")
def test_settings_that_the_chart_has_values_for_cannot_be_given_twice():
    """The list in the template names every variable that is set on containers, and none else."""
    template = (CHART / "templates" / "_config.tpl").read_text()
    (line,) = re.findall(r"\$ofNodes := list (.*?) -\}\}", template)
    deployments = "".join(
        (CHART / "templates" / f"{role}-deployment.yaml").read_text() for role in ("api", "dispatcher")
    )
    on_containers = {name.lower() for name in re.findall(r"- name: HEADRACE_(\w+)", deployments)}
    assert set(re.findall(r'"(\w+)"', line)) == on_containers | {"redis_url", "limits", "signing_key"}


@needs("helm")
def test_any_setting_can_be_given():
    given = {"admin": True, "profile": "dev", "queue_labels_": 1.5}
    data = only(rendered(values={"redis": {"url": "redis://r"}, "config": {"settings": given}}), "ConfigMap", "-config")
    found = {name: data["data"][f"HEADRACE_{name.upper()}"] for name in given}
    assert found == {"admin": "true", "profile": "dev", "queue_labels_": "1.5"}
