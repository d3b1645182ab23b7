"""A read-modify-write of a queue's IAM policy with the official client of a version, and what is refused."""

import json

from connection import LOCATION, connect, error_of
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2
from google.protobuf import field_mask_pb2, json_format

QUEUE = f"{LOCATION}/queues/guarded"
BINDING = policy_pb2.Binding(role="roles/cloudtasks.enqueuer", members=["user:ada@example.com"])

client = connect()


def get(resource=QUEUE, version=0):
    options = options_pb2.GetPolicyOptions(requested_policy_version=version)
    return client.get_iam_policy(request=iam_policy_pb2.GetIamPolicyRequest(resource=resource, options=options))


def put(policy, paths=()):
    mask = field_mask_pb2.FieldMask(paths=paths)
    return client.set_iam_policy(
        request=iam_policy_pb2.SetIamPolicyRequest(resource=QUEUE, policy=policy, update_mask=mask)
    )


def granted(resource, permissions):
    request = iam_policy_pb2.TestIamPermissionsRequest(resource=resource, permissions=permissions)
    return list(client.test_iam_permissions(request=request).permissions)


def without_etag(policy):
    return json_format.MessageToDict(policy_pb2.Policy(version=policy.version, bindings=policy.bindings))


client.create_queue(parent=LOCATION, queue={"name": QUEUE})
empty = get()
empty.bindings.append(BINDING)
first = put(empty)
read, again = get(), get()
second = put(policy_pb2.Policy())
answers = {
    "empty etag": empty.etag.hex(),
    "stored": without_etag(read),
    "same etag": read.etag == first.etag == again.etag,
    "new etag": second.etag not in (empty.etag, first.etag),
    "overwritten": without_etag(get()),
    "stale": error_of(put, policy=first),
    "kept by a mask": put(policy_pb2.Policy(bindings=[BINDING]), ["version"]) == second,
    "granted": granted(QUEUE, ["cloudtasks.tasks.create", "cloudtasks.queues.get"]),
    "granted on nothing": granted(f"{QUEUE}-2", ["cloudtasks.tasks.create"]),
    "unknown permission": error_of(granted, resource=QUEUE, permissions=("cloudtasks.*",)),
    "missing": error_of(get, resource=f"{QUEUE}-2"),
}
print(json.dumps(answers))
