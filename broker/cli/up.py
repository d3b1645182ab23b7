"""`headrace up`: a server for the data, one API node and one dispatcher, in one process and its child."""

import asyncio
from contextlib import AsyncExitStack

from broker.cli import flags
from broker.cli.api import require_loopback, run_api_node
from broker.cli.data_dir import DataDir
from broker.cli.dispatcher import require_alive, run_dispatcher
from broker.cli.embedded_server import EmbeddedServer, run_embedded_server
from broker.cli.queues_file import apply_queues_file
from broker.cli.run import run
from broker.cli.server_binary import find_server
from broker.cli.storage import open_store
from broker.cli.welcome import welcome
from broker.identity.access_tokens import TokenSources
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics
from broker.service.broker import Broker
from broker.settings import Settings
from worker.dispatcher import Dispatcher

_DEFAULTS = {"egress": "any", "queues": ("default",), "admin": True}


def up(
    grpc_port: flags.GrpcPort = None,
    http_port: flags.HttpPort = None,
    port: flags.OnePort = None,
    host: flags.Host = None,
    tls_cert: flags.TlsCert = None,
    tls_key: flags.TlsKey = None,
    insecure: flags.Insecure = None,
    data_dir: flags.DataDir = None,
    redis_url: flags.RedisUrl = None,
    redis_server: flags.RedisServer = None,
    project: flags.Project = None,
    location: flags.Location = None,
    queues: flags.Queues = None,
    queues_file: flags.QueuesFile = None,
    limits: flags.Limits = None,
    auto_create_queues: flags.AutoCreateQueues = None,
    admin: flags.Admin = None,
    profile: flags.Profile = None,
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
    lease_caps: flags.LeaseCaps = None,
    lease_cap_answer: flags.LeaseCapAnswer = None,
    legacy_standard_payloads: flags.LegacyStandardPayloads = None,
    app_engine_tickets: flags.AppEngineTickets = None,
    app_engine_admin_tickets: flags.AppEngineAdminTickets = None,
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
    """Run all of Headrace in the foreground: a Redis-compatible server, an API node and a dispatcher.

    Tasks survive a restart: they are kept in the data directory. Ctrl-C lets what is being sent finish, then
    stops everything; a second Ctrl-C does not wait. When all is ready the last line of the output is
    `headrace ready grpc=HOST:PORT http=http://HOST:PORT`, for programs to read. Without --queue there is one
    queue, `default`.
    """
    run(_serve, Settings.load(locals(), _DEFAULTS))


async def _serve(settings: Settings) -> None:
    require_loopback(settings)
    metrics = Metrics(settings.queue_labels)
    async with AsyncExitStack() as stack:
        server = None if settings.redis_url else await _start_server(settings, stack)
        store = await stack.enter_async_context(open_store(settings, server.url if server else ""))
        await apply_queues_file(Broker(store, settings.limits, metrics), settings)
        keys = await SigningKeys.load(store.secrets, settings.signing_key)
        dispatchers: list[Dispatcher] = []

        async def alive() -> None:
            for dispatcher in dispatchers:
                require_alive(dispatcher)

        api = await stack.enter_async_context(run_api_node(settings, store, keys, metrics, alive=alive))
        tokens = TokenSources(keys, api.issuer, settings.oauth_token_dir)
        dispatchers.append(await stack.enter_async_context(run_dispatcher(settings, store, metrics, tokens)))
        print(welcome(settings, api.grpc_address, api.http_url), flush=True)
        if server is None:
            await asyncio.Event().wait()
        else:
            raise await server.until_dead()


async def _start_server(settings: Settings, stack: AsyncExitStack) -> EmbeddedServer:
    binary = find_server(settings.redis_server)
    data_dir = await stack.enter_async_context(DataDir(settings.data_dir))
    return await stack.enter_async_context(run_embedded_server(binary, data_dir))
