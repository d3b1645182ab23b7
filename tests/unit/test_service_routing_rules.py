"""What a queue's routing becomes from a draft and a mask (2.9, 2.10, 3.6)."""

import pytest

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue
from broker.model.routing import HttpTarget, Scheme, UriOverride
from broker.model.task import AppEngineRouting, HttpMethod, OauthToken, OidcToken
from broker.service.drafts import HttpTargetDraft, QueueDraft
from broker.service.queue_rules import changed_queue

NAME = QueueName("p", "l", "q")
LIMITS = Limits()
TARGET = HttpTarget(
    UriOverride(Scheme.HTTP, "h.example", 1, "/p", "q=1", only_if_missing=True),
    HttpMethod.PUT,
    (("B", "2"), ("A", "1")),
    oidc_token=OidcToken("a@b.c", "audience"),
)
URI = TARGET.uri_override
ROUTING = AppEngineRouting("service", "version", "instance")
CUSTOM = Queue(NAME, http_target=TARGET, app_engine_routing=ROUTING)


def change(*mask, before=CUSTOM, routing=None, **target):
    draft = QueueDraft(http_target=HttpTargetDraft(**target), app_engine_routing=routing or AppEngineRouting())
    return changed_queue(before, draft, mask, LIMITS)


def target_of(*mask, before=CUSTOM, **target):
    return change(*mask, before=before, **target).http_target


def refusal(*mask, **fields):
    with pytest.raises(HeadraceError) as refused:
        change(*mask, before=Queue(NAME), **fields)
    assert refused.value.code is Code.INVALID_ARGUMENT
    return refused.value.message


def test_everything_given_is_kept():
    fields = {
        "scheme": Scheme.HTTP,
        "host": "h.example",
        "port": 1,
        "path": "/p",
        "query": "q=1",
        "only_if_missing": True,
        "method": HttpMethod.PUT,
        "header_overrides": (("B", "2"), ("A", "1")),
        "oidc_account": "a@b.c",
        "oidc_audience": "audience",
    }
    assert change(before=Queue(NAME), routing=ROUTING, **fields) == CUSTOM


@pytest.mark.parametrize("mask", [(), ("*",), ("http_target", "app_engine_routing_override")])
def test_an_empty_payload_removes_the_routing(mask):
    assert change(*mask) == Queue(NAME)


def test_what_the_mask_does_not_select_is_kept():
    assert change("retry_config", "rate_limits", host="other", routing=AppEngineRouting("other")) == CUSTOM


@pytest.mark.parametrize(
    ("mask", "fields", "uri"),
    [
        ("http_target.uri_override", {"host": "new"}, UriOverride(host="new")),
        ("http_target.uri_override", {}, None),
        ("http_target.uri_override.host", {"host": "new"}, UriOverride(URI.scheme, "new", 1, "/p", "q=1", True)),
        ("http_target.uri_override.host", {}, UriOverride(URI.scheme, None, 1, "/p", "q=1", True)),
        ("http_target.uri_override.port", {"port": 0}, UriOverride(URI.scheme, URI.host, 0, "/p", "q=1", True)),
        ("http_target.uri_override.scheme", {}, UriOverride(None, URI.host, 1, "/p", "q=1", True)),
        ("http_target.uri_override.path_override", {}, UriOverride(URI.scheme, URI.host, 1, None, "q=1", True)),
        (
            "http_target.uri_override.query_override.query_params",
            {"query": "z"},
            UriOverride(URI.scheme, URI.host, 1, "/p", "z", True),
        ),
        (
            "http_target.uri_override.uri_override_enforce_mode",
            {},
            UriOverride(URI.scheme, URI.host, 1, "/p", "q=1", False),
        ),
        ("http_target.http_method", {}, URI),
    ],
)
def test_a_mask_selects_down_to_the_leaves_of_the_uri(mask, fields, uri):
    changed = target_of(mask, **fields)
    assert changed.uri_override == uri
    assert (changed.header_overrides, changed.oidc_token) == (TARGET.header_overrides, TARGET.oidc_token)


def test_method_and_headers_are_leaves():
    assert target_of("http_target.http_method", method=HttpMethod.GET).method is HttpMethod.GET
    assert target_of("http_target.http_method").method is None
    assert target_of("http_target.header_overrides").header_overrides == ()
    headers = (("Z", "1"), ("z", "2"))
    assert target_of("http_target.header_overrides", header_overrides=headers).header_overrides == headers


