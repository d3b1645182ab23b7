"""App Engine tasks at real targets: which one, with which Host and headers, what its answers mean (2.9, 5.5, 5.7)."""

import itertools
import json

import pytest

from tests.support.client import CallError
from tests.support.recorder import Recorder
from tests.support.rest import Rest
from tests.support.up import Up
from tests.support.waiting import eventually

OURS = "AppEngine-Google; (+http://code.google.com/appengine)"
QUICK = {"minBackoff": "0.010s", "maxBackoff": "0.010s"}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def services():
    """Targets by name: `rest` gets what no other is named for."""
    with Recorder() as rest, Recorder() as mail, Recorder() as mail_v2:
        yield {"rest": rest, "mail": mail, "v2.mail": mail_v2}


@pytest.fixture(scope="module")
def node(services, tmp_path_factory):
    """A node that knows the services from a file, the environment's form, and one target for the others."""
    path = tmp_path_factory.mktemp("services") / "services.json"
    path.write_text(json.dumps({"v2.mail": services["v2.mail"].url}))
    both = f"mail={services['mail'].url}/base/,{path}"
    with Up("--app-engine-target", f"{services['rest'].url}/", HEADRACE_APP_ENGINE_SERVICES=both) as node:
        yield node


@pytest.fixture
def rest(node):
    return Rest(node.http)


@pytest.fixture
def queue(rest):
    return rest.create_queue(f"app-{next(_numbers)}", retryConfig=QUICK)


def create(rest, queue, task_id="t", **request):
    task = {"name": f"{queue}/tasks/{task_id}", "appEngineHttpRequest": request}
    return rest.call("POST", f"{queue}/tasks", {"task": task})["appEngineHttpRequest"]


def received(services, queue, count=1):
    """(target, request) of what has arrived for a queue, once there is so much."""
    short = queue.rpartition("/")[2]

    def look():
        found = [
            (name, request)
            for name, target in services.items()
            for request in target.received()
            if request.header("X-AppEngine-QueueName") == short
        ]
        return found if len(found) >= count else None

    return eventually(look)


def test_a_task_arrives_as_it_was_created(rest, queue, services):
    headers = {"X-Own": "1", "User-Agent": "mine", "Host": "forged", "X-AppEngine-QueueName": "forged"}
    shown = create(rest, queue, httpMethod="PUT", relativeUri="/work?x=1", headers=headers, body="AAE=")
    assert shown["appEngineRouting"] == {"host": "p.appspot.com"}
    ((name, got),) = received(services, queue)
    assert (name, got.method, got.path, got.body) == ("rest", "PUT", "/work?x=1", b"\0\1")
    eta = got.header("X-AppEngine-TaskETA")
    assert sorted(got.headers) == sorted(
        [
            ("Host", "p.appspot.com"),
            ("User-Agent", f"mine {OURS}"),
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", "2"),
            ("X-Own", "1"),
            ("X-AppEngine-Country", "ZZ"),
            ("X-AppEngine-User-IP", "0.1.0.2"),
            ("X-AppEngine-API-Ticket", "projects/p/locations/l"),
            ("X-AppEngine-Default-Version-Hostname", "p.appspot.com"),
            ("X-AppEngine-QueueName", queue.rpartition("/")[2]),
            ("X-AppEngine-TaskName", "t"),
            ("X-AppEngine-TaskRetryCount", "0"),
            ("X-AppEngine-TaskExecutionCount", "0"),
            ("X-AppEngine-TaskETA", eta),
        ]
    )


@pytest.mark.parametrize(
    ("routing", "target", "host", "path"),
    [
        ({}, "rest", "p.appspot.com", "/x"),
        ({"service": "other", "version": "v", "instance": "i"}, "rest", "i.v.other.p.appspot.com", "/x"),
        ({"service": "mail"}, "mail", "mail.p.appspot.com", "/base/x"),
        ({"service": "mail", "version": "v1"}, "mail", "v1.mail.p.appspot.com", "/base/x"),
        ({"service": "mail", "version": "v2"}, "v2.mail", "v2.mail.p.appspot.com", "/x"),
    ],
)
@pytest.mark.parametrize("of", ["task", "queue"])
def test_the_routing_leads_to_a_service(rest, queue, services, of, routing, target, host, path):
    if of == "queue":
        rest.call("PATCH", f"{queue}?updateMask=appEngineRoutingOverride", {"appEngineRoutingOverride": routing})
    shown = create(rest, queue, relativeUri="/x", appEngineRouting=routing if of == "task" else {})
    assert shown["appEngineRouting"] == ({**routing, "host": host} if of == "task" else {"host": "p.appspot.com"})
    ((name, got),) = received(services, queue)
    assert (name, got.header("Host"), got.path) == (target, host, path)


