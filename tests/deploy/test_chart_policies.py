"""What every pod of the chart must be, whatever the values."""

from pathlib import Path

import pytest

from tests.deploy.tools import CHART, CI_VALUES, needs, of_ci, only, pod_specs

pytestmark = [needs("helm"), pytest.mark.parametrize("path", CI_VALUES, ids=lambda path: path.stem)]


def pods(path: Path) -> list[dict]:
    specs = pod_specs(of_ci(path))
    assert len(specs) >= 3
    return list(specs.values())


def test_pods_follow_the_restricted_profile(path: Path):
    for spec in pods(path):
        assert not any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 10_000
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any("hostPath" in volume for volume in spec.get("volumes", []))


def test_containers_follow_the_restricted_profile(path: Path):
    for spec in pods(path):
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_containers_have_requests_and_a_memory_limit(path: Path):
    for spec in pods(path):
        for container in spec["containers"]:
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_no_pod_gets_a_token_or_the_addresses_of_services(path: Path):
    for spec in pods(path):
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False


def test_images_have_a_tag_or_a_digest(path: Path):
    for spec in pods(path):
        for container in spec["containers"]:
            image = container["image"].rpartition("/")[2]
            assert ":" in image
            assert not image.endswith(":latest")


def test_no_command_is_a_shell(path: Path):
    for spec in pods(path):
        for container in spec["containers"]:
            words = [*container.get("command", []), *container.get("args", [])]
            assert not {"sh", "bash", "/bin/sh", "/bin/bash"} & set(words)


def test_long_running_containers_have_three_probes(path: Path):
    for each in of_ci(path):
        if each["kind"] in ("Deployment", "StatefulSet"):
            for container in each["spec"]["template"]["spec"]["containers"]:
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_no_secret_is_rendered(path: Path):
    assert not any(each["kind"] == "Secret" for each in of_ci(path))


def test_every_pod_has_a_network_policy(path: Path):
    objects = of_ci(path)
    policies = [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]
    if not policies:
        assert path.stem == "gateway-values"
        return
    owners = [each for each in objects if f"{each['kind']}/{each['metadata']['name']}" in pod_specs(objects)]
    for owner in owners:
        labels = owner["metadata"]["labels"]
        found = [policy for policy in policies if policy["podSelector"]["matchLabels"].items() <= labels.items()]
        assert len(found) == 1, owner["metadata"]["name"]
        assert found[0]["policyTypes"] == ["Ingress", "Egress"]


def test_dispatchers_never_reach_cloud_metadata(path: Path):
    objects = of_ci(path)
    if not any(each["kind"] == "NetworkPolicy" for each in objects):
        return
    rules = only(objects, "NetworkPolicy", "-dispatcher")["spec"]["egress"]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule.get("to", []) if "ipBlock" in peer]
    (everywhere,) = [block for block in blocks if block["cidr"] == "0.0.0.0/0"]
    assert "169.254.0.0/16" in everywhere["except"]
    values = (CHART / "ci" / path.name).read_text()
    assert ("10.0.0.0/8" in everywhere["except"]) == ("egress: any" not in values)
