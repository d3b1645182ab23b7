"""The enums of Cloud Tasks v2 that more than one message uses."""

from google.cloud.tasks_v2 import types

from broker.errors import Code, HeadraceError
from broker.model.task import HttpMethod

_METHODS = {int(getattr(types.HttpMethod, method.value)): method for method in HttpMethod}


def read_method(number: int, where: str) -> HttpMethod | None:
    """The method with this number, None if it is unspecified. `where` is the path named in an error."""
    if number and number not in _METHODS:
        raise unknown_enum(where, "HttpMethod", number)
    return _METHODS.get(number)


def unknown_enum(where: str, kind: str, number: int) -> HeadraceError:
    """INVALID_ARGUMENT: the enum `kind` has no value with this number."""
    text = f"Invalid value at '{where}' (type.googleapis.com/google.cloud.tasks.v2.{kind}), {number}"
    return HeadraceError(Code.INVALID_ARGUMENT, text)
