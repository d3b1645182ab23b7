"""What queues say of the requests of their tasks: `http_target`, App Engine routing."""

from tests.api.conformance.queue_settings import is_refused, is_set
from tests.api.conformance.row import documented, inferred

_TOKEN = {"serviceAccountEmail": "worker@example.com", "audience": "https://example.com"}
_TARGET = {
    "uriOverride": {
        "scheme": "HTTPS",
        "host": "example.com",
        "port": "8443",
        "pathOverride": {"path": "/work"},
        "queryOverride": {"queryParams": "a=1&b=2"},
        "uriOverrideEnforceMode": "IF_NOT_EXISTS",
    },
    "httpMethod": "PUT",
    "headerOverrides": [{"header": {"key": "B", "value": "1"}}, {"header": {"key": "A", "value": "2"}}],
    "oidcToken": _TOKEN,
}
_EMPTY_OVERRIDES = {"host": "example.com", "pathOverride": {}, "queryOverride": {}}
_REFUSED = [
    (
        "an empty host",
        {"uriOverride": {"host": ""}},
        "HttpTarget.uriOverride.host cannot be empty. Leave it out to keep the host of each task.",
        documented("2.10"),
    ),
    (
        "a host that is none",
        {"uriOverride": {"host": "a b"}},
        'HttpTarget.uriOverride.host is "a b", which is not valid: write a host name in ASCII (xn-- for others) or an '
        "IP address, and a port as uriOverride.port.",
        inferred("2.10"),
    ),
    (
        "a port that is none",
        {"uriOverride": {"port": "65536"}},
        "HttpTarget.uriOverride.port must be between 1 and 65535, or 0 to remove the port.",
        inferred("2.10"),
    ),
    (
        "a path that is too long",
        {"uriOverride": {"pathOverride": {"path": "/" + "p" * 2083}}},
        "HttpTarget.uriOverride.pathOverride.path must have at most 2083 characters.",
        inferred("2.10"),
    ),
    (
        "a header that is none",
        {"headerOverrides": [{"header": {"key": "a b", "value": "1"}}]},
        "HttpTarget.headerOverrides has the name 'a b', which is not valid: use letters, digits and any of "
        "!#$%&'*+-.^_`|~",
        inferred("2.10"),
    ),
    ("no account", {"oidcToken": {"audience": "a"}}, "service_account_email must be set.", documented("2.10")),
    (
        "no audience",
        {"oidcToken": {"serviceAccountEmail": "a@b.c"}},
        "HttpTarget.oidcToken.audience must be set.",
        documented("2.10"),
    ),
    (
        "no scope",
        {"oauthToken": {"serviceAccountEmail": "a@b.c"}},
        "HttpTarget.oauthToken.scope must be set.",
        documented("2.10"),
    ),
]

_ROUTING = {"service": "s", "version": "v", "instance": "i"}
_SHOWN_ROUTING = _ROUTING | {"host": "i.v.s.the-project.appspot.com"}
_BAD_SERVICE = "AppEngineRouting.service is 'a.b': use letters, digits, hyphens and underscores, at most 100."

ROWS = [
    *is_set("all routing", {"httpTarget": _TARGET}, {"httpTarget": _TARGET}, documented("2.10")),
    *is_set(
        "empty overrides",
        {"httpTarget": {"uriOverride": _EMPTY_OVERRIDES}},
        {"httpTarget": {"uriOverride": {"host": "example.com", "uriOverrideEnforceMode": "ALWAYS"}}},
        inferred("2.10"),
    ),
    *(row for case, target, text, mark in _REFUSED for row in is_refused(case, {"httpTarget": target}, text, mark)),
]
for version, where in (("v2", ()), ("v2beta3", ("appEngineHttpQueue",)), ("v2beta2", ("appEngineHttpTarget",))):

    def placed(routing: dict[str, str], where: tuple[str, ...] = where) -> dict[str, object]:
        """The field of a queue with App Engine routing, in the version."""
        field = {"appEngineRoutingOverride": routing}
        return {where[0]: field} if where else field

    ROWS += is_set("App Engine", placed(_ROUTING), placed(_SHOWN_ROUTING), inferred("2.9"), versions=[version])
    ROWS += is_refused("App Engine id", placed({"service": "a.b"}), _BAD_SERVICE, inferred("2.9"), versions=[version])
