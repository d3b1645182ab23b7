"""The use cases of IAM policies (Cloud Tasks specification, 3.7 and 7): they are kept, not enforced yet."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace

from broker.model.permissions import PERMISSIONS
from broker.model.policy import CONDITIONAL_VERSION, Binding, Policy
from broker.service import our_texts, policy_texts, texts
from broker.service.broker import Broker
from broker.service.name_rules import queue_name
from broker.service.policy_rules import WITHOUT_CONDITION, check_bindings, check_version
from broker.store.outcomes import PolicyChanged, QueueMissing

_MASK_PATHS = frozenset({"bindings", "etag", "version"})
_USUAL_MASK = ("bindings", "etag")
_EVERYTHING = "*"


async def get_iam_policy(broker: Broker, resource: str, *, version: int) -> Policy:
    """The queue's policy; for a caller that knows no conditions (`version` below 3) without them.

    A binding with a condition then shows under a role that cannot be granted, so that it is not taken for one without.
    """
    name = queue_name(resource)
    check_version(version)
    try:
        policy = await broker.store.policies.get(name)
    except QueueMissing:
        raise texts.queue_missing() from None
    return policy if version == CONDITIONAL_VERSION else _without_conditions(policy)


async def set_iam_policy(broker: Broker, resource: str, policy: Policy, *, version: int, mask: Sequence[str]) -> Policy:
    """Replace the queue's bindings by those of `policy`, which the caller wrote in this version of the format.

    If the policy has an etag it must be that of the present one; without etag whatever is there is replaced. A mask
    without bindings changes nothing.
    """
    name = queue_name(resource)
    for path in mask:
        if path not in _MASK_PATHS | {_EVERYTHING}:
            raise our_texts.mask_path_unknown(path, "a queue's Policy")
    check_bindings(policy.bindings, version)
    try:
        if not {"bindings", _EVERYTHING} & set(mask or _USUAL_MASK):
            return await _unchanged(broker, resource, policy.etag)
        if policy.etag and version != CONDITIONAL_VERSION and (await broker.store.policies.get(name)).has_conditions:
            raise our_texts.policy_needs_version()
        return await broker.store.policies.set(name, policy, expected=policy.etag)
    except QueueMissing:
        raise texts.queue_missing() from None
    except PolicyChanged as changed:
        raise policy_texts.policy_changed(policy.etag, changed.etag) from None


async def test_iam_permissions(broker: Broker, resource: str, permissions: Sequence[str]) -> list[str]:
    """Which of the permissions the caller has on the queue: all, as nothing is enforced yet. None if it is missing."""
    name = queue_name(resource)
    for permission in permissions:
        if permission not in PERMISSIONS:
            raise policy_texts.permission_unknown(permission)
    with suppress(QueueMissing):
        await broker.store.queues.get(name)
        return list(dict.fromkeys(permissions))
    return []


async def _unchanged(broker: Broker, resource: str, etag: bytes) -> Policy:
    present = await broker.store.policies.get(queue_name(resource))
    if etag not in (b"", present.etag):
        raise PolicyChanged(present.etag)
    return present


def _without_conditions(policy: Policy) -> Policy:
    return replace(policy, bindings=tuple(map(_without_condition, policy.bindings)))


def _without_condition(binding: Binding) -> Binding:
    """The binding in version 1 of the format: a hash of the condition stands behind the role."""
    if binding.condition is None:
        return binding
    text = json.dumps(asdict(binding.condition)).encode()
    digest = hashlib.sha256(text).hexdigest()[:20]
    return replace(binding, role=f"{binding.role}{WITHOUT_CONDITION}{digest}", condition=None)
