"""The use cases of IAM policies against a real store: what is kept, and what is refused (7)."""

import re

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.permissions import PERMISSIONS
from broker.model.policy import EMPTY_ETAG, Binding, Condition, Policy
from broker.service import policies, queues
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft
from broker.service.policy_rules import check_bindings

PARENT = "projects/p/locations/l"
NAME = f"{PARENT}/queues/q"
ADA = ("user:ada@example.com",)
PLAIN = Binding("roles/cloudtasks.viewer", ADA)
CONDITION = Condition("request.time < timestamp('2030-01-01T00:00:00Z')", "for now", "a description", "file:1")
CONDITIONAL = Binding("roles/cloudtasks.enqueuer", ADA, CONDITION)


@pytest.fixture
def broker(store, runner):
    broker = Broker(store, Limits(), Metrics())
    runner.run(queues.create_queue(broker, PARENT, QueueDraft(name=NAME)))
    return broker


async def put(broker, *bindings, etag=b"", version=3, mask=()):
    return await policies.set_iam_policy(broker, NAME, Policy(bindings, etag), version=version, mask=mask)


async def get(broker, version=3):
    return await policies.get_iam_policy(broker, NAME, version=version)


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code, refused.value.message


async def test_a_policy_is_kept_as_it_was_set(broker):
    assert await get(broker) == Policy()
    policy = await put(broker, PLAIN, CONDITIONAL)
    assert policy.bindings == (PLAIN, CONDITIONAL)
    assert (policy.version, policy.etag) == (3, (await get(broker)).etag)
    assert await get(broker) == policy


async def test_the_etag_guards_against_other_writers(broker):
    first = await put(broker, PLAIN, etag=EMPTY_ETAG)
    second = await put(broker, etag=first.etag)
    assert len({EMPTY_ETAG, first.etag, second.etag}) == 3
    for stale in (EMPTY_ETAG, first.etag, b"none"):
        assert (await refusal(put(broker, PLAIN, etag=stale)))[0] is Code.ABORTED
    assert await get(broker) == second
    assert (await put(broker, PLAIN)).bindings == (PLAIN,)


async def test_a_queue_and_its_changes_do_not_touch_the_policy(broker):
    policy = await put(broker, PLAIN)
    await queues.update_queue(broker, QueueDraft(name=NAME, max_attempts=9), ())
    await queues.pause_queue(broker, NAME)
    await queues.purge_queue(broker, NAME)
    assert await get(broker) == policy


async def test_a_new_queue_has_not_the_policy_of_a_deleted_one(broker):
    await put(broker, PLAIN)
    await broker.store.queues.delete((await queues.get_queue(broker, NAME)).name, tombstone_us=0)
    missing = (Code.NOT_FOUND, re.compile("Queue does not exist"))
    for call in (get(broker), put(broker, PLAIN), put(broker, mask=["version"])):
        code, text = await refusal(call)
        assert code is missing[0]
        assert missing[1].match(text)
    await queues.create_queue(broker, PARENT, QueueDraft(name=NAME))
    assert await get(broker) == Policy()


async def test_readers_of_older_versions_see_no_condition(broker):
    await put(broker, PLAIN, CONDITIONAL)
    for version in (0, 1):
        policy = await get(broker, version)
        assert policy.bindings[0] == PLAIN
        assert re.fullmatch(r"roles/cloudtasks\.enqueuer_withcond_[0-9a-f]{20}", policy.bindings[1].role)
        assert (policy.bindings[1].condition, policy.version) == (None, 1)
        assert await get(broker, version) == policy
        code, text = await refusal(put(broker, *policy.bindings))
        assert (code, "is not supported for this resource" in text) == (Code.INVALID_ARGUMENT, True)


async def test_conditions_are_not_lost_to_a_writer_of_an_older_version(broker):
    policy = await put(broker, CONDITIONAL)
    assert (await refusal(put(broker, PLAIN, etag=policy.etag, version=1)))[0] is Code.INVALID_ARGUMENT
    assert await get(broker) == policy
    assert (await put(broker, PLAIN, version=1)).bindings == (PLAIN,)


