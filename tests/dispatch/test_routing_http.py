"""Queue-level routing of HTTP tasks at real targets: every part, in every state of the queue (2.10, 5.4)."""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing

import jwt
import pytest

from tests.support.nodes import begin_api, begin_dispatcher, metric, together
from tests.support.recorder import Answer, Recorder
from tests.support.rest import Rest, RestError
from tests.support.servers import Server, available_binaries
from tests.support.waiting import eventually

EMAIL = "worker@p.iam.gserviceaccount.com"

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def dispatchers(authority):
    """An API node, which comes first, and two dispatchers."""
    with closing(Server(next(iter(available_binaries().values())))) as server, ExitStack() as stack:
        ca = ("--target-ca", authority.path)
        nodes = [begin_api(server.url), begin_dispatcher(server.url, *ca), begin_dispatcher(server.url, *ca)]
        for node in nodes:
            stack.enter_context(closing(node))
        yield together(*nodes)


@pytest.fixture(params=["one dispatcher", "two dispatchers"])
def rest(request):
    """The API in front of one dispatcher or two."""
    node = request.getfixturevalue("up" if request.param == "one dispatcher" else "dispatchers")
    return Rest((node if request.param == "one dispatcher" else node[0]).http)


@pytest.fixture(scope="module")
def targets(authority) -> Iterator[dict[str, Recorder]]:
    """Targets by name: `own` is that of the tasks, `new` that of the queue, `tls` one that speaks TLS."""
    with Recorder() as own, Recorder() as new, Recorder(authority.server_context("localhost")) as tls:
        tls.script("*", Answer(200, {"Connection": "close"}))  # a TLS connection left open would outlive its loop
        yield {"own": own, "new": new, "tls": tls}


@pytest.fixture
def queue(rest):
    return rest.create_queue(f"routed-{next(_numbers)}")


def short_id(queue):
    return queue.rpartition("/")[2]


def with_ports(value, targets):
    """A text or a JSON object with OWN, NEW and TLS replaced by the ports of the targets."""
    text = value if isinstance(value, str) else json.dumps(value)
    for name, target in targets.items():
        text = text.replace(name.upper(), str(target.port))
    return text if isinstance(value, str) else json.loads(text)


def arrived(targets, queue, count=1):
    """(target, Host, path) of what has arrived for a queue, once there is so much."""

    def look():
        found = [
            (name, request.header("Host"), request.path)
            for name, target in targets.items()
            for request in target.received(short_id(queue))
        ]
        return found if len(found) >= count else None

    return eventually(look)


def set_routing(rest, queue, target, mask="httpTarget"):
    return rest.call("PATCH", f"{queue}?updateMask={mask}", {"httpTarget": target})


URL = "http://127.0.0.1:OWN/a?x=1"
UNCHANGED = ("own", "127.0.0.1:OWN", "/a?x=1")
ALL = {
    "scheme": "HTTP",
    "host": "localhost",
    "port": "NEW",
    "pathOverride": {"path": "/p"},
    "queryOverride": {"queryParams": "q=2"},
}

