"""google.iam.v1 messages <-> the model. Pure; alike in all versions of Cloud Tasks."""

from typing import Any

from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from broker.model.policy import Binding, Condition, Policy


def read_policy(policy: Any) -> Policy:
    """The bindings and the etag of a policy as a caller wants it to be."""
    return Policy(tuple(map(_read_binding, policy.bindings)), policy.etag)


def policy_message(policy: Policy) -> Any:
    """A policy as callers see it."""
    bindings = [
        policy_pb2.Binding(
            role=binding.role,
            members=binding.members,
            condition=binding.condition and _condition_message(binding.condition),
        )
        for binding in policy.bindings
    ]
    return policy_pb2.Policy(version=policy.version, bindings=bindings, etag=policy.etag)


def _read_binding(binding: Any) -> Binding:
    condition = None
    if binding.HasField("condition"):
        given = binding.condition
        condition = Condition(given.expression, given.title, given.description, given.location)
    return Binding(binding.role, tuple(dict.fromkeys(binding.members)), condition)


def _condition_message(condition: Condition) -> Any:
    return expr_pb2.Expr(
        expression=condition.expression,
        title=condition.title,
        description=condition.description,
        location=condition.location,
    )
