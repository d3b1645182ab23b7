"""Tokens that targets verify with the usual libraries, and targets whose certificates are verified."""

import jwt
import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from tests.support.certificates import CertificateAuthority
from tests.support.recorder import Recorder
from tests.support.waiting import eventually

EMAIL = "invoker@project.iam.gserviceaccount.com"


def short_id(name):
    return name.rpartition("/")[2]


def send_with_token(client, queue, recorder, token, path="/private?x=1"):
    request = {"url": f"{recorder.url}{path}", "oidcToken": token, "headers": {"authorization": "Basic mine"}}
    client.create_task(parent=queue, task={"httpRequest": request})
    (got,) = recorder.wait_for(short_id(queue), 1)
    assert got.header("authorization") is None
    return got.header("Authorization").removeprefix("Bearer ")


def test_a_target_verifies_the_token_with_google_auth(client, make_queue, recorder, up):
    token = send_with_token(
        client, make_queue(), recorder, {"serviceAccountEmail": EMAIL, "audience": "https://service.test"}
    )
    with requests.Session() as session:
        claims = id_token.verify_token(
            token, Request(session), audience="https://service.test", certs_url=f"{up.http}/certs"
        )
    assert (claims["iss"], claims["email"], claims["email_verified"]) == (up.http, EMAIL, True)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["sub"] == claims["azp"]
    assert len(claims["sub"]) == 21


def test_a_target_verifies_the_token_with_pyjwt(client, make_queue, recorder, up):
    token = send_with_token(client, make_queue(), recorder, {"serviceAccountEmail": EMAIL})
    issuer = requests.get(f"{up.http}/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(issuer["jwks_uri"]).get_signing_key_from_jwt(token)
    audience = f"{recorder.url}/private?x=1"  # unset: the task's whole URL
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuer["issuer"])
    assert claims["email"] == EMAIL


def test_every_task_with_a_token_of_its_own_arrives_once(client, make_queue, recorder):
    """Without an audience each URL needs a token, and signing them all takes longer than a request may wait."""
    queue = make_queue()
    for number in range(200):
        request = {"url": f"{recorder.url}/{number}", "oidcToken": {"serviceAccountEmail": EMAIL}}
        client.create_task(parent=queue, task={"httpRequest": request})
    eventually(lambda: not client.list_tasks(parent=queue))
    got = recorder.received(short_id(queue))
    assert sorted(int(request.path[1:]) for request in got) == list(range(200))
    assert len({request.header("Authorization") for request in got}) == 200


def test_a_certificate_of_the_target_ca_is_accepted(client, make_queue, authority):
    queue = make_queue()
    with Recorder(authority.server_context("localhost")) as target:
        name = client.create_task(parent=queue, task={"httpRequest": {"url": target.url}})["name"]
        assert [got.task for got in target.wait_for(short_id(queue), 1)] == [short_id(name)]
        eventually(lambda: not client.list_tasks(parent=queue))


@pytest.mark.parametrize("host", ["localhost", "other.test"])
def test_another_certificate_is_a_failure_and_tried_again(client, make_queue, authority, tmp_path, host):
    """One by a stranger for the right name, and one by the authority for a wrong name."""
    issuer = CertificateAuthority(tmp_path) if host == "localhost" else authority
    queue = make_queue(retryConfig={"minBackoff": "0.010s", "maxBackoff": "100s"})
    with Recorder(issuer.server_context(host)) as target:
        client.create_task(parent=queue, task={"httpRequest": {"url": target.url}})

        def tried_again():
            (task,) = client.list_tasks(parent=queue)
            return task if task["dispatchCount"] >= 3 else None

        task = eventually(tried_again)
        assert task["responseCount"] == 0
        assert target.received() == []
