"""What only a node behind Envoy does: it serves all protocols on each of its ports."""

import grpc
import pytest
import requests
from google.cloud.tasks_v2 import types
from grpc_health.v1 import health_pb2, health_pb2_grpc
from redis import Redis

from tests.support.fronts import NEEDS_ENVOY
from tests.support.up import Node

pytestmark = NEEDS_ENVOY
PREFIX = "/google.cloud.tasks.v2.CloudTasks/"


@pytest.fixture
def node(request: pytest.FixtureRequest, redis_client: Redis) -> Node:
    """The node that all tests share, which wants a server that no other kind of node has used since it was emptied."""
    found: Node = request.getfixturevalue("node_in_envoy")
    return found


def test_each_port_serves_all_protocols(node: Node) -> None:
    for address in (node.grpc, node.http.removeprefix("http://")):
        assert requests.get(f"http://{address}/readyz", timeout=10).text == "ok\n"
        answer = requests.get(f"http://{address}/v2/projects/p/locations/l/nothing", timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
        with grpc.insecure_channel(address) as channel:
            request = types.ListQueuesRequest.pb()(parent="projects/p/locations/l").SerializeToString()
            channel.unary_unary(PREFIX + "ListQueues")(request, timeout=10)
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=10)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/google.Nothing/Get")(b"", timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
