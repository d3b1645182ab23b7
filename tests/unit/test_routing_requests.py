"""What a queue's routing makes of the URL, method, headers, body and token of a task (5.4)."""

import pytest

from broker.model.routing import HttpTarget, Scheme, UriOverride
from broker.model.task import HttpMethod, HttpRequest, OauthToken, OidcToken
from worker.routing import Unroutable, routed_request

PLAIN = "http://own.example/a/b?x=1"
PORT = "http://own.example:8080/a"
BARE = "http://own.example"
SLASH = "https://own.example/?x=1"
USER = "HTTP://me:pw@own.example:8080/a#part"
IPV6 = "http://[::1]:8080/a"
NONE = ""

EVERYTHING = UriOverride(Scheme.HTTPS, "new.example", 9090, "/p", "q=2")


def routed(url, override, *, only_if_missing):
    changed = UriOverride(override.scheme, override.host, override.port, override.path, override.query, only_if_missing)
    return routed_request(HttpRequest(url), HttpTarget(changed)).url


# override, URL of the task, result if the mode is ALWAYS, result if it is IF_NOT_EXISTS
URLS = [
    (UriOverride(scheme=Scheme.HTTPS), PLAIN, "https://own.example/a/b?x=1", PLAIN),
    (UriOverride(scheme=Scheme.HTTP), SLASH, "http://own.example/?x=1", SLASH),
    (UriOverride(scheme=Scheme.HTTPS), PORT, "https://own.example:8080/a", PORT),
    (UriOverride(host="new.example"), PLAIN, "http://new.example/a/b?x=1", PLAIN),
    (UriOverride(host="new.example"), PORT, "http://new.example:8080/a", PORT),
    (UriOverride(host="new.example"), BARE, "http://new.example", BARE),
    (UriOverride(host="new.example"), USER, "HTTP://me:pw@new.example:8080/a", "HTTP://me:pw@own.example:8080/a"),
    (UriOverride(host="[fd00::1]"), PORT, "http://[fd00::1]:8080/a", PORT),
    (UriOverride(host="new.example"), IPV6, "http://new.example:8080/a", IPV6),
    (UriOverride(host="new.example"), NONE, "https://new.example", "https://new.example"),
    (UriOverride(port=9090), PLAIN, "http://own.example:9090/a/b?x=1", "http://own.example:9090/a/b?x=1"),
    (UriOverride(port=9090), PORT, "http://own.example:9090/a", PORT),
    (UriOverride(port=9090), BARE, "http://own.example:9090", "http://own.example:9090"),
    (UriOverride(port=9090), IPV6, "http://[::1]:9090/a", IPV6),
    (UriOverride(port=0), PORT, "http://own.example/a", PORT),
    (UriOverride(port=0), PLAIN, PLAIN, PLAIN),
    (UriOverride(path="/p"), PLAIN, "http://own.example/p?x=1", PLAIN),
    (UriOverride(path="p/q"), PORT, "http://own.example:8080/p/q", PORT),
    (UriOverride(path="/p"), BARE, "http://own.example/p", "http://own.example/p"),
    (UriOverride(path="/p"), SLASH, "https://own.example/p?x=1", "https://own.example/p?x=1"),
    (UriOverride(path=""), PLAIN, "http://own.example?x=1", PLAIN),
    (UriOverride(path="/a?b#c"), BARE, "http://own.example/a%3Fb%23c", "http://own.example/a%3Fb%23c"),
    (UriOverride(query="q=2"), PLAIN, "http://own.example/a/b?q=2", PLAIN),
    (UriOverride(query="q=2&r=?"), PORT, "http://own.example:8080/a?q=2&r=?", "http://own.example:8080/a?q=2&r=?"),
    (UriOverride(query="q=2"), BARE, "http://own.example?q=2", "http://own.example?q=2"),
    (UriOverride(query="q=2"), "http://own.example/a?", "http://own.example/a?q=2", "http://own.example/a?q=2"),
    (UriOverride(query=""), PLAIN, "http://own.example/a/b", PLAIN),
    (UriOverride(query="q#r"), BARE, "http://own.example?q%23r", "http://own.example?q%23r"),
    (EVERYTHING, PLAIN, "https://new.example:9090/p?q=2", "http://own.example:9090/a/b?x=1"),
    (EVERYTHING, PORT, "https://new.example:9090/p?q=2", "http://own.example:8080/a?q=2"),
    (EVERYTHING, BARE, "https://new.example:9090/p?q=2", "http://own.example:9090/p?q=2"),
    (EVERYTHING, NONE, "https://new.example:9090/p?q=2", "https://new.example:9090/p?q=2"),
    (UriOverride(Scheme.HTTP, "new.example", port=0), NONE, "http://new.example", "http://new.example"),
    (UriOverride(), PLAIN, PLAIN, PLAIN),
]


