"""What the chart renders, for every example of its values and for several versions of Kubernetes."""

import re
import shutil
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.deploy.tools import CHART, CI_VALUES, NEWEST, helm, needs, of_ci, only, pod_specs, rendered

pytestmark = needs("helm")

EVERY_EXAMPLE = pytest.mark.parametrize("path", CI_VALUES, ids=lambda path: path.stem)
VERSIONS = ("1.27.0", "1.29.0", "1.30.0", "1.33.0", NEWEST)
OF_OTHERS = {
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GRPCRoute": "gateway.networking.k8s.io/v1",
}
"""Kinds that Kubernetes itself does not know, with their versions."""


def test_there_are_examples():
    assert len(CI_VALUES) >= 4


@EVERY_EXAMPLE
def test_lint(path: Path):
    answer = helm("lint", "--strict", "--kube-version", NEWEST, CHART, "--values", path)
    assert answer.returncode == 0, answer.stdout


@EVERY_EXAMPLE
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_would_take_it(path: Path, version: str):
    for each in of_ci(path, version):
        if each["kind"] in OF_OTHERS:
            assert each["apiVersion"] == OF_OTHERS[each["kind"]]
        else:
            kubernetes_validate.validate(each, version, strict=True)


def test_older_kubernetes_is_refused():
    answer = helm("template", "try", CHART, "--kube-version", "1.26.0", "--set", "redis.url=redis://r")
    assert "requires kubeVersion: >=1.27.0-0" in answer.stderr


@EVERY_EXAMPLE
def test_names_are_unique(path: Path):
    names = [(each["kind"], each["metadata"]["name"]) for each in of_ci(path)]
    assert len(set(names)) == len(names)


def test_every_object_has_the_common_labels():
    for each in rendered(values={"redis": {"staging": {"enabled": True}}, "commonLabels": {"example.com/a": "b"}}):
        labels = each["metadata"]["labels"]
        assert labels["example.com/a"] == "b"
        assert labels["app.kubernetes.io/instance"] == "try"


@EVERY_EXAMPLE
def test_selectors_find_their_pods(path: Path):
    owners = [each["spec"] for each in of_ci(path) if each["kind"] in ("Deployment", "StatefulSet")]
    pods = [spec["template"]["metadata"]["labels"] for spec in owners]
    for spec, labels in zip(owners, pods, strict=True):
        assert spec["selector"]["matchLabels"].items() <= labels.items()
    for service in (each for each in of_ci(path) if each["kind"] == "Service"):
        found = [labels for labels in pods if service["spec"]["selector"].items() <= labels.items()]
        assert len(found) == 1, service["metadata"]["name"]


@EVERY_EXAMPLE
def test_service_monitors_find_one_service_each(path: Path):
    objects = of_ci(path)
    services = [each for each in objects if each["kind"] == "Service"]
    for monitor in (each for each in objects if each["kind"] == "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        (service,) = [each for each in services if wanted.items() <= each["metadata"]["labels"].items()]
        assert {port["name"] for port in service["spec"]["ports"]} >= {monitor["spec"]["endpoints"][0]["port"]}


@EVERY_EXAMPLE
def test_ports_that_are_named_exist(path: Path):
    for spec in pod_specs(of_ci(path)).values():
        for container in spec["containers"]:
            names = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                action = container.get(probe, {}).get("httpGet") or container.get(probe, {}).get("tcpSocket") or {}
                assert action.get("port") in names | {None}


def test_grpc_clients_see_every_node():
    service = only(rendered("--set", "redis.url=redis://r"), "Service", "-grpc")
    assert service["spec"]["clusterIP"] == "None"


def test_a_change_of_configuration_rolls_the_pods():
    def checksums(**values):
        objects = rendered(values={"redis": {"url": "redis://r"}, **values})
        deployments = [each for each in objects if each["kind"] == "Deployment"]
        return {each["spec"]["template"]["metadata"]["annotations"]["checksum/config"] for each in deployments}

    (before,), (same,), (after,) = checksums(), checksums(), checksums(config={"logLevel": "debug"})
    assert before == same != after


def test_stopping_leaves_time_for_all_of_it():
    values = {
        "redis": {"url": "redis://r"},
        "api": {"preStopSeconds": 7, "drainSeconds": 40},
        "dispatcher": {"drainSeconds": 90},
    }
    specs = pod_specs(rendered(values=values))
    assert specs["Deployment/try-headrace-api"]["terminationGracePeriodSeconds"] == 57
    assert specs["Deployment/try-headrace-dispatcher"]["terminationGracePeriodSeconds"] == 100


@pytest.mark.parametrize(("version", "action"), [("1.29.0", "exec"), ("1.30.0", "sleep")])
def test_the_pause_before_the_stop_needs_no_shell(version: str, action: str):
    (container,) = pod_specs(rendered("--set", "redis.url=redis://r", kubernetes=version))[
        "Deployment/try-headrace-api"
    ]["containers"]
    (found,) = container["lifecycle"]["preStop"]
    assert found == action


def test_extra_objects_are_rendered():
    (found,) = [each for each in of_ci(CHART / "ci" / "ha-values.yaml") if each["metadata"]["name"] == "try-extra"]
    assert found["data"] == {"greeting": "hello"}


def test_alerts_and_dashboard_are_those_of_deploy():
    objects = of_ci(CHART / "ci" / "ha-values.yaml")
    rules = yaml.safe_load((CHART.parents[1] / "deploy" / "prometheus" / "rules.yaml").read_text())
    assert only(objects, "PrometheusRule", "headrace")["spec"] == rules
    (dashboard,) = only(objects, "ConfigMap", "-dashboard")["data"].values()
    assert dashboard == (CHART.parents[1] / "deploy" / "grafana" / "dashboards" / "headrace.json").read_text().strip()


def test_autoscaling_leaves_the_number_of_replicas_alone():
    objects = of_ci(CHART / "ci" / "ha-values.yaml")
    assert all("replicas" not in each["spec"] for each in objects if each["kind"] == "Deployment")


def test_the_chart_can_be_packaged(tmp_path: Path):
    answer = helm("package", CHART, "--destination", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["headrace-0.1.0.tgz"]


def test_the_installation_of_the_readme():
    options = re.findall(r"--set (\S+)", (CHART / "README.md").read_text().replace("`", ""))
    own_redis = [word for option in options if "staging" not in option for word in ("--set", option)]
    (staging,) = [option for option in options if "staging" in option]
    (container,) = pod_specs(rendered(*own_redis))["Deployment/try-headrace-api"]["containers"]
    assert container["image"] == "registry.example.com/headrace:0.1.0"
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "headrace-redis", "key": "url"}
    assert only(rendered("--set", staging.rstrip(",")), "StatefulSet", "-redis")


def test_the_notes_show_a_first_task(tmp_path: Path):
    chart = shutil.copytree(CHART, tmp_path / "headrace")
    page = '{"kind": "Notes", "text": {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}}'
    (chart / "templates" / "shown.yaml").write_text(page)
    answer = helm(
        "template", "try", chart, "--kube-version", NEWEST, "--set", "redis.url=redis://r", "-s", "templates/shown.yaml"
    )
    assert answer.returncode == 0, answer.stderr
    notes = yaml.safe_load(answer.stdout)["text"]
    assert "/v2/projects/local/locations/us-central1/queues/first/tasks -d" in notes
    assert "helm -n default test try" in notes
    assert "set dispatcher.egress=any" in notes