@pytest.mark.parametrize(
    ("mask", "fields", "oauth", "oidc"),
    [
        (("http_target.oidc_token.audience",), {"oidc_audience": "new"}, None, OidcToken("a@b.c", "new")),
        (("http_target.oidc_token",), {}, None, None),
        (("http_target.oidc_token.service_account_email", "http_target.oidc_token.audience"), {}, None, None),
        (
            ("http_target.oauth_token.service_account_email", "http_target.oauth_token.scope"),
            {"oauth_account": "x@y.z", "oauth_scope": "scope"},
            OauthToken("x@y.z", "scope"),
            None,
        ),
        (("http_target.oauth_token",), {}, None, TARGET.oidc_token),
    ],
)
def test_a_new_token_takes_the_place_of_the_old_one(mask, fields, oauth, oidc):
    changed = target_of(*mask, **fields)
    assert (changed.oauth_token, changed.oidc_token) == (oauth, oidc)


@pytest.mark.parametrize(
    ("mask", "routing", "expected"),
    [
        ("app_engine_routing_override", AppEngineRouting("new"), AppEngineRouting("new")),
        ("app_engine_routing_override", None, None),
        ("app_engine_routing_override.version", None, AppEngineRouting("service", "", "instance")),
        ("app_engine_routing_override.service", AppEngineRouting("s"), AppEngineRouting("s", "version", "instance")),
        ("app_engine_routing_override.host", AppEngineRouting(host="h"), ROUTING),
    ],
)
def test_app_engine_routing(mask, routing, expected):
    changed = change(mask, routing=routing)
    assert (changed.app_engine_routing, changed.http_target) == (expected, TARGET)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"host": ""}, "HttpTarget.uriOverride.host cannot be empty. Leave it out to keep the host of each task."),
        ({"host": "a b"}, 'HttpTarget.uriOverride.host is "a b", which is not valid'),
        ({"host": "h:80"}, "and a port as uriOverride.port."),
        ({"host": "a/b"}, "is not valid"),
        ({"host": "me@h"}, "is not valid"),
        ({"host": "::1"}, "is not valid"),
        ({"host": "münchen"}, "is not valid"),
        ({"port": -1}, "HttpTarget.uriOverride.port must be between 1 and 65535, or 0 to remove the port."),
        ({"port": 65536}, "HttpTarget.uriOverride.port must be between 1 and 65535"),
        ({"path": "x" * 2084}, "HttpTarget.uriOverride.pathOverride.path must have at most 2083 characters."),
        ({"query": "x" * 2084}, "HttpTarget.uriOverride.queryOverride.queryParams must have at most 2083"),
        ({"header_overrides": (("A b", ""),)}, "HttpTarget.headerOverrides has the name 'A b', which is not valid"),
        ({"header_overrides": (("", ""),)}, "HttpTarget.headerOverrides has the name '', which is not valid"),
        ({"header_overrides": (("A", "1\r\nB: 2"),)}, "HttpTarget.headerOverrides: the value of A holds a line break"),
        ({"header_overrides": (("A", "x" * 81_920),)}, "HttpTarget.headerOverrides must have at most 81920 bytes"),
        ({"oidc_account": "", "oidc_audience": "x"}, "service_account_email must be set."),
        ({"oidc_account": "a@b.c", "oidc_audience": ""}, "HttpTarget.oidcToken.audience must be set."),
        ({"oidc_account": "a@b.c"}, "HttpTarget.oidcToken.audience must be set."),
        ({"oauth_account": "a@b.c", "oauth_scope": ""}, "HttpTarget.oauthToken.scope must be set."),
        ({"oauth_scope": "x"}, "service_account_email must be set."),
        ({"routing": AppEngineRouting("a.b")}, "AppEngineRouting.service is 'a.b': use letters"),
        ({"routing": AppEngineRouting(version="a/b")}, "AppEngineRouting.version is 'a/b'"),
        ({"routing": AppEngineRouting(instance="-a")}, "AppEngineRouting.instance is '-a'"),
    ],
)
def test_what_cannot_work_is_refused(fields, text):
    assert text in refusal(**fields)


def test_a_part_of_a_token_cannot_be_cleared_alone():
    with pytest.raises(HeadraceError, match=r"^HttpTarget\.oidcToken\.audience must be set\.$"):
        change("http_target.oidc_token.audience")


@pytest.mark.parametrize(
    "path", ["http_target.host", "http_target.header_overrides.header", "http_target.uri_override."]
)
def test_an_unknown_path_is_refused(path):
    assert path in refusal(path)
