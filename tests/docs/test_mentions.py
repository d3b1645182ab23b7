"""What any page mentions exists: variables, flags, make targets, files, links."""

import re
from pathlib import Path

import pytest
import typer.main

from broker.cli.main import app
from broker.settings import Settings
from tests.docs.markdown import name_of, pages
from tests.support.up import ROOT

EVERY_PAGE = pytest.mark.parametrize("page", pages(), ids=name_of)
_FLAGS_OF_OTHERS = {"--bind", "--log-sampling-ratio", "--build", "--from-literal", "--set"}
"""Flags of programs that examples use beside `headrace`."""
_FOLDERS = ("broker/", "worker/", "lua/", "tests/", "docs/", "deploy/", "helm/")
_HERE = ("service/", "store/", "api/", "model/", "identity/", "cli/")


def known_variables() -> set[str]:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    return {f"HEADRACE_{name.upper()}" for name in Settings.model_fields} | set(re.findall(r"HEADRACE_TEST_\w+", tests))


def known_flags() -> set[str]:
    main = typer.main.get_command(app)
    commands = [main, *main.commands.values(), *main.commands["queues"].commands.values()]
    return (
        {"--help"}
        | _FLAGS_OF_OTHERS
        | {
            flag
            for command in commands
            for parameter in command.params
            for flag in (*parameter.opts, *parameter.secondary_opts)
        }
    )


def anchor(heading: str) -> str:
    """The anchor that a heading gets where pages are shown."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@EVERY_PAGE
def test_variables_exist(page: Path) -> None:
    assert set(re.findall(r"\bHEADRACE_[A-Z_]+\b", page.read_text())) <= known_variables()


@EVERY_PAGE
def test_flags_exist(page: Path) -> None:
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page.read_text())) <= known_flags()


@EVERY_PAGE
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", page.read_text(), re.MULTILINE)) <= targets


@EVERY_PAGE
def test_files_exist(page: Path) -> None:
    for path in re.findall(r"`([\w./-]+/[\w./-]*)`", page.read_text()):
        if path.startswith(_FOLDERS):
            assert (ROOT / path).exists(), path
        elif path.startswith(_HERE):
            assert (ROOT / "broker" / path).exists(), path


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), link
