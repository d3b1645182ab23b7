"""Long-running operations: calls that are done when they answer, and answer the same when they are repeated.

The answer of the first call is kept under the operation's name, which is made of the call's request id. What an
answer is made of is the adapters' business: here it is bytes.
"""

import hashlib
import re
import uuid
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from broker.model.names import OperationName
from broker.service import our_texts, texts
from broker.service.broker import Broker
from broker.service.name_rules import queue_name

_UNREPEATABLE_KEPT_S = 3_600
"""How long the operation of a call without a request id can be read: nobody can repeat the call."""
_DIGEST_BYTES = 32
_uuid = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class OperationCall:
    """A call that makes an operation. A request id is one of its method and queue."""

    method: str
    queue: str
    request_id: str
    content: bytes
    """All that was asked."""


Perform = Callable[[OperationName], Awaitable[bytes]]


async def run_once(broker: Broker, call: OperationCall, perform: Perform) -> bytes:
    """What `perform` answers, or what it answered to the first call with the same request id.

    If it raises nothing is kept: the repeated call performs again, under the same name. Two calls at the same time
    both perform, and both answer what was kept first. Raises HeadraceError.
    """
    name = OperationName(queue_name(call.queue).parent, _operation_id(call))
    digest = hashlib.sha256(call.content).digest()
    if call.request_id and (kept := await broker.store.operations.get(name)):
        return _answer(kept, digest)
    content = digest + zlib.compress(await perform(name))
    ttl_s = broker.limits.batch_request_id_s if call.request_id else _UNREPEATABLE_KEPT_S
    return _answer(await broker.store.operations.keep(name, content, ttl_s=ttl_s), digest)


async def get_operation(broker: Broker, text: str) -> bytes:
    """What the operation of that name answered. Raises NOT_FOUND once it is forgotten."""
    name = OperationName.parse(text)
    kept = await broker.store.operations.get(name) if name else None
    if kept is None:
        raise texts.entity_missing()
    return zlib.decompress(kept[_DIGEST_BYTES:])


def _operation_id(call: OperationCall) -> str:
    if not call.request_id:
        return uuid.uuid4().hex
    if not _uuid.fullmatch(call.request_id):
        raise our_texts.request_id_malformed(call.request_id)
    return hashlib.sha256(f"{call.method}\n{call.queue}\n{call.request_id.lower()}".encode()).hexdigest()[:32]


def _answer(kept: bytes, digest: bytes) -> bytes:
    if kept[:_DIGEST_BYTES] != digest:
        raise our_texts.request_id_reused()
    return zlib.decompress(kept[_DIGEST_BYTES:])
