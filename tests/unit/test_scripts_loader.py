"""The loader of scripts: callers cannot drift from headers, includes come in order, defects are found at start."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from broker.store import scripts
from broker.store.lua_linker import LinkError, link
from broker.store.scripts import ScriptError

HEADER = """\
-- Do something.
-- KEYS
--   partition: where
-- ARGV
--   now_us: when
--   * id value: what
-- Returns nothing
"""


def parsed(header=HEADER, body="return 1\n", flags="#!lua\n"):
    return scripts.parse("a_script", flags + header + body)


def test_the_header_names_keys_arguments_and_rows():
    script = parsed()
    assert (script.keys, script.arguments, script.row) == (("partition",), ("now_us",), ("id", "value"))


def test_names_become_locals_before_the_body():
    lines = parsed().source.splitlines()
    assert lines[0] == "#!lua"
    assert "local partition = KEYS[1]" in lines[1]
    assert "local now_us = ARGV[1]" in lines[1]
    assert "local rows = {unpack(ARGV, 2, " in lines[1]
    assert "do rows[i - 1] = ARGV[i] end" in lines[1]


def test_the_flags_line_comes_first():
    assert parsed(flags="#!lua flags=no-writes\n").source.startswith("#!lua flags=no-writes\n")


def test_what_follows_the_returns_line_names_no_arguments():
    assert parsed(HEADER + "--   extra: not an argument\n").arguments == ("now_us",)


def test_another_text_is_another_script():
    assert parsed().sha != parsed(body="return 2\n").sha


@pytest.mark.parametrize(
    ("problem", "defect"),
    [
        ({"flags": ""}, "does not begin with #!lua"),
        ({"header": "-- Do something.\n"}, "says nothing of what it returns"),
    ],
)
def test_a_script_without_its_header_is_refused(problem, defect):
    with pytest.raises(ScriptError, match=defect):
        parsed(**problem)


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        ("now_us", ""),
        ("now_us limit extra", ""),
        ("limit now_us", ""),
        ("now_us limit", "field"),
        ("", ""),
    ],
)
def test_a_caller_that_names_other_arguments_is_refused(arguments, row):
    scripts.load("garbage_sweep", arguments="now_us limit")
    with pytest.raises(ScriptError, match=r"lua/garbage_sweep.lua takes now_us limit"):
        scripts.load("garbage_sweep", arguments=arguments, row=row)


def test_every_script_has_a_caller():
    """Whose import refuses what has drifted."""
    from broker import store

    sources = [path.read_text() for path in Path(store.__path__[0]).glob("*.py")]
    called = {name for source in sources for name in re.findall(r'scripts\.load\(\s*"(\w+)"', source)}
    assert called == set(scripts.names())


def linked(body, **libraries):
    return "\n".join(link(body, libraries.__getitem__))


def library(name, *includes, body="return 1"):
    lines = [*(f"--@include {include}" for include in includes), f"local {name} = {{}}", ""]
    return "\n".join([*lines, f"function {name}.f()", f"  {body}", "end", ""])


def test_a_library_comes_once_and_after_what_it_needs():
    text = linked(
        "--@include top\n--@include base\nreturn top.f() + base.f()",
        top=library("top", "middle", body="return middle.f()"),
        middle=library("middle", "base", body="return base.f()"),
        base=library("base"),
    )
    order = [text.index(f"local {name} = {{}}") for name in ("base", "middle", "top")]
    assert order == sorted(order)
    assert text.count("local base = {}") == 1


def test_what_is_not_reached_is_left_out():
    two = library("tools") + "\nfunction tools.unused()\n  return 2\nend\n"
    text = linked("--@include tools\nreturn tools.f()", tools=two)
    assert "tools.f" in text
    assert "unused" not in text


def test_local_helpers_of_a_reached_function_come_with_it():
    helper = (
        "local tools = {}\n\nlocal function helper()\n  return 1\nend\n\nfunction tools.f()\n  return helper()\nend\n"
    )
    assert "helper()\n  return 1" in linked("--@include tools\nreturn tools.f()", tools=helper)


def test_includes_in_a_circle_are_refused():
    with pytest.raises(LinkError, match="a -> b -> a"):
        linked("--@include a\nreturn a.f()", a=library("a", "b"), b=library("b", "a"))


def test_an_include_that_is_not_there_is_refused():
    with pytest.raises((LinkError, ScriptError, FileNotFoundError), match="nowhere"):
        parsed(body="--@include nowhere\nreturn nowhere.f()\n")


def test_a_function_without_an_end_is_refused():
    with pytest.raises(LinkError, match="has no end"):
        linked("--@include a\nreturn a.f()", a="local a = {}\nfunction a.f()\n  return 1\n")


def test_only_what_adds_tasks_or_queues_is_refused_by_a_full_server():
    adding = {name for name in scripts.names() if _flags(name) == "#!lua"}
    assert adding == {"queue_create", "task_create"}


def _flags(name):
    return scripts.parse(name, scripts._read(f"{name}.lua")).source.splitlines()[0]


@pytest.mark.parametrize("name", scripts.names())
def test_the_linked_script_has_no_lint(name, tmp_path):
    luacheck = shutil.which("luacheck")
    if not luacheck:
        pytest.skip("luacheck is not on PATH")
    script = scripts.parse(name, scripts._read(f"{name}.lua"))
    path = tmp_path / f"{name}.lua"
    path.write_text(script.source.partition("\n")[2])
    command = [luacheck, "--no-color", "--std", "lua51", "--read-globals", "redis", "struct", "KEYS", "ARGV"]
    # A header may name an argument that is not used (211), and libraries name parameters as scripts do (43).
    ignored = ["--ignore", "211", "43", "--no-max-line-length", "--"]
    result = subprocess.run([*command, *ignored, path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
