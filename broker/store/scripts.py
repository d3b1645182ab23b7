"""The Redis scripts: read from the `lua` package, includes resolved, arguments named by their headers.

A script's header names its KEYS and ARGV in order. From it the loader makes the script's local variables, and checks
that the caller names the same arguments, so the two cannot drift apart. A last argument `* a b c` repeats; in the
script it is the flat list `rows`.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from broker.store.lua_linker import link

_SECTION = re.compile(r"^-- (KEYS|ARGV)$")
_ARGUMENT = re.compile(r"^--   (\w+): ")
_MOST_UNPACKED = 5000
"""Lua unpacks fewer than 8000 values at once, at a tenth of the cost of a loop."""
_ROWS = re.compile(r"^--   \* ([\w ]+): ")


class ScriptError(Exception):
    """A script's file is not as the loader expects it: a defect of the program, found at start."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script ready for EVALSHA. `keys` and `arguments` are names in order; `row` names one repeated group."""

    name: str
    source: str
    sha: str
    keys: tuple[str, ...]
    arguments: tuple[str, ...]
    row: tuple[str, ...]


@cache
def load(name: str, *, arguments: str, row: str = "") -> Script:
    """The script `lua/<name>.lua`, for a caller that passes these arguments in this order.

    Raises ScriptError when the header names others.
    """
    script = parse(name, _read(f"{name}.lua"))
    if script.arguments != tuple(arguments.split()) or script.row != tuple(row.split()):
        raise ScriptError(
            f"lua/{name}.lua takes {' '.join(script.arguments)} * {' '.join(script.row)}; "
            f"the caller passes {arguments} * {row}"
        )
    return script


def parse(name: str, text: str) -> Script:
    """Make a script of a file's text: header, includes before the body, locals for the arguments."""
    flags, _, body = text.partition("\n")
    if not flags.startswith("#!lua"):
        raise ScriptError(f"lua/{name}.lua does not begin with #!lua")
    keys, arguments, row = _header(name, body)
    libraries = link(body, lambda library: _read(f"lib/{library}.lua"))
    source = "\n".join([flags, _locals(keys, arguments, row), *libraries, body])
    return Script(name, source, hashlib.sha1(source.encode()).hexdigest(), keys, arguments, row)


def names() -> list[str]:
    """Every script there is."""
    return sorted(path.name.removesuffix(".lua") for path in files("lua").iterdir() if path.name.endswith(".lua"))


def _read(path: str) -> str:
    return files("lua").joinpath(path).read_text(encoding="utf-8")


def _header(name: str, body: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    found: dict[str, list[str]] = {"KEYS": [], "ARGV": []}
    row: tuple[str, ...] = ()
    section = ""
    for line in body.splitlines():
        if match := _SECTION.match(line):
            section = match[1]
        elif section and (match := _ARGUMENT.match(line)):
            found[section].append(match[1])
        elif section and (match := _ROWS.match(line)):
            row = tuple(match[1].split())
        elif line.startswith("-- Returns"):
            break
    else:
        raise ScriptError(f"the header of lua/{name}.lua says nothing of what it returns")
    return tuple(found["KEYS"]), tuple(found["ARGV"]), row


def _locals(keys: tuple[str, ...], arguments: tuple[str, ...], row: tuple[str, ...]) -> str:
    lines = [f"local {key} = KEYS[{i}]" for i, key in enumerate(keys, 1)]
    lines += [f"local {argument} = ARGV[{i}]" for i, argument in enumerate(arguments, 1)]
    if row:
        before = len(arguments)
        at_once = f"local rows = {{unpack(ARGV, {before + 1}, math.min(#ARGV, {_MOST_UNPACKED}))}}"
        lines.append(f"{at_once} for i = {_MOST_UNPACKED + 1}, #ARGV do rows[i - {before}] = ARGV[i] end")
    return " ".join(lines)
