"""Server reflection, asked by the client of the reflection library; and every method that is served is shown."""

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from google.protobuf import message_factory

from broker.api.descriptors import ApiDescriptors
from broker.api.rpcs import RPCS, Rpc
from tests.api.programs import LOCATION, run

if TYPE_CHECKING:
    from broker.api.node import ApiNode
    from broker.store.store import Store

SERVED = [rpc for rpc in RPCS if rpc.handler]
STANDARD = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]


async def test_a_client_made_of_what_the_server_tells(node: "ApiNode", store: "Store") -> None:
    from broker.model.names import QueueName
    from broker.model.queue import Queue

    name = QueueName.parse(f"{LOCATION}/queues/q")
    assert name
    await store.queues.create(Queue(name), max_queues=1)
    told = await run("reflection.py", "grpc", node)
    methods = defaultdict(set)
    for rpc in SERVED:
        methods[rpc.service].add(rpc.method)
    assert told["services"] == told["services by alpha"] == sorted([*methods, *STANDARD])
    assert {service: set(told["methods"][service]) & methods[service] for service in methods} == methods
    assert "type" in told["queue"]
    assert told["unknown"] == "unknown"
    assert [request["url"] for request in told["created"]] == ["http://127.0.0.1:1/"] * 2


@pytest.mark.parametrize("rpc", SERVED, ids=lambda rpc: f"{rpc.service}.{rpc.method} {rpc.verb} {rpc.path}")
def test_a_method_is_shown_with_its_messages(rpc: Rpc) -> None:
    """What our classes write, those that a client makes of the descriptors read."""
    service = DESCRIPTORS.pool.FindServiceByName(rpc.service)
    method = service.methods_by_name[rpc.method]
    for shown, ours in ((method.input_type, rpc.request.DESCRIPTOR), (method.output_type, rpc.response.DESCRIPTOR)):
        assert message_factory.GetMessageClass(shown).DESCRIPTOR.full_name == ours.full_name
        assert [(field.number, field.name, field.type) for field in shown.fields] == [
            (field.number, field.name.removesuffix("_"), field.type) for field in ours.fields
        ]


DESCRIPTORS = ApiDescriptors(RPCS)