# override, URL of the task, what arrives if the mode is ALWAYS, what if it is IF_NOT_EXISTS
PARTS = {
    "host": ({"host": "localhost"}, URL, ("own", "localhost:OWN", "/a?x=1"), UNCHANGED),
    "port": ({"port": "NEW"}, URL, ("new", "127.0.0.1:NEW", "/a?x=1"), UNCHANGED),
    "no port": ({"port": "NEW"}, "http://127.0.0.1/a", *[("new", "127.0.0.1:NEW", "/a")] * 2),
    "scheme": (
        {"scheme": "HTTPS", "host": "localhost", "port": "TLS"},
        URL,
        ("tls", "localhost:TLS", "/a?x=1"),
        UNCHANGED,
    ),
    "path": ({"pathOverride": {"path": "p/q"}}, URL, ("own", "127.0.0.1:OWN", "/p/q?x=1"), UNCHANGED),
    "no path": ({"pathOverride": {"path": "/p"}}, "http://127.0.0.1:OWN", *[("own", "127.0.0.1:OWN", "/p")] * 2),
    "slash": ({"pathOverride": {"path": "/p"}}, "http://127.0.0.1:OWN/?x", *[("own", "127.0.0.1:OWN", "/p?x")] * 2),
    "query": ({"queryOverride": {"queryParams": "q=2"}}, URL, ("own", "127.0.0.1:OWN", "/a?q=2"), UNCHANGED),
    "no query": (
        {"queryOverride": {"queryParams": "q=2"}},
        "http://127.0.0.1:OWN/a",
        *[("own", "127.0.0.1:OWN", "/a?q=2")] * 2,
    ),
    "empty messages": (
        {"host": "localhost", "pathOverride": {}, "queryOverride": {}},
        URL,
        ("own", "localhost:OWN", "/a?x=1"),
        UNCHANGED,
    ),
    "everything": (ALL, URL, ("new", "localhost:NEW", "/p?q=2"), UNCHANGED),
    "no url": (ALL, "", *[("new", "localhost:NEW", "/p?q=2")] * 2),
}


@pytest.mark.parametrize("mode", ["ALWAYS", "IF_NOT_EXISTS"])
@pytest.mark.parametrize("part", PARTS)
def test_a_running_queue_routes_the_tasks_that_come(rest, queue, targets, part, mode):
    override, url, *expected = PARTS[part]
    set_routing(rest, queue, {"uriOverride": with_ports({**override, "uriOverrideEnforceMode": mode}, targets)})
    rest.create_task(queue, with_ports(url, targets))
    (got,) = arrived(targets, queue)
    assert got == tuple(with_ports(text, targets) for text in expected[mode == "IF_NOT_EXISTS"])


@pytest.mark.parametrize("mode", ["ALWAYS", "IF_NOT_EXISTS"])
@pytest.mark.parametrize("part", [part for part in PARTS if part != "no url"])
def test_a_queue_routes_the_tasks_that_it_holds(rest, queue, targets, part, mode):
    override, url, *expected = PARTS[part]
    rest.call("POST", f"{queue}:pause")
    rest.create_tasks(queue, with_ports(url, targets), 3)
    set_routing(rest, queue, {"uriOverride": with_ports({**override, "uriOverrideEnforceMode": mode}, targets)})
    rest.call("POST", f"{queue}:resume")
    assert set(arrived(targets, queue, 3)) == {
        tuple(with_ports(text, targets) for text in expected[mode == "IF_NOT_EXISTS"])
    }


def test_a_change_holds_at_once_while_tasks_flow(rest, queue, targets):
    """Nothing that is created after a change goes the way of before."""
    for turn, (name, port) in enumerate([("new", "NEW"), ("own", "OWN")] * 3):
        set_routing(rest, queue, {"uriOverride": with_ports({"port": port}, targets)}, "httpTarget.uriOverride")
        ids = rest.create_tasks(queue, with_ports("http://127.0.0.1:OWN/", targets), 20)
        arrived(targets, queue, 20 * (turn + 1))
        assert ids <= {request.task for request in targets[name].received(short_id(queue))}


def test_both_dispatchers_have_taken_part(dispatchers):
    assert all(metric(node, "headrace_dispatches_total") > 0 for node in dispatchers[1:])


def created(rest, queue, targets, **request):
    """What arrives of a task with this request."""
    request = {"url": with_ports(URL, targets), **request}
    rest.call("POST", f"{queue}/tasks", {"task": {"httpRequest": request}})
    (got,) = targets["own"].wait_for(short_id(queue), 1)
    return got


@pytest.mark.parametrize(
    ("method", "body"), [("GET", b""), ("DELETE", b""), ("HEAD", b""), ("OPTIONS", b""), ("PUT", b"x"), ("PATCH", b"x")]
)
def test_the_queues_method_wins_and_may_drop_the_body(rest, queue, targets, method, body):
    set_routing(rest, queue, {"httpMethod": method})
    got = created(rest, queue, targets, body="eA==")
    assert (got.method, got.body) == (method, body)


