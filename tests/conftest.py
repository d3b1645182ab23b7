"""Fixtures of the whole suite: event loops for `async def` tests, servers, stores, a cluster."""

import asyncio
import inspect
import logging
from collections.abc import Iterator

import pytest
import redis
import uvloop

from broker import operation_logs
from broker.store.store import Store
from tests.support.choice import Choice, choose_servers, serve
from tests.support.invariants import check_invariants
from tests.support.servers import Cluster, available_binaries

_choice = pytest.StashKey[Choice]()
_LONG = (
    "tests/deploy/test_image.py",
    "tests/store/test_state_machine.py",
    "tests/cli/test_workers.py",
    "tests/bench/test_short.py",
    "tests/store/test_pull_state_machine.py",
    "tests/deploy/test_topology.py",
    "tests/api/test_gcloud.py",
    "tests/api/fuzz/test_fuzz_grpc.py",
    "tests/store/test_cluster.py",
    "tests/cli/test_up.py",
    "tests/cli/test_pull.py",
    "tests/cli/test_smoke_and_probe.py",
    "tests/faults/test_dispatcher_frozen.py",
    "tests/faults/test_dispatcher_stopped.py",
    "tests/deploy/test_chart_rendering.py",
)
"""Files that take tens of seconds, the longest first."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_choice] = choose_servers()
    config.addinivalue_line("markers", "every_server: run the test against every server there is")
    config.addinivalue_line("markers", "soak: takes long; runs only when asked for, with -m soak")


def pytest_report_header(config: pytest.Config) -> str:
    return f"redis: {config.stash[_choice].reason}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Store tests run against every server there is, the others against one."""
    if "server_name" in metafunc.fixturenames:
        names = metafunc.config.stash[_choice].names
        path = metafunc.definition.path
        everywhere = "store" in path.parts or metafunc.definition.get_closest_marker("every_server")
        metafunc.parametrize("server_name", names if everywhere else names[:1], scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files come first: a file runs in one process, and no process should be left alone with one in the end."""
    ranks = {config.rootpath / path: rank for rank, path in enumerate(_LONG)}
    assert all(path.is_file() for path in ranks), "_LONG names a file that is not there"
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
    if "soak" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="takes long; ask for it with -m soak"))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> None:
    """An `async def` test uses the fixture `runner`."""
    if collector.istestfunction(obj, name) and inspect.iscoroutinefunction(obj):
        pytest.mark.usefixtures("runner")(obj)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """An `async def` test runs on the loop of `runner`, which its asynchronous fixtures share."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    pyfuncitem.funcargs["runner"].run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for one test and for what fixtures do for it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """For tests in which a node sets up the logs of this process: afterwards they are as before."""
    loggers = [logging.getLogger(name) for name in ("", operation_logs.LOGGER)]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagates in before:
        logger.handlers[:], logger.propagate = handlers, propagates
        logger.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture(scope="session")
def is_first_server(server_name: str, pytestconfig: pytest.Config) -> bool:
    """Whether this is the server that all tests run on, not one that only those of the store run on as well."""
    return server_name == pytestconfig.stash[_choice].names[0]


@pytest.fixture(scope="session")
def redis_url(server_name: str) -> Iterator[str]:
    """A real server, shared by the tests of the session."""
    with serve(server_name) as url:
        yield url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client of the emptied server, to seed and to look at keys."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def store(runner: asyncio.Runner, redis_url: str, redis_client: redis.Redis) -> Iterator[Store]:
    """A store on an emptied server. After the test its invariants hold and no key has leaked."""
    store = runner.run(Store.open(redis_url))
    yield store
    try:
        runner.run(check_invariants(store))
    finally:
        runner.run(store.close())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of three masters."""
    cluster = Cluster(next(iter(available_binaries().values())))
    yield cluster
    cluster.close()