@pytest.mark.parametrize(("override", "url", "always", "if_missing"), URLS)
def test_each_part_of_the_url(override, url, always, if_missing):
    assert routed(url, override, only_if_missing=False) == always
    assert routed(url, override, only_if_missing=True) == if_missing


@pytest.mark.parametrize(
    "target", [None, HttpTarget(), HttpTarget(UriOverride(port=1)), HttpTarget(method=HttpMethod.GET)]
)
def test_without_url_and_host_there_is_nowhere_to_go(target):
    with pytest.raises(Unroutable, match=r"no URL.*uriOverride names no host"):
        routed_request(HttpRequest(""), target)


def test_without_routing_the_request_is_the_tasks_own():
    request = HttpRequest(PLAIN, HttpMethod.PUT, (("A", "1"),), b"x", OidcToken("a@b.c"))
    assert routed_request(request, None) is request


@pytest.mark.parametrize("method", list(HttpMethod))
def test_a_method_that_has_no_body_drops_it(method):
    request = routed_request(HttpRequest(PLAIN, HttpMethod.POST, body=b"x"), HttpTarget(method=method))
    assert (request.method, request.body) == (method, b"x" if method.allows_body else b"")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), (("Content-Type", "text/plain"), ("X-A", "own"))),
        ((("x-a", "new"),), (("Content-Type", "text/plain"), ("x-a", "new"))),
        ((("B", "2"), ("A", "1")), (("Content-Type", "text/plain"), ("X-A", "own"), ("B", "2"), ("A", "1"))),
        ((("X-A", "1"), ("x-a", "2")), (("Content-Type", "text/plain"), ("x-a", "2"))),
        ((("CONTENT-TYPE", ""),), (("X-A", "own"), ("CONTENT-TYPE", ""))),
    ],
)
def test_headers_are_replaced_whatever_their_casing(overrides, expected):
    request = HttpRequest(PLAIN, headers=(("Content-Type", "text/plain"), ("X-A", "own")))
    for only_if_missing in (False, True):
        target = HttpTarget(UriOverride(only_if_missing=only_if_missing), header_overrides=overrides)
        assert routed_request(request, target).headers == expected


OWN_OIDC, OWN_OAUTH = OidcToken("own@b.c"), OauthToken("own@b.c")
NEW_OIDC, NEW_OAUTH = OidcToken("new@b.c", "audience"), OauthToken("new@b.c", "scope")


@pytest.mark.parametrize(
    ("own", "target", "expected"),
    [
        ((OWN_OIDC, None), HttpTarget(), (OWN_OIDC, None)),
        ((None, OWN_OAUTH), HttpTarget(method=HttpMethod.GET), (None, OWN_OAUTH)),
        ((OWN_OIDC, None), HttpTarget(oidc_token=NEW_OIDC), (NEW_OIDC, None)),
        ((OWN_OIDC, None), HttpTarget(oauth_token=NEW_OAUTH), (None, NEW_OAUTH)),
        ((None, OWN_OAUTH), HttpTarget(oidc_token=NEW_OIDC), (NEW_OIDC, None)),
        ((None, None), HttpTarget(oidc_token=NEW_OIDC), (NEW_OIDC, None)),
    ],
)
def test_the_queues_token_replaces_the_tasks(own, target, expected):
    request = routed_request(HttpRequest(PLAIN, oidc_token=own[0], oauth_token=own[1]), target)
    assert (request.oidc_token, request.oauth_token) == expected
