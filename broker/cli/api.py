"""`headrace api`: one API node."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broker.api.envoy.front import EnvoyFront
from broker.api.node import ApiNode
from broker.cli import flags
from broker.cli.certificate import read_certificate
from broker.cli.run import run
from broker.cli.storage import open_store
from broker.cli.workers import serve_workers
from broker.errors import HeadraceError, StartupError
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics
from broker.probes import Exposition, Probe
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft
from broker.service.queues import create_queue, get_queue
from broker.settings import Settings
from broker.store.store import Store

_log = logging.getLogger(__name__)


def api(
    redis_url: flags.RedisUrl = None,
    host: flags.Host = None,
    grpc_port: flags.GrpcPort = None,
    http_port: flags.HttpPort = None,
    port: flags.OnePort = None,
    workers: flags.Workers = None,
    front: flags.Front = None,
    tls_cert: flags.TlsCert = None,
    tls_key: flags.TlsKey = None,
    insecure: flags.Insecure = None,
    project: flags.Project = None,
    location: flags.Location = None,
    queues: flags.Queues = None,
    limits: flags.Limits = None,
    auto_create_queues: flags.AutoCreateQueues = None,
    admin: flags.Admin = None,
    profile: flags.Profile = None,
    issuer: flags.Issuer = None,
    signing_key: flags.SigningKey = None,
    app_engine_domain: flags.AppEngineDomain = None,
    lease_caps: flags.LeaseCaps = None,
    lease_cap_answer: flags.LeaseCapAnswer = None,
    legacy_standard_payloads: flags.LegacyStandardPayloads = None,
    app_engine_tickets: flags.AppEngineTickets = None,
    app_engine_admin_tickets: flags.AppEngineAdminTickets = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
    queue_labels: flags.QueueLabels = None,
    drain_s: flags.DrainSeconds = None,
    log_level: flags.LogLevel = None,
) -> None:
    """Run one API node: gRPC on one port; REST, token keys, probes and metrics on the other.

    It keeps nothing to itself: run any number of them against one Redis, and stop any of them at any time.
    """
    settings = Settings.load(locals())
    require_loopback(settings)
    alone = settings.workers == 1 and settings.front == "grpcio"
    run(_serve if alone else serve_workers, settings)


def require_loopback(settings: Settings) -> None:
    """Raises StartupError for an address that strangers could reach."""
    if not (settings.is_loopback or settings.insecure):
        raise StartupError(
            f"refusing to listen on {settings.host}: callers are not authenticated, so all who can reach it "
            "could create tasks; use a loopback address, or --insecure where the network keeps others out"
        )


async def _serve(settings: Settings) -> None:
    metrics = Metrics(settings.queue_labels)
    async with open_store(settings) as store:
        keys = await SigningKeys.load(store.secrets, settings.signing_key)
        async with run_api_node(settings, store, keys, metrics) as node:
            print(f"headrace api ready grpc={node.grpc_address} http={node.http_url}", flush=True)
            await asyncio.Event().wait()


@asynccontextmanager
async def run_api_node(
    settings: Settings,
    store: Store,
    keys: SigningKeys,
    metrics: Metrics,
    *,
    alive: Probe | None = None,
    sum_of_workers: Exposition | None = None,
    envoy: EnvoyFront | None = None,
) -> AsyncIterator[ApiNode]:
    """A node that answers, after it created the queues of the settings. Raises StartupError.

    `alive` answers /healthz for what else runs in this process; `sum_of_workers` makes it one of several processes,
    and gives what they have counted; `envoy` is the Envoy in whose process it lives, if it does.
    """
    broker = Broker(
        store,
        settings.limits,
        metrics,
        settings.app_engine_domain,
        settings.location,
        lease_caps=settings.lease_cap_rules,
        auto_create_queues=settings.auto_create_queues,
        tickets=settings.tickets,
        legacy_standard_payloads=settings.legacy_standard_payloads,
    )
    certificate = read_certificate(settings)
    await _create_missing_queues(broker, settings)
    node = ApiNode(
        broker,
        keys,
        host=settings.host,
        grpc_port=settings.grpc_port,
        http_port=settings.http_port,
        port=settings.port,
        issuer=settings.issuer,
        queue_labels=settings.queue_labels,
        admin=settings.admin,
        alive=alive,
        sum_of_workers=sum_of_workers,
        envoy=envoy,
        certificate=certificate,
    )
    await node.start()
    try:
        yield node
    finally:
        await node.stop(settings.drain_s)


async def _create_missing_queues(broker: Broker, settings: Settings) -> None:
    for name in settings.queue_names:
        try:
            await create_queue(broker, str(name.parent), QueueDraft(name=str(name)))
        except HeadraceError as error:
            await _require_queue(broker, str(name), error)


async def _require_queue(broker: Broker, name: str, problem: HeadraceError) -> None:
    """A queue that could not be created is there, or was deleted lately, which must not stop a node."""
    try:
        await get_queue(broker, name)
    except HeadraceError:
        _log.warning("queue not created", extra={"queue": name, "reason": problem.message})
