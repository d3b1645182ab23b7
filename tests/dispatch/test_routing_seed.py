"""Routing as Google's documentation has its readers do it, and as Terraform does: the very requests (3.6, 10.3)."""

import itertools

import pytest
import requests

from tests.support.rest import LOCATION, Rest
from tests.support.waiting import eventually

_numbers = itertools.count(1)


@pytest.fixture
def rest(up):
    return Rest(up.http)


@pytest.fixture
def queue(rest):
    return rest.create_queue(f"documented-{next(_numbers)}")


@pytest.fixture
def curl(up, queue):
    """`curl -X PATCH -d @- -H "Authorization: ..." -H "Content-Type: ..." ".../queues/QUEUE_ID?updateMask=..."`."""

    def patch(mask, body):
        headers = {"Authorization": "Bearer ACCESS_TOKEN", "Content-Type": "application/json", "User-Agent": "curl/8"}
        answer = requests.patch(f"{up.http}/v2/{queue}?updateMask={mask}", data=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    return patch


FRESH = {
    "rateLimits": {"maxDispatchesPerSecond": 500, "maxBurstSize": 100, "maxConcurrentDispatches": 1000},
    "retryConfig": {"maxAttempts": 100, "maxDoublings": 16, "minBackoff": "0.100s", "maxBackoff": "3600s"},
}


@pytest.mark.parametrize("empty", [None, b"", b"{}", b"null", b'{"httpTarget": {}}'])
def test_pause_update_resume_and_remove(rest, curl, queue, recorder, empty):
    short = queue.rpartition("/")[2]
    assert rest.call("POST", f"{queue}:pause")["state"] == "PAUSED"
    before = rest.create_tasks(queue, f"{recorder.url}/work", 2)

    changed = curl("httpTarget.uriOverride", '{ "httpTarget": {"uriOverride":{"host":"localhost"}} }\n')
    override = {"host": "localhost", "uriOverrideEnforceMode": "ALWAYS"}
    assert changed == {"name": queue, "state": "PAUSED", **FRESH, "httpTarget": {"uriOverride": override}}

    after = rest.create_tasks(queue, f"{recorder.url}/work", 2)
    assert rest.call("POST", f"{queue}:resume")["state"] == "RUNNING"
    got = recorder.wait_for(short, 4)
    assert {request.task for request in got} == before | after
    assert {request.header("Host") for request in got} == {f"localhost:{recorder.port}"}

    assert curl("httpTarget", empty) == {"name": queue, "state": "RUNNING", **FRESH}
    rest.create_task(queue, f"{recorder.url}/work")
    assert recorder.wait_for(short, 5)[4].header("Host") == f"127.0.0.1:{recorder.port}"


def test_the_official_client_sets_and_removes_it(client, make_queue):
    """An updateQueueRequest with an empty payload and `http_target` in the mask removes it."""
    name = make_queue(httpTarget={"httpMethod": "GET"})
    target = {"uriOverride": {"host": "localhost"}}
    changed = client.update_queue(queue={"name": name, "httpTarget": target}, updateMask="httpTarget.uriOverride")
    assert changed["httpTarget"]["uriOverride"]["host"] == "localhost"
    assert changed["httpTarget"]["httpMethod"] == "GET"
    assert client.get_queue(name=name)["httpTarget"] == changed["httpTarget"]
    assert not client.update_queue(queue={"name": name}, updateMask="httpTarget").get("httpTarget")
    config = f"{name.partition('/queues/')[0]}/cmekConfig"
    assert client.get_cmek_config(name=config)["kmsKey"] == ""
    assert client.update_cmek_config(cmekConfig={"name": config}, updateMask="kmsKey")["name"] == config


TERRAFORM = {
    "appEngineRoutingOverride": {"service": "worker", "version": "1-0", "instance": "test"},
    "httpTarget": {
        "headerOverrides": [
            {"header": {"key": "AddSomethingElse", "value": "MyOtherValue"}},
            {"header": {"key": "AddMe", "value": "MyValue"}},
        ],
        "httpMethod": "POST",
        "oidcToken": {"audience": "https://oidc.example.com", "serviceAccountEmail": "a@p.iam.gserviceaccount.com"},
        "uriOverride": {
            "host": "oidc.example.com",
            "pathOverride": {"path": "/users/1234"},
            "port": "8443",
            "queryOverride": {"queryParams": "qparam1=123&qparam2=456"},
            "scheme": "HTTPS",
            "uriOverrideEnforceMode": "IF_NOT_EXISTS",
        },
    },
}


def test_a_resource_of_terraform(rest):
    """Create with the full name in the body, read, update one top-level field without a name, read again."""
    name = f"{LOCATION}/queues/terraform-{next(_numbers)}"
    created = rest.call("POST", f"{LOCATION}/queues?alt=json", {"name": name, **TERRAFORM})
    routing = {**TERRAFORM["appEngineRoutingOverride"], "host": "test.1-0.worker.p.appspot.com"}
    expected = {"name": name, "state": "RUNNING", **FRESH, **TERRAFORM, "appEngineRoutingOverride": routing}
    assert created == rest.call("GET", f"{name}?alt=json") == expected

    target = {"httpMethod": "PUT", "oauthToken": {"serviceAccountEmail": "b@p", "scope": "https://s"}}
    updated = rest.call("PATCH", f"{name}?alt=json&updateMask=httpTarget", {"httpTarget": target})
    assert updated == {**expected, "httpTarget": target}

    cleared = rest.call("PATCH", f"{name}?alt=json&updateMask=appEngineRoutingOverride,httpTarget", {})
    assert cleared == {"name": name, "state": "RUNNING", **FRESH}
    assert rest.call("DELETE", f"{name}?alt=json") == {}


def test_leaves_in_a_mask(rest, queue):
    """As gcloud names them: one path for each flag."""
    paths = "httpTarget.oidcToken.audience,httpTarget.oidcToken.serviceAccountEmail,httpTarget.httpMethod"
    token = {"serviceAccountEmail": "a@p", "audience": "x"}
    body = {"httpTarget": {"oidcToken": token, "httpMethod": "GET"}}
    assert rest.call("PATCH", f"{queue}?updateMask={paths}", body)["httpTarget"] == body["httpTarget"]
    headers = {"headerOverrides": [{"header": {"key": "A", "value": "1"}}]}
    answer = rest.call("PATCH", f"{queue}?updateMask=httpTarget.headerOverrides", {"httpTarget": headers})
    assert answer["httpTarget"] == body["httpTarget"] | headers
    answer = rest.call("PATCH", f"{queue}?updateMask={paths}", {"httpTarget": {}})
    assert answer["httpTarget"] == headers


def test_a_task_with_its_own_retry_configuration(rest, queue, recorder):
    recorder.script("mine", 500)
    retry = {"maxAttempts": 3, "minBackoff": "0.010s", "maxBackoff": "0.010s"}
    task = rest.create_task(queue, recorder.url, "mine", retryConfig=retry, scheduleTime="2020-01-01T00:00:00Z")
    recorder.wait_for(queue.rpartition("/")[2], 3)
    eventually(lambda: rest.get_task(task) is None)
    assert len(recorder.received()) == 3
    answer = rest.call("POST", f"{queue}/tasks", {"task": {"httpRequest": {"url": "http://h"}, "retryConfig": retry}})
    assert answer["retryConfig"] == retry | {"maxDoublings": 16}
