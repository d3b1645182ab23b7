"""Rows of the RPC table that a test serves itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf import empty_pb2

from broker.api.rpcs import RPCS, Rpc

ROWS = {rpc.method: rpc for rpc in RPCS if rpc.path.startswith("/v2/")}


def row(method: str, answer: Callable[[Any], Any]) -> Rpc:
    """The row of a method, served by `answer`."""

    async def handler(_broker: Any, request: Any) -> Any:
        return answer(request)

    return replace(ROWS[method], handler=handler)


def recording(method: str) -> tuple[Rpc, list[Any]]:
    """The row of a method that answers nothing, and what it has been asked."""
    requests: list[Any] = []

    def answer(request: Any) -> Any:
        requests.append(request)
        return empty_pb2.Empty()

    return row(method, answer), requests


def failing(method: str, error: BaseException) -> Rpc:
    """The row of a method that raises."""

    def answer(_request: Any) -> Any:
        raise error

    return row(method, answer)
