"""Fixtures of the end-to-end tests: `headrace up`, the official client over both transports, a target."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.client import LOCATION, Client
from tests.support.recorder import Recorder
from tests.support.sending import SENDERS, sending_by
from tests.support.up import Up

MakeQueue = Callable[..., str]


@pytest.fixture(params=SENDERS)
def each_sender(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test runs once with each sender."""
    with sending_by(request.param):
        yield


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The authority that `up` trusts."""
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, authority: CertificateAuthority) -> Iterator[Up]:
    """One for all end-to-end tests: each uses queues of its own."""
    data_dir: Path = tmp_path_factory.mktemp("up")
    with Up("--data-dir", data_dir, "--target-ca", authority.path) as up:
        yield up


@pytest.fixture(scope="session", params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, up: Up) -> Iterator[Client]:
    """The official client, once over each transport."""
    with closing(Client(request.param, up.address("grpc" if request.param == "grpc" else "http"))) as client:
        yield client


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A target that no other test knows."""
    with Recorder() as recorder:
        yield recorder


_numbers = itertools.count(1)


@pytest.fixture
def make_queue(client: Client) -> MakeQueue:
    """Creates a queue that no other test knows, with these fields of the resource; its name."""

    def make(**fields: Any) -> str:
        name = f"{LOCATION}/queues/queue-{next(_numbers)}"
        client.create_queue(parent=LOCATION, queue={"name": name, **fields})
        return name

    return make