def test_header_overrides_replace_and_add(rest, queue, targets):
    pairs = [("x-b", "new"), ("X-C", "added"), ("Host", "elsewhere"), ("X-CloudTasks-QueueName", "forged")]
    overrides = [{"header": {"key": key, "value": value}} for key, value in pairs]
    answer = set_routing(rest, queue, {"headerOverrides": overrides})
    assert answer["httpTarget"]["headerOverrides"] == overrides
    got = created(rest, queue, targets, headers={"X-A": "own", "X-B": "own"})
    ours = ("Host", "Content-Length", "User-Agent", "X-CloudTasks-")
    assert [header for header in got.headers if not header[0].startswith(ours)] == [
        ("X-A", "own"),
        ("x-b", "new"),
        ("X-C", "added"),
    ]
    assert got.header("Host") == with_ports("127.0.0.1:OWN", targets)


@pytest.mark.parametrize(
    ("token", "claim", "value"),
    [
        ({"oidcToken": {"serviceAccountEmail": EMAIL, "audience": "queue"}}, "aud", "queue"),
        ({"oauthToken": {"serviceAccountEmail": EMAIL, "scope": "a b"}}, "scope", "a b"),
    ],
)
def test_the_queues_token_wins(rest, queue, targets, token, claim, value):
    set_routing(rest, queue, token)
    own = {"serviceAccountEmail": "own@x.y", "audience": "own"}
    got = created(rest, queue, targets, headers={"authorization": "Basic own"}, oidcToken=own)
    (shown,) = [text for name, text in got.headers if name.lower() == "authorization"]
    claims = jwt.decode(shown.removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["email"], claims[claim]) == (EMAIL, value)


def test_without_an_audience_it_is_the_url_that_is_called(rest, queue, targets):
    set_routing(rest, queue, {"uriOverride": {"host": "localhost"}})
    got = created(rest, queue, targets, oidcToken={"serviceAccountEmail": EMAIL})
    claims = jwt.decode(got.header("Authorization").removeprefix("Bearer "), options={"verify_signature": False})
    assert claims["aud"] == with_ports("http://localhost:OWN/a?x=1", targets)


def test_a_task_may_carry_an_access_token(rest, queue, targets):
    got = created(rest, queue, targets, oauthToken={"serviceAccountEmail": EMAIL})
    claims = jwt.decode(got.header("Authorization").removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["email"], claims["scope"]) == (EMAIL, "https://www.googleapis.com/auth/cloud-platform")


def test_a_task_whose_host_was_taken_away_waits_for_another(rest, targets):
    queue = rest.create_queue(f"routed-{next(_numbers)}", retryConfig={"minBackoff": "0.01s", "maxBackoff": "0.02s"})
    rest.call("POST", f"{queue}:pause")
    set_routing(rest, queue, {"uriOverride": with_ports(ALL, targets)})
    task = rest.create_task(queue, "")
    set_routing(rest, queue, {})
    rest.call("POST", f"{queue}:resume")
    failed = eventually(
        lambda: (found := rest.get_task(task)) and "responseTime" in found.get("lastAttempt", {}) and found
    )
    assert failed["lastAttempt"]["responseStatus"]["message"] == "UNKNOWN(2): HTTP status code 0"
    assert "responseCount" not in failed
    set_routing(rest, queue, {"uriOverride": with_ports(ALL, targets)})
    assert arrived(targets, queue) == [("new", with_ports("localhost:NEW", targets), "/p?q=2")]


def test_routing_and_a_cloud_kms_key_exclude_each_other(rest, queue):
    config = f"{queue.partition('/queues/')[0]}/cmekConfig"
    key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    assert rest.call("GET", config) == {"name": config}
    assert rest.call("PATCH", config, {"kmsKey": key}) == {"name": config, "kmsKey": key}
    try:
        with pytest.raises(RestError, match=r"FAILED_PRECONDITION: .*cmekConfig"):
            set_routing(rest, queue, {"uriOverride": {"host": "localhost"}})
    finally:
        assert rest.call("PATCH", config, {}) == {"name": config}
