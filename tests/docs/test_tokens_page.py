"""The snippets of docs/tokens.md, given tokens that a real task has brought to a real target."""

import json
import urllib.request

import google.auth.exceptions
import jwt
import pytest

from tests.docs.markdown import blocks, table_rows, text_of
from tests.support.recorder import Recorder
from tests.support.up import Up

PAGE = text_of("docs/tokens.md")
AUDIENCE = "https://orders.example"
WORKER = "worker@local.iam.gserviceaccount.com"
REFUSALS = (ValueError, PermissionError, jwt.InvalidTokenError, google.auth.exceptions.GoogleAuthError)


@pytest.fixture(scope="module")
def up():
    with Up() as up:
        yield up


@pytest.fixture(scope="module", params=[0, 1], ids=["google-auth", "PyJWT"])
def check(up, request):
    """The function that a snippet defines, for the node of this test."""
    snippets = blocks(PAGE, "python")
    assert len(snippets) == 2
    namespace = {}
    exec(snippets[request.param].replace("http://127.0.0.1:8124", up.http), namespace)
    yield namespace["check"]
    if "transport" in namespace:
        namespace["transport"].session.close()


def authorization_of(up: Up, **token: str) -> str:
    """The Authorization header of a task with this oidcToken."""
    with Recorder() as recorder:
        body = {"task": {"httpRequest": {"url": f"{recorder.url}/?a=b", "oidcToken": token}}}
        url = f"{up.http}/v2/projects/local/locations/us-central1/queues/default/tasks"
        with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=10) as answer:
            assert answer.status == 200
        recorder.wait_until(recorder.received)
        return recorder.received()[0].header("Authorization")


def test_a_task_of_the_account_is_let_in(up, check):
    check(authorization_of(up, serviceAccountEmail=WORKER, audience=AUDIENCE))


@pytest.mark.parametrize(
    "token",
    [
        {"serviceAccountEmail": WORKER, "audience": "https://other.example"},
        {"serviceAccountEmail": WORKER},
        {"serviceAccountEmail": "other@local.iam.gserviceaccount.com", "audience": AUDIENCE},
    ],
    ids=["another audience", "no audience", "another account"],
)
def test_other_tasks_are_refused(up, check, token):
    authorization = authorization_of(up, **token)
    with pytest.raises(REFUSALS):
        check(authorization)


def test_a_changed_token_is_refused(up, check):
    head, claims, signature = authorization_of(up, serviceAccountEmail=WORKER, audience=AUDIENCE).split(".")
    with pytest.raises(REFUSALS):
        check(".".join((head, claims, signature[::-1])))


def test_the_claims_are_those_of_the_page(up):
    token = authorization_of(up, serviceAccountEmail=WORKER).removeprefix("Bearer ")
    shown = {claim for names, _ in table_rows(PAGE, "claim", "value") for claim in names.split(", ")}
    assert set(jwt.decode(token, options={"verify_signature": False})) == shown


def test_the_public_paths_are_there(up):
    for path, *_ in table_rows(PAGE, "path", "what", "who reads it"):
        with urllib.request.urlopen(up.http + path, timeout=10) as answer:
            assert json.load(answer)
