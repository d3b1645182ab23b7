"""Alerts and dashboard ask for what live nodes expose, and Prometheus understands them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from broker.cli.embedded_server import dies_with_parent
from tests.deploy import live
from tests.deploy.promql import labels, selectors
from tests.deploy.tools import DEPLOY, find, needs, run
from tests.support.recorder import Recorder
from tests.support.servers import free_port
from tests.support.up import Up
from tests.support.waiting import eventually

RULES = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "headrace.json").read_text())
ALERTS = {rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
PANELS = {
    f"{panel['title']} {panel['id']}{target['refId']}": target["expr"].replace("$queue", ".*")
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
}
QUERIES = pytest.mark.parametrize("query", [*ALERTS.values(), *PANELS.values()], ids=[*ALERTS, *PANELS])
MAY_BE_EMPTY = ("> 0))", "> 0)")
"""What is divided by a limit that this Redis does not have has no value here."""


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with Up() as up, Recorder() as recorder:
        live.exercise(up, recorder)
        yield up


@pytest.fixture(scope="module")
def exposed(up: Up) -> dict[str, set[str]]:
    return eventually(lambda: (found := live.series(up.http)).get("headrace_tasks_exhausted_total") and found)


@QUERIES
def test_queries_ask_for_what_nodes_expose(query: str, exposed: dict[str, set[str]]):
    asked = dict.fromkeys(name for name, _ in selectors(query))
    assert asked
    assert asked.keys() <= exposed.keys()
    assert labels(query) <= set().union(*(exposed[name] for name in asked))
    for name, used in selectors(query):
        assert used - {"namespace"} <= exposed[name]


@needs("promtool")
def test_rules_are_well_formed():
    assert run("promtool", "check", "rules", RULES).returncode == 0


@needs("promtool")
def test_rules_fire_when_they_should():
    answer = run("promtool", "test", "rules", DEPLOY / "prometheus" / "rules.test.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_is_tested_and_documented():
    tests = yaml.safe_load((DEPLOY / "prometheus" / "rules.test.yaml").read_text())["tests"]
    fired = {rule["alertname"] for test in tests for rule in test["alert_rule_test"] if rule["exp_alerts"]}
    assert fired == ALERTS.keys()


@needs("promtool")
def test_metrics_follow_the_conventions(up: Up):
    exposition = requests.get(f"{up.http}/metrics", timeout=10).text
    answer = run("promtool", "check", "metrics", input=exposition)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@contextmanager
def prometheus(directory: Path, target: str) -> Iterator[str]:
    """The URL of a Prometheus that scrapes `target` and evaluates our rules."""
    port = free_port()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "headrace", "static_configs": [{"targets": [target.removeprefix("http://")]}]}],
    }
    (directory / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [
        find("prometheus"),
        f"--config.file={directory / 'prometheus.yaml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=dies_with_parent())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def watching(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), up.http) as url:

        def scraped_twice() -> bool:
            try:
                is_ready = requests.get(f"{url}/-/ready", timeout=10).ok
            except requests.ConnectionError:
                return False
            return is_ready and ask(url, "count_over_time(headrace_claims_total[5m]) > 2") != []

        eventually(scraped_twice, 60)
        yield url


def ask(url: str, query: str) -> list:
    """The result of a query, by a real Prometheus."""
    answer = requests.get(f"{url}/api/v1/query", {"query": query}, timeout=10).json()
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


@needs("prometheus")
@pytest.mark.parametrize("name", PANELS)
def test_panels_have_values(name: str, watching: str):
    assert ask(watching, PANELS[name]) or PANELS[name].endswith(MAY_BE_EMPTY)


@needs("prometheus")
@pytest.mark.parametrize("name", ALERTS)
def test_alerts_are_evaluated(name: str, watching: str):
    def state() -> dict:
        rules = requests.get(f"{watching}/api/v1/rules", timeout=10).json()["data"]["groups"][0]["rules"]
        return next(rule for rule in rules if rule["name"] == name and rule["health"] != "unknown")

    assert eventually(lambda: state())["health"] == "ok"
