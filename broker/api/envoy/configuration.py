"""Envoy's configuration: calls of the services to the application inside it, the rest to the servers behind it."""

from collections.abc import Iterable
from typing import Any

from broker.api.envoy.secret import TYPES, tls_with
from broker.api.envoy.sockets import Sockets
from broker.settings import Address

LISTENER = "headrace"
_LARGEST_BUFFER_BYTES = 16 * 1024 * 1024
"""More than the largest request, so that the application, not Envoy, tells who sends a larger one."""

_LARGEST_HEADERS_KIB = 60
_MOST_CALLS_OF_A_CONNECTION = 1000

_BEGIN_WITHIN_S = 10
"""How long a connection may say nothing at its begin, and take for its TLS handshake."""

_HEADERS_WITHIN_S = 10
"""How long the headers of a request may take, from their first byte."""

_REQUEST_WITHIN_S = 300
"""How long a whole request may take to come; the answer may take longer."""

_IDLE_S = 60
"""After so long Envoy closes its connections to the HTTP server: well before that server would."""

_NO_LIMIT = 2**32 - 1


def configuration(
    addresses: Iterable[Address],
    sockets: Sockets,
    services: Iterable[str],
    application: dict[str, Any],
    *,
    most_connections: int,
    has_certificate: bool = False,
) -> dict[str, Any]:
    """What Envoy is started with: it listens on the addresses and shares their ports with whoever wants them too.

    `application` is the filter that runs the application; it gets the gRPC calls of the services. If there is a
    certificate, it is in the file of `sockets`, and TLS is spoken.
    """
    first, *others = [_tcp(address) for address in addresses]
    manager = {"name": "envoy.filters.network.http_connection_manager", "typed_config": _http(services, application)}
    listener = {
        "name": LISTENER,
        **first,
        "additional_addresses": others,
        "enable_reuse_port": True,
        "listener_filters": [] if has_certificate else [_INSPECTOR],
        "listener_filters_timeout": f"{_BEGIN_WITHIN_S}s",
        "filter_chains": [{"filters": [manager], "transport_socket_connect_timeout": f"{_BEGIN_WITHIN_S}s"}],
    }
    if has_certificate:
        listener["filter_chains"][0]["transport_socket"] = tls_with(sockets.certificate)
    return {
        "node": {"id": LISTENER, "cluster": LISTENER},
        "admin": _pipe(sockets.admin) | {"ignore_global_conn_limit": True},
        "static_resources": {
            "listeners": [listener],
            "clusters": [
                _cluster("grpc", sockets, {"http2_protocol_options": {}}),
                _cluster("http", sockets, {"http_protocol_options": _KEEPING_CASE}),
            ],
        },
        "overload_manager": {"resource_monitors": [_connections(most_connections)]},
    }


def _http(services: Iterable[str], application: dict[str, Any]) -> dict[str, Any]:
    """How connections are served. What is sent back is the servers' own, and only requests are timed, not answers.

    A malformed call ends alone, not with all others of its connection.
    """
    http_2 = {
        "override_stream_error_on_invalid_http_message": True,
        "max_concurrent_streams": _MOST_CALLS_OF_A_CONNECTION,
    }
    routes = [_application_route(f"/{service}/", application["name"]) for service in services]
    routes += [_forwarding_route("grpc", grpc={}), _forwarding_route("http")]
    return {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": "0s",
        "request_headers_timeout": f"{_HEADERS_WITHIN_S}s",
        "request_timeout": f"{_REQUEST_WITHIN_S}s",
        "max_request_headers_kb": _LARGEST_HEADERS_KIB,
        "http2_protocol_options": http_2,
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "localhost", **_KEEPING_CASE},
        "route_config": {"virtual_hosts": [{"name": LISTENER, "domains": ["*"], "routes": routes}]},
        "http_filters": [application | {"disabled": True}, _ROUTER],
    }


def _application_route(prefix: str, filter_name: str) -> dict[str, Any]:
    return {
        "match": {"prefix": prefix, "grpc": {}},
        "non_forwarding_action": {},
        "request_body_buffer_limit": _LARGEST_BUFFER_BYTES,
        "typed_per_filter_config": {
            filter_name: {"@type": f"{TYPES}.config.route.v3.FilterConfig", "config": {}, "disabled": False}
        },
    }


def _forwarding_route(cluster: str, **match: Any) -> dict[str, Any]:
    return {"match": {"prefix": "/"} | match, "route": {"cluster": cluster, "timeout": "0s"}}


def _cluster(name: str, sockets: Sockets, protocol: dict[str, Any]) -> dict[str, Any]:
    """One of the servers behind Envoy, at its socket."""
    options = {
        "@type": f"{TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": f"{_IDLE_S}s"},
        "explicit_http_config": protocol,
    }
    no_limits = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _NO_LIMIT)
    endpoint = {"endpoint": _pipe(getattr(sockets, name))}
    return {
        "name": name,
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "circuit_breakers": {"thresholds": [no_limits]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _tcp(address: Address) -> dict[str, Any]:
    either = {"ipv4_compat": True} if address.host == "::" else {}
    return {"address": {"socket_address": {"address": address.host, "port_value": address.port} | either}}


def _pipe(path: object) -> dict[str, Any]:
    return {"address": {"pipe": {"path": str(path)}}}


def _connections(most: int) -> dict[str, Any]:
    return {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": f"{TYPES}.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            "max_active_downstream_connections": most,
        },
    }


_INSPECTOR = {
    "name": "envoy.filters.listener.http_inspector",
    "typed_config": {"@type": f"{TYPES}.extensions.filters.listener.http_inspector.v3.HttpInspector"},
}
"""Waits for the first bytes of a connection, which tell HTTP/2 from HTTP/1.1, even if they come one by one."""

_ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPES}.extensions.filters.http.router.v3.Router", "suppress_envoy_headers": True},
}
_KEEPING_CASE = {
    "header_key_format": {
        "stateful_formatter": {
            "name": "envoy.http.stateful_header_formatters.preserve_case",
            "typed_config": {
                "@type": f"{TYPES}.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig"
            },
        }
    }
}
"""Names of headers stay as they were written, in both directions."""
