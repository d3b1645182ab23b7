import pytest

from broker.api.paths import Path, Template
from broker.api.routes import Routes
from broker.api.rpcs import RPCS

LOCATION = "projects/P/locations/L"
QUEUE = f"{LOCATION}/queues/Q"


@pytest.mark.parametrize(
    ("raw", "segments", "verb"),
    [
        ("/v2/a/b", ("v2", "a", "b"), ""),
        ("/v2/q:purge", ("v2", "q"), "purge"),
        ("/v2/q%3Apurge", ("v2", "q"), "purge"),
        ("/v2/q%3apurge", ("v2", "q"), "purge"),
        ("/v2/example.com:proj/q", ("v2", "example.com:proj", "q"), ""),
        ("/v2/a:b:run", ("v2", "a:b"), "run"),
        ("/v2/tasks/:buffer", ("v2", "tasks"), "buffer"),
        ("/v2/caf%C3%A9%20x", ("v2", "café x"), ""),
        ("/v2/a%2Fb/c", ("v2", "a%2Fb", "c"), ""),
        ("/v2/%zz/%", ("v2", "%zz", "%"), ""),
        ("/v2/%FF", ("v2", "\ufffd"), ""),
        ("/v2/q/", ("v2", "q", ""), ""),
        ("/", ("",), ""),
        ("", ("",), ""),
    ],
)
def test_a_path_is_taken_apart(raw: str, segments: tuple[str, ...], verb: str) -> None:
    assert Path.parse(raw) == Path(segments, verb)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/v2/{parent=L}/queues", f"/v2/{LOCATION}/queues", {"parent": LOCATION}),
        ("/v2/{queue.name=Q}", f"/v2/{QUEUE}", {"queue.name": QUEUE}),
        ("/v2/{name=Q}:purge", f"/v2/{QUEUE}:purge", {"name": QUEUE}),
        ("/v2/{name=Q}:purge", f"/v2/{QUEUE}:pause", None),
        ("/v2/{name=Q}:purge", f"/v2/{QUEUE}", None),
        ("/v2/{name=Q}", f"/v2beta3/{QUEUE}", None),
        ("/v2/{name=Q}", "/v2/projects/P/locations//queues/Q", None),
        ("/v2/{name=L/cmekConfig}", f"/v2/{LOCATION}/cmekConfig", {"name": f"{LOCATION}/cmekConfig"}),
        (
            "/v2/{queue=Q}/tasks/{task_id=*}:buffer",
            f"/v2/{QUEUE}/tasks/t:buffer",
            {"queue": QUEUE, "task_id": "t"},
        ),
    ],
)
def test_a_template_matches_whole_paths(template: str, path: str, values: dict[str, str] | None) -> None:
    assert Template.parse(template).match(Path.parse(path)) == values


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (f"/v2/{LOCATION}/queues", {"GET": "ListQueues", "POST": "CreateQueue"}),
        (f"/v2/{QUEUE}", {"GET": "GetQueue", "PATCH": "UpdateQueue", "DELETE": "DeleteQueue"}),
        (f"/v2/{QUEUE}/tasks", {"GET": "ListTasks", "POST": "CreateTask"}),
        (f"/v2/{QUEUE}/tasks/T%3Arun", {"POST": "RunTask"}),
        (f"/v2/{QUEUE}/tasks/:buffer", {"POST": "BufferTask", "GET": "BufferTask"}),
        (f"/v2/{QUEUE}/tasks/T:fly", {}),
        (f"/v2/{LOCATION}/cmekConfig", {"GET": "GetCmekConfig", "PATCH": "UpdateCmekConfig"}),
        (f"/v2/{LOCATION}/operations/O", {"GET": "GetOperation"}),
        ("/v2/projects/example.com:p/locations", {"GET": "ListLocations"}),
        ("/", {}),
    ],
)
def test_routes_lead_to_methods(path: str, methods: dict[str, str]) -> None:
    found = Routes(RPCS).find(path)
    assert {verb: rpc.method for verb, (rpc, _) in found.items()} == methods


def test_a_path_with_an_empty_segment_leads_nowhere() -> None:
    assert Routes(RPCS).find("/v2/projects//locations/L/queues") == {}


def test_prefixes_that_other_routes_have_too_are_left_out() -> None:
    assert set(Routes(RPCS).prefixes_beside(["/v1/{name}", "/api/{path}"])) == {"/v2/", "/v2beta2/", "/v2beta3/"}
