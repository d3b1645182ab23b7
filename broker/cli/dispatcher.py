"""`headrace dispatcher`: one dispatcher."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.web import RouteDef

from broker.cli import flags
from broker.cli.run import run
from broker.cli.storage import open_store
from broker.errors import Code, HeadraceError
from broker.identity.access_tokens import TokenSources
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics
from broker.probes import ProbeServer, probe_routes
from broker.settings import Address, Settings
from broker.store.store import Store
from worker.dispatcher import Dispatcher

_POLL_S = 0.005


def dispatcher(
    redis_url: flags.RedisUrl = None,
    host: flags.Host = None,
    metrics_port: flags.MetricsPort = None,
    issuer: flags.Issuer = None,
    signing_key: flags.SigningKey = None,
    egress: flags.Egress = None,
    target_ca: flags.TargetCa = None,
    target_tls: flags.TargetTls = None,
    target_rewrites: flags.TargetRewrites = None,
    target_proxy: flags.TargetProxy = None,
    target_no_proxy: flags.TargetNoProxy = None,
    app_engine_target: flags.AppEngineTarget = None,
    app_engine_services: flags.AppEngineServices = None,
    app_engine_domain: flags.AppEngineDomain = None,
    app_engine_tickets: flags.AppEngineTickets = None,
    oauth_token_dir: flags.OauthTokenDir = None,
    max_in_flight: flags.MaxInFlight = None,
    lease_s: flags.LeaseSeconds = None,
    drain_s: flags.DrainSeconds = None,
    slow_poll_s: flags.SlowPollSeconds = None,
    overload_control: flags.OverloadControl = None,
    ramp_up: flags.RampUp = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
    queue_labels: flags.QueueLabels = None,
    log_level: flags.LogLevel = None,
) -> None:
    """Run one dispatcher: it claims tasks that are due, sends them to their targets, records what came of it.

    Run any number of them against one Redis. Tell each the issuer that the API nodes have: targets check it.
    """
    run(_serve, Settings.load(locals()))


async def _serve(settings: Settings) -> None:
    metrics = Metrics(settings.queue_labels)
    async with open_store(settings) as store:
        keys = await SigningKeys.load(store.secrets, settings.signing_key)
        tokens = TokenSources(keys, settings.issuer_url(settings.port or settings.http_port), settings.oauth_token_dir)
        async with run_dispatcher(settings, store, metrics, tokens) as node:
            probes = ProbeServer(_probes(node, metrics), host=settings.host, port=settings.metrics_port)
            port = await probes.start()
            print(f"headrace dispatcher ready metrics=http://{Address(settings.host, port)}", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                await probes.stop(0)


def require_alive(node: Dispatcher) -> None:
    """Raises HeadraceError for a dispatcher that had better be restarted."""
    if not node.is_alive():
        raise HeadraceError(Code.UNAVAILABLE, "The dispatcher makes no progress.")


def _probes(node: Dispatcher, metrics: Metrics) -> list[RouteDef]:
    async def alive() -> None:
        require_alive(node)

    async def ready() -> None:
        if not node.is_ready():
            raise HeadraceError(Code.UNAVAILABLE, "The dispatcher cannot claim tasks.")

    async def exposition() -> bytes:
        return await metrics.exposition()

    return probe_routes(alive=alive, ready=ready, metrics=exposition)


@asynccontextmanager
async def run_dispatcher(
    settings: Settings, store: Store, metrics: Metrics, tokens: TokenSources
) -> AsyncIterator[Dispatcher]:
    """A dispatcher at work, whose first claim was answered; drained at the end. Raises StartupError."""
    node = Dispatcher(store, settings, metrics, tokens)
    await node.start()
    try:
        while not node.is_ready():  # noqa: ASYNC110 - readiness comes and goes, it is no event
            await asyncio.sleep(_POLL_S)
        yield node
    finally:
        await node.stop()
