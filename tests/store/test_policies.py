"""The script that replaces a policy: what it changes, what it refuses, and its repetition."""

import pytest

from broker.model.policy import EMPTY_ETAG, Binding, Policy
from broker.store import scripts
from broker.store.outcomes import PolicyChanged, QueueMissing
from tests.support.seeds import queue_name, seed_queue
from tests.support.snapshot import changes, partition_values

POLICY = Policy((Binding("roles/cloudtasks.viewer", ("user:ä@example.com",)),))
STORED = '[{"role":"roles/cloudtasks.viewer","members":["user:ä@example.com"],"condition":null}]'


async def test_setting_a_policy_changes_nothing_else(store):
    await seed_queue(store)
    before = await partition_values(store)
    policy = await store.policies.set(queue_name(), POLICY, expected=EMPTY_ETAG)
    assert changes(before, await partition_values(store)) == {"1/policy": STORED}
    assert await store.policies.get(queue_name()) == policy


async def test_another_etag_is_refused_with_the_present_one(store):
    await seed_queue(store)
    policy = await store.policies.set(queue_name(), POLICY, expected=b"")
    with pytest.raises(PolicyChanged) as refused:
        await store.policies.set(queue_name(), Policy(), expected=EMPTY_ETAG)
    assert refused.value.etag == policy.etag
    assert await store.policies.get(queue_name()) == policy


async def test_a_missing_queue_has_no_policy(store):
    with pytest.raises(QueueMissing):
        await store.policies.get(queue_name())
    with pytest.raises(QueueMissing):
        await store.policies.set(queue_name(), POLICY, expected=b"")


async def test_a_repeated_request_answers_as_before(store):
    await seed_queue(store)
    script = scripts.load("queue_set_policy", arguments="name request expected unset policy")
    arguments = (str(queue_name()), b"12345678", EMPTY_ETAG, EMPTY_ETAG, b"[]")
    partition = store.backend.keys.partition_of(queue_name())
    for _ in range(2):
        assert await store.backend.run(script, partition, *arguments) == [b"set"]
    assert (await store.policies.get(queue_name())).etag == b"12345678"
