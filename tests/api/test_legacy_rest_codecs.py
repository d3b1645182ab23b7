"""The pure parts of the legacy REST API: payloads, parameters, errors (App Engine specification, 5.1 to 5.4)."""

import pytest

from broker.api.legacy_rest.faults import envelope, http_status, required
from broker.api.legacy_rest.parameters import Parameters, read_form
from broker.api.legacy_rest.payloads import decode_payload, encode_payload
from broker.errors import Code, HeadraceError


@pytest.mark.parametrize(
    ("text", "payload", "answered"),
    [
        ("", b"", ""),
        ("aGk=", b"hi", "aGk="),
        ("aGk", b"hi", "aGk="),
        ("_-8=", b"\xff\xef", "_-8="),
        ("asdf123", b"j\xc7_\xd7m", "asdf120="),
        ("aGk==", b"hi", "aGk="),
    ],
)
def test_payloads(text, payload, answered):
    assert decode_payload(text) == payload
    assert encode_payload(payload) == answered


@pytest.mark.parametrize("text", ["-_8=", "+/8=", "+_8", "-/8="])
def test_payloads_in_standard_base64_where_that_is_allowed(text):
    assert decode_payload(text, allow_standard=True) == b"\xfb\xff"


@pytest.mark.parametrize("text", ["a+b=", "a/b=", "a b=", "a", "ab=c", "aGk===", "aGk=\n", "é"])
def test_payloads_that_are_refused(text):
    with pytest.raises(HeadraceError, match="payloadBase64") as refused:
        decode_payload(text)
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_parameters():
    parameters = Parameters({"leaseSecs": "30", "groupByTag": "false"}, {"leaseSecs": "1", "tag": "x", "flag": "TRUE"})
    assert parameters.integer("leaseSecs") == 30
    assert (parameters.boolean("groupByTag"), parameters.boolean("flag"), parameters.boolean("none")) == (0, 1, 0)
    assert (parameters.text("tag"), parameters.text("none")) == ("x", None)


@pytest.mark.parametrize("word", ["x", "1.5", "1e3", "2147483648", "99999999999", "１", " 1", "1_0"])
def test_numbers_that_are_refused(word):
    with pytest.raises(HeadraceError, match="numTasks"):
        Parameters({"numTasks": word}).integer("numTasks")


@pytest.mark.parametrize("word", ["1", "yes", "trueish"])
def test_booleans_that_are_refused(word):
    with pytest.raises(HeadraceError, match="groupByTag"):
        Parameters({"groupByTag": word}).boolean("groupByTag")


def test_forms():
    form = "application/x-www-form-urlencoded"
    assert read_form(form, b"leaseSecs=1&tag=a%20b&empty=") == {"leaseSecs": "1", "tag": "a b", "empty": ""}
    assert read_form("application/json", b"{}") == {}
    for body in (b"\xff=1", b"&".join(b"a=1" for _ in range(200))):
        with pytest.raises(HeadraceError):
            read_form(form, body)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (required("leaseSecs"), 400, "required"),
        (HeadraceError(Code.INVALID_ARGUMENT, "no"), 400, "invalid"),
        (HeadraceError(Code.FAILED_PRECONDITION, "no"), 400, "invalid"),
        (HeadraceError(Code.ALREADY_EXISTS, "no"), 400, "invalid"),
        (HeadraceError(Code.UNAUTHENTICATED, "no"), 401, "required"),
        (HeadraceError(Code.PERMISSION_DENIED, "no"), 403, "forbidden"),
        (HeadraceError(Code.NOT_FOUND, "no"), 404, "notFound"),
        (HeadraceError(Code.INTERNAL, "no"), 500, "backendError"),
        (HeadraceError(Code.UNAVAILABLE, "no"), 503, "backendError"),
        (HeadraceError(Code.RESOURCE_EXHAUSTED, "no"), 503, "backendError"),
    ],
)
def test_errors(error, status, reason):
    fault = {"domain": "global", "reason": reason, "message": error.message}
    assert http_status(error) == status
    assert envelope(error) == {"error": {"errors": [fault], "code": status, "message": error.message}}
