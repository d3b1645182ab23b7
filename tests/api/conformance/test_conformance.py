"""The table of what every method answers, played over gRPC and over REST against a running node with each front."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from broker.api.rpcs import RPCS
from tests.api.conformance.player import outcomes_of, plays_of
from tests.api.conformance.row import VERSIONS, Answer, Protocol, Row
from tests.api.conformance.table import TABLE
from tests.api.conformance.wires import GrpcWire, RestWire, Wire, rpcs_of
from tests.support.fronts import FRONTS
from tests.support.nodes import start_api
from tests.support.servers import empty
from tests.support.up import Up


def id_of(row: Row) -> str:
    versions = [] if tuple(row.versions) == VERSIONS else row.versions
    return "-".join([row.method, row.case, *versions]).replace(" ", "_")


@pytest.fixture(scope="module", params=FRONTS)
def wires(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Mapping[Protocol, Wire]]:
    empty(redis_url)
    limits = ("--limit", "queues_per_location=3", "--limit", "leases_per_second=3")
    with Up(*limits) if request.param == "grpcio" else start_api(redis_url, "--front", request.param, *limits) as node:
        grpc_wire, rest_wire = GrpcWire(node.grpc), RestWire(node.http)
        yield {"grpc": grpc_wire, "rest": rest_wire}
        grpc_wire.close()
        rest_wire.close()


@pytest.mark.parametrize("row", TABLE, ids=id_of)
def test_it_answers(row: Row, wires: Mapping[Protocol, Wire]) -> None:
    found, wanted = outcomes_of(row, wires)
    assert found == wanted


def test_every_method_has_a_success_and_an_error_in_every_version() -> None:
    played = {(row.method, play.version, type(row.outcome) is Answer) for row in TABLE for play in plays_of(row)}
    served = {(rpc.method, version) for rpc in RPCS for version in VERSIONS if rpc in rpcs_of(rpc.method, version)}
    assert played == {(*method, succeeds) for method in served for succeeds in (True, False)}


def test_a_case_occurs_once() -> None:
    cases = Counter((row.method, row.case, play) for row in TABLE for play in plays_of(row))
    assert [case for case, times in cases.items() if times > 1] == []
