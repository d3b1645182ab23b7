"""The flags of the commands. Each stands for a setting, whose documentation is its help."""

from pathlib import Path
from typing import Annotated, Any

import typer

from broker.settings import Settings


def _flag(setting: str, *names: str, metavar: str | None = None) -> Any:
    field = Settings.model_fields[setting]
    is_shown = isinstance(field.default, int | float | str | Path) and field.default not in ("", False)
    default = f"; default {field.default}" if is_shown else ""
    help_text = f"{field.description} [HEADRACE_{setting.upper()}{default}]"
    return typer.Option(*names, help=help_text, metavar=metavar, show_default=False)


RedisUrl = Annotated[str | None, _flag("redis_url", "--redis-url", metavar="URL")]
RedisServer = Annotated[Path | None, _flag("redis_server", "--redis-server", metavar="PATH")]
DataDir = Annotated[Path | None, _flag("data_dir", "--data-dir", metavar="DIR")]
Namespace = Annotated[str | None, _flag("namespace", "--namespace", metavar="TEXT")]
Partitions = Annotated[int | None, _flag("partitions", "--partitions", metavar="N")]
Host = Annotated[str | None, _flag("host", "--host", metavar="HOST")]
GrpcPort = Annotated[int | None, _flag("grpc_port", "--grpc-port", metavar="PORT")]
HttpPort = Annotated[int | None, _flag("http_port", "--http-port", metavar="PORT")]
MetricsPort = Annotated[int | None, _flag("metrics_port", "--metrics-port", metavar="PORT")]
Insecure = Annotated[bool | None, _flag("insecure", "--insecure")]
Project = Annotated[str | None, _flag("project", "--project", metavar="ID")]
Location = Annotated[str | None, _flag("location", "--location", metavar="ID")]
Queues = Annotated[list[str] | None, _flag("queues", "--queue", metavar="NAME")]
Limits = Annotated[list[str] | None, _flag("limits", "--limit", metavar="NAME=VALUE")]
Issuer = Annotated[str | None, _flag("issuer", "--issuer", metavar="URL")]
Egress = Annotated[str | None, _flag("egress", "--egress", metavar="any|public")]
TargetCa = Annotated[Path | None, _flag("target_ca", "--target-ca", metavar="FILE")]
LeaseSeconds = Annotated[float | None, _flag("lease_s", "--lease-seconds", metavar="SECONDS")]
DrainSeconds = Annotated[float | None, _flag("drain_s", "--drain-seconds", metavar="SECONDS")]
SlowPollSeconds = Annotated[float | None, _flag("slow_poll_s", "--slow-poll-seconds", metavar="SECONDS")]
MaxInFlight = Annotated[int | None, _flag("max_in_flight", "--max-in-flight", metavar="N")]
QueueLabels = Annotated[int | None, _flag("queue_labels", "--queue-labels", metavar="N")]
LogLevel = Annotated[str | None, _flag("log_level", "--log-level", metavar="debug|info|warning|error")]
