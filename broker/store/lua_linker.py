"""Linking a script with what it uses of `lua/lib`, and with nothing else.

Redis runs the whole text of a script at every call, so each helper that is defined costs, used or not: about a third
of a microsecond, which for forty helpers is more than the script's own work. A library file is a table of functions;
only those that the script reaches are brought in, after what they need themselves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)
_DEFINITION = re.compile(r"^(?:local function (\w+)|function \w+\.(\w+))\(")
_MEMBER = re.compile(r"\b(\w+)\.(\w+)")
_WORD = re.compile(r"\b\w+\b")


class LinkError(Exception):
    """A library file is missing, includes itself, or is not laid out as the linker expects."""


@dataclass(frozen=True, slots=True)
class _Library:
    """One file of `lua/lib`: functions by name, and the lines that belong to none of them."""

    preamble: str
    functions: dict[str, str]


def link(body: str, read: Callable[[str], str]) -> list[str]:
    """The texts to put before `body`: of every library it includes, what it reaches. Raises LinkError.

    `read` answers the text of a library by its name.
    """
    libraries: dict[str, _Library] = {}
    _collect(body, read, libraries, ())
    used: dict[str, set[str]] = {name: set() for name in libraries}
    _reach(body, None, libraries, used)
    return [_pick(libraries[name], used[name]) for name in libraries if used[name]]


def _collect(text: str, read: Callable[[str], str], libraries: dict[str, _Library], path: tuple[str, ...]) -> None:
    """Add the libraries that `text` includes, each after those it includes itself."""
    for name in _INCLUDE.findall(text):
        if name in path:
            raise LinkError(f"lua/lib includes in a circle: {' -> '.join((*path, name))}")
        if name not in libraries:
            library = read(name)
            _collect(library, read, libraries, (*path, name))
            libraries[name] = _parse(name, library)


def _parse(name: str, text: str) -> _Library:
    preamble: list[str] = []
    functions: dict[str, str] = {}
    lines = iter(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--"))
    for line in lines:
        match = _DEFINITION.match(line)
        if not match:
            preamble.append(line)
            continue
        block = [line]
        while not (block[-1] == "end" or (len(block) == 1 and line.endswith(" end"))):
            following = next(lines, None)
            if following is None:
                raise LinkError(f"lua/lib/{name}.lua: the function {match[1] or match[2]} has no end")
            block.append(following)
        functions[match[1] or match[2]] = "\n".join(block)
    return _Library("\n".join(preamble), functions)


def _reach(text: str, within: str | None, libraries: dict[str, _Library], used: dict[str, set[str]]) -> None:
    """Mark what `text` uses, and what that uses in turn. `within` is the library that `text` belongs to."""
    uses = {(name, member) for name, member in _MEMBER.findall(text) if name in libraries}
    if within:
        uses |= {(within, word) for word in _WORD.findall(text) if word in libraries[within].functions}
    for name, member in sorted(uses):
        first_use = not used[name]
        if member in used[name]:
            continue
        used[name].add(member)
        if first_use:
            _reach(libraries[name].preamble, name, libraries, used)
        if member in libraries[name].functions:
            _reach(libraries[name].functions[member], name, libraries, used)


def _pick(library: _Library, members: set[str]) -> str:
    return "\n".join([library.preamble, *(text for name, text in library.functions.items() if name in members)])
