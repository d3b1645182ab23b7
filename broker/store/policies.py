"""The IAM policies of queues: two fields of the queue's hash, so that a policy goes with its queue."""

import json
from dataclasses import asdict, replace
from typing import Any

from broker.model.names import QueueName
from broker.model.policy import EMPTY_ETAG, Binding, Condition, Policy
from broker.store import scripts
from broker.store.backend import Backend
from broker.store.outcomes import PolicyChanged, QueueMissing
from broker.store.queues import new_request_id

_GET = scripts.load("queue_get", arguments="name")
_SET = scripts.load("queue_set_policy", arguments="name request expected unset policy")


class PolicyStore:
    """Policies by queue. Reading and replacing one is one script each, and atomic."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get(self, queue: QueueName) -> Policy:
        """The queue's policy; one without bindings if none was set. Raises QueueMissing."""
        answer = await self._backend.run(_GET, self._backend.keys.partition_of(queue), str(queue))
        if not answer:
            raise QueueMissing
        _, flat = answer
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        stored = fields.get(b"policy")
        return Policy(_bindings(stored), fields[b"policy_etag"]) if stored else Policy()

    async def set(self, queue: QueueName, policy: Policy, *, expected: bytes) -> Policy:
        """Replace the queue's policy; the new one has an etag of its own.

        `expected` is the etag of the policy to be replaced, empty for any. Raises QueueMissing, PolicyChanged.
        """
        etag = new_request_id()
        partition = self._backend.keys.partition_of(queue)
        answer, *present = await self._backend.run(
            _SET, partition, str(queue), etag, expected, EMPTY_ETAG, _packed(policy)
        )
        if answer == b"missing":
            raise QueueMissing
        if answer == b"conflict":
            raise PolicyChanged(present[0])
        return replace(policy, etag=etag)


def _packed(policy: Policy) -> bytes:
    bindings = [asdict(binding) for binding in policy.bindings]
    return json.dumps(bindings, ensure_ascii=False, separators=(",", ":")).encode()


def _bindings(stored: bytes) -> tuple[Binding, ...]:
    return tuple(map(_binding, json.loads(stored)))


def _binding(fields: dict[str, Any]) -> Binding:
    condition = fields["condition"]
    return Binding(fields["role"], tuple(fields["members"]), Condition(**condition) if condition else None)
