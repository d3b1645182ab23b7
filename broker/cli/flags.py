"""The flags of the commands. Each stands for a setting, whose documentation is its help."""

from pathlib import Path
from typing import Annotated, Any

import typer

from broker.settings import Settings


def _flag(setting: str, *names: str, metavar: str | None = None, default: str = "") -> Any:
    """The flag of a setting. `default` puts a default in words that is not the same for all commands."""
    field = Settings.model_fields[setting]
    if not default and isinstance(field.default, int | float | str | Path) and field.default is not False:
        default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
    shown = f"; default {default}" if default else ""
    help_text = f"{field.description} [HEADRACE_{setting.upper()}{shown}]"
    return typer.Option(*names, help=help_text, metavar=metavar, show_default=False)


Profile = Annotated[str | None, _flag("profile", "--profile", metavar="google|dev")]
RedisUrl = Annotated[str | None, _flag("redis_url", "--redis-url", metavar="URL")]
RedisServer = Annotated[Path | None, _flag("redis_server", "--redis-server", metavar="PATH")]
DataDir = Annotated[Path | None, _flag("data_dir", "--data-dir", metavar="DIR")]
Namespace = Annotated[str | None, _flag("namespace", "--namespace", metavar="TEXT")]
Partitions = Annotated[int | None, _flag("partitions", "--partitions", metavar="N")]
Host = Annotated[str | None, _flag("host", "--host", metavar="HOST")]
GrpcPort = Annotated[int | None, _flag("grpc_port", "--grpc-port", metavar="PORT")]
HttpPort = Annotated[int | None, _flag("http_port", "--http-port", metavar="PORT")]
OnePort = Annotated[int | None, _flag("port", "--port", metavar="PORT")]
Workers = Annotated[int | None, _flag("workers", "--workers", metavar="N")]
Front = Annotated[str | None, _flag("front", "--front", metavar="grpcio|envoy")]
TlsCert = Annotated[Path | None, _flag("tls_cert", "--tls-cert", metavar="FILE")]
TlsKey = Annotated[Path | None, _flag("tls_key", "--tls-key", metavar="FILE")]
MetricsPort = Annotated[int | None, _flag("metrics_port", "--metrics-port", metavar="PORT")]
PullMetricsPort = Annotated[int | None, _flag("metrics_port", "--metrics-port", metavar="PORT", default="none")]
Insecure = Annotated[bool | None, _flag("insecure", "--insecure")]
Project = Annotated[str | None, _flag("project", "--project", metavar="ID")]
Location = Annotated[str | None, _flag("location", "--location", metavar="ID")]
Queues = Annotated[list[str] | None, _flag("queues", "--queue", metavar="NAME")]
QueuesFile = Annotated[Path | None, _flag("queues_file", "--queues-file", metavar="FILE")]
AutoCreateQueues = Annotated[bool | None, _flag("auto_create_queues", "--auto-create-queues/--no-auto-create-queues")]
Admin = Annotated[bool | None, _flag("admin", "--admin/--no-admin", default="on for `up`, off for `api`")]
Limits = Annotated[list[str] | None, _flag("limits", "--limit", metavar="NAME=VALUE")]
Issuer = Annotated[str | None, _flag("issuer", "--issuer", metavar="URL")]
Egress = Annotated[
    str | None, _flag("egress", "--egress", metavar="any|public", default="any for `up`, public for `dispatcher`")
]
AppEngineDomain = Annotated[str | None, _flag("app_engine_domain", "--app-engine-domain", metavar="DOMAIN")]
AppEngineTarget = Annotated[str | None, _flag("app_engine_target", "--app-engine-target", metavar="URL")]
AppEngineServices = Annotated[
    list[str] | None, _flag("app_engine_services", "--app-engine-service", metavar="SERVICE=URL")
]
AppEngineTickets = Annotated[
    list[str] | None, _flag("app_engine_tickets", "--app-engine-ticket", metavar="TICKET=PROJECT/LOCATION")
]
AppEngineAdminTickets = Annotated[
    list[str] | None, _flag("app_engine_admin_tickets", "--app-engine-admin-ticket", metavar="TICKET")
]
SigningKey = Annotated[Path | None, _flag("signing_key", "--signing-key", metavar="FILE")]
OauthTokenDir = Annotated[Path | None, _flag("oauth_token_dir", "--oauth-token-dir", metavar="DIR")]
TargetTls = Annotated[list[str] | None, _flag("target_tls", "--target-tls", metavar="HOST=FILE")]
TargetRewrites = Annotated[list[str] | None, _flag("target_rewrites", "--rewrite", metavar="FROM=TO")]
TargetProxy = Annotated[str | None, _flag("target_proxy", "--target-proxy", metavar="URL")]
TargetNoProxy = Annotated[list[str] | None, _flag("target_no_proxy", "--target-no-proxy", metavar="HOST")]
TargetCa = Annotated[Path | None, _flag("target_ca", "--target-ca", metavar="FILE")]
LeaseCaps = Annotated[list[str] | None, _flag("lease_caps", "--lease-cap", metavar="QUEUE=NUMBER")]
LeaseCapAnswer = Annotated[str | None, _flag("lease_cap_answer", "--lease-cap-answer", metavar="protocol|empty")]
LegacyStandardPayloads = Annotated[
    bool | None, _flag("legacy_standard_payloads", "--legacy-standard-payloads/--no-legacy-standard-payloads")
]
LeaseSeconds = Annotated[float | None, _flag("lease_s", "--lease-seconds", metavar="SECONDS")]
DrainSeconds = Annotated[float | None, _flag("drain_s", "--drain-seconds", metavar="SECONDS")]
SlowPollSeconds = Annotated[float | None, _flag("slow_poll_s", "--slow-poll-seconds", metavar="SECONDS")]
OverloadControl = Annotated[bool | None, _flag("overload_control", "--overload-control/--no-overload-control")]
RampUp = Annotated[bool | None, _flag("ramp_up", "--ramp-up/--no-ramp-up")]
MaxInFlight = Annotated[int | None, _flag("max_in_flight", "--max-in-flight", metavar="N")]
QueueLabels = Annotated[int | None, _flag("queue_labels", "--queue-labels", metavar="N")]
LogLevel = Annotated[str | None, _flag("log_level", "--log-level", metavar="debug|info|warning|error")]