async def test_a_mask_without_bindings_changes_nothing(broker):
    policy = await put(broker, PLAIN)
    assert await put(broker, CONDITIONAL, mask=["etag", "version"]) == policy
    assert (await refusal(put(broker, etag=b"stale", mask=["etag"])))[0] is Code.ABORTED
    assert await get(broker) == policy
    assert (await refusal(put(broker, mask=["audit_configs"])))[0] is Code.INVALID_ARGUMENT
    assert (await put(broker, CONDITIONAL, mask=["bindings"])).bindings == (CONDITIONAL,)


async def test_every_permission_is_granted_on_a_queue_that_is_there(broker):
    asked = sorted(PERMISSIONS)
    assert await policies.test_iam_permissions(broker, NAME, [*asked, asked[0]]) == asked
    assert await policies.test_iam_permissions(broker, f"{NAME}2", asked) == []
    for unknown in ("cloudtasks.tasks.fly", "cloudtasks.*", "*", "", "storage.buckets.list"):
        assert await refusal(policies.test_iam_permissions(broker, NAME, [asked[0], unknown])) == (
            Code.INVALID_ARGUMENT,
            f"Permission {unknown} is not valid for this resource.",
        )


ALLOWED_MEMBERS = (
    "allUsers allAuthenticatedUsers user:a@example.com group:g@example.com domain:example.com "
    "serviceAccount:s@p.iam.gserviceaccount.com serviceAccount:p.svc.id.goog[space/account] projectOwner:p "
    "deleted:user:a@example.com?uid=123 principal://iam.googleapis.com/locations/global/workforcePools/w/subject/s "
    "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/w/group/g"
)
ALLOWED_ROLES = "roles/owner roles/run.invoker roles/cloudtasks.admin projects/p/roles/mine organizations/1/roles/x"


@pytest.mark.parametrize("member", ALLOWED_MEMBERS.split())
def test_members_that_can_be_bound(member):
    check_bindings([Binding("roles/viewer", (member,))], 1)


@pytest.mark.parametrize("role", ALLOWED_ROLES.split())
def test_roles_that_can_be_bound(role):
    check_bindings([Binding(role, ADA)], 0)


UNKNOWN_KIND = "is of an unknown type. Please set a valid type prefix for the member."
REFUSED = {
    "no role": (Binding("", ADA), 1, "Role  is not supported for this resource."),
    "unknown role": (Binding("roles/cloudtasks.king", ADA), 1, "Role roles/cloudtasks.king is not supported"),
    "malformed role": (Binding("viewer", ADA), 1, "Role viewer is not supported for this resource."),
    "no member": (Binding("roles/viewer", ()), 1, "Policy.bindings[0].members must be set."),
    "no kind": (Binding("roles/viewer", ("a@example.com",)), 1, f"The member a@example.com {UNKNOWN_KIND}"),
    "unknown kind": (Binding("roles/viewer", ("robot:r",)), 1, f"The member robot:r {UNKNOWN_KIND}"),
    "no address": (Binding("roles/viewer", ("user:ada",)), 1, 'The member "user:ada" is malformed'),
    "long": (Binding("roles/viewer", (f"user:{'a' * 1000}@b.c",)), 1, "is malformed"),
    "not deleted": (Binding("roles/viewer", ("deleted:user:a@b.c",)), 1, "is malformed"),
    "many": (Binding("roles/viewer", ADA * 1501), 1, "at most 1500 members"),
    "groups": (Binding("roles/viewer", ("group:g@b.c",) * 251), 1, "at most 250 groups"),
    "version 2": (PLAIN, 2, "Policy version 2 is not valid"),
    "old version": (CONDITIONAL, 1, "Policy.version 3"),
    "no title": (Binding("roles/viewer", ADA, Condition("true", "")), 3, "Policy.bindings[0].condition.title"),
    "no expression": (Binding("roles/viewer", ADA, Condition(" ", "t")), 3, "condition.expression must be set."),
    "long title": (Binding("roles/viewer", ADA, Condition("true", "t" * 101)), 3, "at most 100 characters"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bindings_that_are_refused(name):
    binding, version, text = REFUSED[name]
    with pytest.raises(HeadraceError) as refused:
        check_bindings([binding], version)
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert text in refused.value.message
