"""google.longrunning.Operations, and how a call becomes an operation that is done (Cloud Tasks specification, 3.10)."""

from collections.abc import Awaitable, Callable
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from broker.api.moments import timestamp
from broker.api.statuses import status_message
from broker.model.names import OperationName
from broker.service import operations, our_texts
from broker.service.batches import BatchOutcome
from broker.service.broker import Broker

Perform = Callable[[OperationName], Awaitable[Any]]
"""Makes the message of an operation of that name."""


async def get_operation(broker: Broker, request: Any) -> Any:
    """GetOperation."""
    return operations_pb2.Operation.FromString(await operations.get_operation(broker, request.name))


async def run_once(broker: Broker, request: Any, perform: Perform) -> Any:
    """The operation of a request with `parent` and `request_id`: what was answered the first time, or `perform`'s."""
    call = operations.OperationCall(
        method=request.DESCRIPTOR.full_name,
        queue=request.parent,
        request_id=request.request_id,
        content=request.SerializeToString(deterministic=True),
    )

    async def serialized(name: OperationName) -> bytes:
        payload: bytes = (await perform(name)).SerializeToString()
        return payload

    return operations_pb2.Operation.FromString(await operations.run_once(broker, call, serialized))


def batch_operation(name: OperationName, outcome: BatchOutcome[Any], metadata_class: Any, response: Any = None) -> Any:
    """The message of a batch that is done; `response` is what to answer if some of it succeeded, by default nothing."""
    metadata = metadata_class(
        start_time=timestamp(outcome.start_us),
        end_time=timestamp(outcome.end_us),
        state=_state(outcome),
        failed_requests={index: status_message(error) for index, error in outcome.errors.items()},
    )
    operation = operations_pb2.Operation(name=str(name), done=True)
    operation.metadata.Pack(metadata)
    if outcome.answers:
        operation.response.Pack(response or empty_pb2.Empty())
    else:
        operation.error.CopyFrom(status_message(our_texts.nothing_succeeded(metadata_class.DESCRIPTOR.name)))
    return operation


def _state(outcome: BatchOutcome[Any]) -> str:
    if not outcome.answers:
        return "FAILED"
    return "PARTIALLY_SUCCEEDED" if outcome.errors else "SUCCEEDED"
