"""The errors of IAM policies, worded as IAM words them for other services: those of Cloud Tasks are not recorded."""

from broker.errors import Code, HeadraceError
from broker.service.wording import invalid, quoted


def policy_changed(given: bytes, present: bytes) -> HeadraceError:
    """A policy whose etag is not that of the present one."""
    return HeadraceError(
        Code.ABORTED,
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
        f"The request's ETag '{_octal(given)}' did not match the current policy's ETag '{_octal(present)}'.",
    )


def role_unsupported(role: str) -> HeadraceError:
    """A role that cannot be granted on a queue, or that there is not."""
    return invalid(f"Role {quoted(role)} is not supported for this resource.")


def member_kind_unknown(member: str) -> HeadraceError:
    """A member without one of IAM's prefixes."""
    return invalid(f"The member {quoted(member)} is of an unknown type. Please set a valid type prefix for the member.")


def permission_unknown(permission: str) -> HeadraceError:
    """A permission that there is not, or a pattern of permissions."""
    return invalid(f"Permission {quoted(permission)} is not valid for this resource.")


def _octal(etag: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in etag[:100])
