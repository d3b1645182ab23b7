"""What becomes of good input on its way: bytes and JSON that are changed at random places."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.api.fuzz.values import texts

_ODD_BYTES = [b"", b"\0", b"\xff", b"\x80" * 11, b"%", b"\r\n", b'"', b"{", b"\\u0000", b"\xed\xa0\x80", b"[" * 2000]
_ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e400,
    10**400,
    "",
    "0",
    "é\0",
    "\ud800",
    [],
    [[]],
    {},
    {"": {}},
    [None],
]
_MOST_CHANGES = 3


@st.composite
def mutated(draw: st.DrawFn, payload: bytes) -> bytes:
    """The payload with a few slices replaced, removed or repeated."""
    for _ in range(draw(st.integers(1, _MOST_CHANGES))):
        start = draw(st.integers(0, len(payload)))
        end = draw(st.integers(start, min(len(payload), start + 8)))
        middle = draw(st.sampled_from(_ODD_BYTES) | st.binary(max_size=4) | st.just(payload[start:end] * 2))
        payload = payload[:start] + middle + payload[end:]
    return payload


def mutated_json(value: Any) -> st.SearchStrategy[Any]:
    """The JSON value with one of its parts replaced, renamed, removed or added."""
    return st.sampled_from(_places(value)).flatmap(lambda place: _changed(value, place))


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all parts of a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] + [inner for key, part in parts for inner in _places(part, (*place, key))]


def _changed(value: Any, place: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    odd = st.sampled_from(_ODD_VALUES) | texts
    if not place:
        return odd | odd.map(lambda extra: value | {"extra": extra} if isinstance(value, dict) else extra)
    changes = [odd.map(lambda new: _with(value, place, lambda parent, key: parent.__setitem__(key, new)))]
    if isinstance(place[-1], str):
        changes.append(st.just(_with(value, place, lambda parent, key: parent.pop(key))))
        changes.append(
            texts.map(lambda name: _with(value, place, lambda parent, key: parent.__setitem__(name, parent.pop(key))))
        )
    return st.one_of(changes)


def _with(value: Any, place: tuple[Any, ...], change: Callable[[Any, Any], object]) -> Any:
    """A copy in which `change` was made to the parent of a place."""
    key, *rest = place
    copied = value.copy()
    if rest:
        copied[key] = _with(copied[key], tuple(rest), change)
    else:
        change(copied, key)
    return copied
