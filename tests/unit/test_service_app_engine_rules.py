"""What an App Engine task becomes from a draft (2.9, 2.12, 4.4, 5.6), and which service a routing leads to."""

import pytest

from broker.errors import Code, HeadraceError
from broker.model.app_engine import AppEngineTargets
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.task import AppEngineHttpRequest, AppEngineRouting, HttpMethod
from broker.service.drafts import AppEngineRequestDraft, TaskDraft
from broker.service.task_rules import new_task

NAME = QueueName("p", "l", "q").task("t")
OURS = "AppEngine-Google; (+http://code.google.com/appengine)"
SECOND = 1_000_000


def make(deadline_us=None, **fields):
    draft = TaskDraft(app_engine_request=AppEngineRequestDraft(**fields), dispatch_deadline_us=deadline_us)
    return new_task(NAME, draft, Limits())


def refusal(**fields):
    with pytest.raises(HeadraceError) as refused:
        make(**fields)
    assert refused.value.code is Code.INVALID_ARGUMENT
    return refused.value.message


def test_a_bare_task_gets_the_defaults():
    task = make()
    assert task.request == AppEngineHttpRequest("/", HttpMethod.POST, (("User-Agent", OURS),))
    assert task.dispatch_deadline_us is None


@pytest.mark.parametrize(
    ("headers", "body", "stored"),
    [
        ((("user-agent", "mine"),), b"", (("User-Agent", f"mine {OURS}"),)),
        (
            (("X-A", "1"),),
            b"four",
            (
                ("X-A", "1"),
                ("Content-Type", "application/octet-stream"),
                ("Content-Length", "4"),
                ("User-Agent", OURS),
            ),
        ),
        (
            (("content-type", "text/plain"), ("CONTENT-LENGTH", "7")),
            b"four",
            (("content-type", "text/plain"), ("Content-Length", "4"), ("User-Agent", OURS)),
        ),
        ((("Content-Length", "7"),), b"", (("User-Agent", OURS),)),
    ],
)
def test_headers_as_they_are_stored(headers, body, stored):
    assert make(headers=headers, body=body).request.headers == stored


def test_headers_count_only_as_part_of_the_task():
    assert make(headers=(("A", "x" * 100_000),))


@pytest.mark.parametrize(
    ("given", "stored"),
    [("", "/"), ("/a?b=c", "/a?b=c"), ("//x", "//x"), ("/ü%zz", "/%C3%BC%zz"), ("/" + "a" * 2082, "/" + "a" * 2082)],
)
def test_relative_uris(given, stored):
    assert make(relative_uri=given).request.relative_uri == stored


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"relative_uri": "a"}, "AppEngineHttpRequest.relativeUri must begin with / and hold no spaces, unlike 'a'."),
        ({"relative_uri": "/a b"}, "must begin with / and hold no spaces"),
        ({"relative_uri": "/a\r\nX: y"}, "must begin with / and hold no spaces"),
        ({"relative_uri": "/" + "a" * 2083}, "AppEngineHttpRequest.relativeUri must have at most 2083 characters"),
        ({"headers": (("A b", ""),)}, "AppEngineHttpRequest.headers has the name 'A b', which is not valid"),
        ({"method": HttpMethod.PATCH, "body": b"x"}, "HTTP method PATCH does not allow a body."),
        ({"method": HttpMethod.GET, "body": b"x"}, "HTTP method GET does not allow a body."),
        ({"body": bytes(1_100_000)}, "Task size too large"),
        ({"routing": AppEngineRouting("evil.example/")}, "AppEngineRouting.service is 'evil.example/'"),
        ({"deadline_us": 15 * SECOND - 1000}, "Task.dispatchDeadline must be between [15s, 24h15s]."),
        ({"deadline_us": 86_415 * SECOND + 1000}, "Task.dispatchDeadline must be between [15s, 24h15s]."),
    ],
)
def test_what_cannot_work_is_refused(fields, text):
    assert text in refusal(**fields)


@pytest.mark.parametrize(
    ("given_us", "stored_us"),
    [(None, None), (0, None), (15 * SECOND + 999, 15 * SECOND), (86_415 * SECOND, 86_415 * SECOND)],
)
def test_the_dispatch_deadline_can_be_left_to_the_service(given_us, stored_us):
    assert make(given_us).dispatch_deadline_us == stored_us


SERVICES = {"mail": "http://m", "v2.mail": "http://m2", "default": "http://d"}


@pytest.mark.parametrize(
    ("targets", "routing", "url"),
    [
        (AppEngineTargets(), AppEngineRouting(), ""),
        (AppEngineTargets("http://all"), AppEngineRouting("mail", "v1", "i"), "http://all"),
        (AppEngineTargets("http://{service}"), AppEngineRouting("mail"), "http://mail"),
        (AppEngineTargets("http://{service}.apps:8080/x"), AppEngineRouting(), "http://default.apps:8080/x"),
        (AppEngineTargets("", SERVICES), AppEngineRouting("mail", "v1"), "http://m"),
        (AppEngineTargets("", SERVICES), AppEngineRouting("mail", "v2"), "http://m2"),
        (AppEngineTargets("", SERVICES), AppEngineRouting(version="v2"), "http://d"),
        (AppEngineTargets("", SERVICES), AppEngineRouting("other"), "http://d"),
        (AppEngineTargets("", {"mail": "http://m"}), AppEngineRouting("other"), ""),
        (AppEngineTargets("http://all", SERVICES), AppEngineRouting("other"), "http://all"),
    ],
)
def test_the_url_of_a_service(targets, routing, url):
    assert targets.base_url(routing) == url
