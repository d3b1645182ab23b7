"""The errors of the admin calls, which only Headrace has."""

from broker.errors import Code, HeadraceError
from broker.service.wording import invalid, quoted


def project_name_malformed() -> HeadraceError:
    """Text that is not the name of a project."""
    return invalid('Project name must be formatted: "projects/<PROJECT_ID>".')


def wait_too_long(largest_s: float) -> HeadraceError:
    """A time to wait that is negative or too long."""
    return invalid(f"timeout must be between 0s and {largest_s:g}s.")


def is_off() -> HeadraceError:
    """A call under /admin/v1 of a node that does not serve them."""
    return HeadraceError(
        Code.PERMISSION_DENIED, "The admin calls are off: start the node with --admin (HEADRACE_ADMIN=true)."
    )


def option_unknown(name: str, known: str) -> HeadraceError:
    """An admin call with an option that it does not have."""
    return invalid(f'"{quoted(name)}" is no option of this call; its options are {known or "none"}.')


def option_invalid(name: str, forms: str) -> HeadraceError:
    """An admin call with an option that makes no sense."""
    return invalid(f"{name} must be {forms}.")
