"""What the chart refuses, and what it says."""

import pytest

from tests.deploy.tools import CHART, NEWEST, helm, needs

pytestmark = needs("helm")

SENTENCES = {
    "There is no Redis: set redis.url": {"redis": {"url": ""}},
    "There is more than one Redis": {"redis": {"staging": {"enabled": True}}},
    "redis.url has a password in it": {"redis": {"url": "redis://user:secret@r:6379"}},
    "append ?ssl_ca_certs=": {"redis": {"url": "rediss://r", "caSecret": {"name": "ca"}}},
    "opens the API beyond the cluster": {"ingress": {"enabled": True, "host": "h"}},
    "opens the API beyond the cluster, and": {"gateway": {"enabled": True, "parentRefs": [{"name": "g"}]}},
    "opens the API beyond the cluster, and it": {"api": {"service": {"type": "LoadBalancer"}}},
    "Without a NetworkPolicy every pod": {"networkPolicy": {"enabled": False}},
    "ingress.enabled needs ingress.host": {"api": {"acceptUnauthenticated": True}, "ingress": {"enabled": True}},
    "gateway.enabled needs gateway.parentRefs": {"api": {"acceptUnauthenticated": True}, "gateway": {"enabled": True}},
    "api.pdb has both minAvailable and maxUnavailable": {"api": {"pdb": {"maxUnavailable": 1}}},
    "dispatcher.pdb needs minAvailable or maxUnavailable": {"dispatcher": {"pdb": {"maxUnavailable": ""}}},
    "api.autoscaling.minReplicas is greater": {"api": {"autoscaling": {"enabled": True, "minReplicas": 99}}},
    "needs dispatcher.autoscaling.keda.prometheusUrl": {
        "dispatcher": {"autoscaling": {"enabled": True, "kind": "keda"}}
    },
    "config.settings.egress cannot be set there": {"config": {"settings": {"egress": "any"}}},
    "config.settings.log_level cannot be set there": {"config": {"settings": {"log_level": "debug"}}},
    "needs dispatcher.oauthTokens.accounts": {"dispatcher": {"oauthTokens": {"secretName": "tokens"}}},
}
SCHEMA = {
    "no such value": ({"api": {"replica": 3}}, "replica"),
    "no such value at the top": ({"dispatchers": {}}, "dispatchers"),
    "no such role": ({"redis": {"staging": {"replicas": 3}}}, "replicas"),
    "a word for a number": ({"api": {"replicas": "two"}}, "/api/replicas"),
    "less than none": ({"dispatcher": {"replicas": -1}}, "/dispatcher/replicas"),
    "no such egress": ({"dispatcher": {"egress": "private"}}, "/dispatcher/egress"),
    "too many partitions": ({"redis": {"partitions": 20000}}, "/redis/partitions"),
    "no such scheme": ({"redis": {"url": "http://r"}}, "/redis/url"),
    "an issuer without a scheme": ({"config": {"issuer": "tasks.example.com"}}, "/config/issuer"),
    "no such level": ({"config": {"logLevel": "verbose"}}, "/config/logLevel"),
    "a limit in words": ({"config": {"limits": {"task_bytes": "1MB"}}}, "/config/limits/task_bytes"),
    "a queue without a name": ({"queues": [{"rate": "1/s"}]}, "/queues/0"),
    "half a digest": ({"image": {"digest": "sha256:12"}}, "/image/digest"),
    "no address": ({"networkPolicy": {"neverTo": ["metadata"]}}, "/networkPolicy/neverTo/0"),
    "more than all": ({"api": {"autoscaling": {"targetCPUUtilizationPercentage": 120}}}, "targetCPU"),
    "a share of a budget in words": ({"api": {"pdb": {"minAvailable": "half"}}}, "/api/pdb/minAvailable"),
}


def refusal(values):
    base = {"redis": {"url": "redis://r:6379"}}
    merged = {**base, **values, "redis": {**base["redis"], **values.get("redis", {})}}
    answer = helm("template", "try", CHART, "--kube-version", NEWEST, values=merged)
    assert answer.returncode != 0
    return answer.stderr


def test_what_the_tests_start_from_is_accepted():
    answer = helm("template", "try", CHART, "--kube-version", NEWEST, values={"redis": {"url": "redis://r:6379"}})
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("sentence", SENTENCES)
def test_validation_says_what_to_do(sentence):
    assert sentence in refusal(SENTENCES[sentence])


@pytest.mark.parametrize("case", SCHEMA)
def test_the_schema_names_the_value(case):
    values, named = SCHEMA[case]
    answer = refusal(values).replace(".", "/") if "/" in named else refusal(values)
    assert named in answer


def test_the_password_of_a_url_is_not_shown():
    assert "secret@" not in refusal({"redis": {"url": "redis://user:secret@r:6379"}})
