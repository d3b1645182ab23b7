"""What a queue's IAM policy may say (Cloud Tasks specification, section 7; the rest are IAM's own limits)."""

import re
from collections.abc import Sequence

from broker.model.permissions import ROLE_PREFIX, ROLES
from broker.model.policy import CONDITIONAL_VERSION, Binding, Condition
from broker.service import our_texts, policy_texts

VERSIONS = (0, 1, CONDITIONAL_VERSION)
"""The versions of the format that a caller can name."""

WITHOUT_CONDITION = "_withcond_"
"""In the role of a binding: its condition was left out for a reader that knows none."""

_MOST_MEMBERS = 1500
_MOST_GROUPS = 250
_LONGEST_MEMBER = 1000
_LONGEST_TITLE = 100
_LONGEST_DESCRIPTION = 256
_LONGEST_EXPRESSION = 12_000

_role = re.compile(r"((projects|organizations)/[A-Za-z0-9\-:.]+/)?roles/[A-Za-z0-9_.]{1,100}")
_address = r"[^\s:/?@]+@[^\s:/?@]+\.[^\s:/?@]+"
_workload = r"[a-z0-9\-:.]+\.svc\.id\.goog\[[^\s\[\]]+\]"
_domain = r"[^\s:/?@.]+(\.[^\s:/?@.]+)+"
_former = r"\?uid=[0-9]+"
_MEMBERS = {
    "user": re.compile(_address),
    "group": re.compile(_address),
    "serviceAccount": re.compile(f"{_address}|{_workload}"),
    "domain": re.compile(_domain),
    "projectOwner": re.compile(r"[A-Za-z0-9\-:.]+"),
    "projectEditor": re.compile(r"[A-Za-z0-9\-:.]+"),
    "projectViewer": re.compile(r"[A-Za-z0-9\-:.]+"),
    "principal": re.compile(r"//[^\s/]+/\S+"),
    "principalSet": re.compile(r"//[^\s/]+/\S+"),
    "deleted": re.compile(f"(user|group|serviceAccount):{_address}{_former}|(principal|principalSet)://[^\\s/]+/\\S+"),
}
"""The kinds of members, and what may follow the colon."""
_EVERYONE = ("allUsers", "allAuthenticatedUsers")


def check_version(version: int) -> None:
    """Raise HeadraceError for a version of the format that does not exist."""
    if version not in VERSIONS:
        raise our_texts.policy_version_unknown(version)


def check_bindings(bindings: Sequence[Binding], version: int) -> None:
    """Raise HeadraceError for bindings that a policy of this version cannot have."""
    check_version(version)
    members = [member for binding in bindings for member in binding.members]
    if len(members) > _MOST_MEMBERS:
        raise our_texts.too_many_members("members", _MOST_MEMBERS)
    if sum(member.startswith("group:") for member in members) > _MOST_GROUPS:
        raise our_texts.too_many_members("groups", _MOST_GROUPS)
    for index, binding in enumerate(bindings):
        _check_role(binding.role)
        if not binding.members:
            raise our_texts.required(f"Policy.bindings[{index}].members")
        for member in binding.members:
            _check_member(member)
        if binding.condition is not None:
            _check_condition(binding.condition, version, f"Policy.bindings[{index}].condition")


def _check_role(role: str) -> None:
    unknown = role.startswith(ROLE_PREFIX) and role not in ROLES
    if unknown or WITHOUT_CONDITION in role or not _role.fullmatch(role):
        raise policy_texts.role_unsupported(role)


def _check_member(member: str) -> None:
    if member in _EVERYONE:
        return
    kind, _, value = member.partition(":")
    pattern = _MEMBERS.get(kind)
    if pattern is None:
        raise policy_texts.member_kind_unknown(member)
    if len(member) > _LONGEST_MEMBER or not pattern.fullmatch(value):
        raise our_texts.member_malformed(member)


def _check_condition(condition: Condition, version: int, where: str) -> None:
    if version != CONDITIONAL_VERSION:
        raise our_texts.policy_needs_version()
    limits = {"title": _LONGEST_TITLE, "expression": _LONGEST_EXPRESSION, "description": _LONGEST_DESCRIPTION}
    for field, longest in limits.items():
        text = getattr(condition, field)
        if not text.strip() and field != "description":
            raise our_texts.required(f"{where}.{field}")
        if len(text) > longest:
            raise our_texts.text_too_long(f"{where}.{field}", longest)