def test_the_queues_routing_wins_over_tasks_that_it_holds(rest, queue, services):
    rest.call("POST", f"{queue}:pause")
    create(rest, queue, appEngineRouting={"service": "other", "instance": "i"})
    override = {"appEngineRoutingOverride": {"service": "mail"}}
    answer = rest.call("PATCH", f"{queue}?updateMask=appEngineRoutingOverride", override)
    assert answer["appEngineRoutingOverride"] == {"service": "mail", "host": "mail.p.appspot.com"}
    rest.call("POST", f"{queue}:resume")
    ((name, got),) = received(services, queue)
    assert (name, got.header("Host")) == ("mail", "mail.p.appspot.com")


def test_routing_of_the_other_kind_does_not_touch_it(rest, queue, services):
    target = {"httpMethod": "GET", "uriOverride": {"host": "elsewhere.invalid", "pathOverride": {"path": "/p"}}}
    rest.call("PATCH", f"{queue}?updateMask=httpTarget", {"httpTarget": target})
    create(rest, queue, relativeUri="/own")
    ((_, got),) = received(services, queue)
    assert (got.method, got.path, got.header("Host")) == ("POST", "/own", "p.appspot.com")


def test_every_answer_counts_and_no_redirect_is_followed(rest, queue, services):
    services["mail"].script("*", 503, 404, 302, 200)
    create(rest, queue, appEngineRouting={"service": "mail"})
    requests = [request for _, request in received(services, queue, 4)]
    names = ("TaskRetryCount", "TaskExecutionCount", "TaskPreviousResponse", "TaskRetryReason")
    assert [tuple(request.header(f"X-AppEngine-{name}") for name in names) for request in requests] == [
        ("0", "0", None, None),
        ("1", "1", "503", "App Error"),
        ("2", "2", "404", "App Error"),
        ("3", "3", "302", "App Error"),
    ]
    eventually(lambda: rest.get_task(f"{queue}/tasks/t") is None)


def test_without_a_target_the_attempt_fails_and_the_log_names_the_setting(up, client, make_queue):
    queue = make_queue(retryConfig={"minBackoff": "3600s", "maxBackoff": "3600s"})
    task = {"name": f"{queue}/tasks/t", "appEngineHttpRequest": {"appEngineRouting": {"service": "mail"}}}
    client.create_task(parent=queue, task=task)

    def failed():
        attempt = client.get_task(name=f"{queue}/tasks/t").get("lastAttempt") or {}
        return attempt if attempt.get("responseTime") else None

    assert eventually(failed)["responseStatus"]["message"] == "UNKNOWN(2): HTTP status code 0"
    (line,) = [line for line in up.stderr.splitlines() if queue in line and "App Engine" in line]
    assert " warning " in line
    assert "no App Engine target for service mail: set app_engine_target (--app-engine-target URL)" in line


def test_the_egress_policy_is_not_about_targets_of_the_operator(recorder):
    with Up("--egress", "public", "--app-engine-target", recorder.url) as up:
        rest = Rest(up.http)
        queue = rest.create_queue("q", retryConfig={"minBackoff": "3600s", "maxBackoff": "3600s"})
        refused = rest.create_task(queue, f"{recorder.url}/http")
        create(rest, queue, relativeUri="/app-engine")
        received({"": recorder}, queue)
        eventually(lambda: "responseTime" in rest.get_task(refused).get("lastAttempt", {}))
        assert [request.path for request in recorder.received()] == ["/app-engine"]


def test_the_official_client(client, make_queue):
    """What comes back of an App Engine task, whichever way the client speaks."""
    queue = make_queue(appEngineRoutingOverride={"service": "s"})
    client.pause_queue(name=queue)
    shown = client.get_queue(name=queue)["appEngineRoutingOverride"]
    assert (shown["service"], shown["host"]) == ("s", "s.p.appspot.com")
    request = {"relativeUri": "/u", "httpMethod": "PUT", "body": "eA=="}
    created = client.create_task(parent=queue, task={"appEngineHttpRequest": request, "dispatchDeadline": "86415s"})
    assert created["appEngineHttpRequest"]["headers"] == {
        "Content-Type": "application/octet-stream",
        "Content-Length": "1",
        "User-Agent": OURS,
    }
    assert created["dispatchDeadline"] == "86415s"
    for refused in ({"relativeUri": "u"}, {"httpMethod": "PATCH", "body": "eA=="}):
        with pytest.raises(CallError, match=r"BadRequest|InvalidArgument"):
            client.create_task(parent=queue, task={"appEngineHttpRequest": refused})
