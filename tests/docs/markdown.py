"""Reading the project's Markdown pages: code blocks, tables, what is mentioned."""

import re
from pathlib import Path

from tests.support.up import ROOT

_NOT_OURS = {".venv", ".venv-lock", "build", "node_modules"}


def pages() -> list[Path]:
    """Every page of the project."""
    paths = (path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parent.parts))
    return sorted(path for path in paths if not _NOT_OURS & set(path.parts))


def name_of(page: Path) -> str:
    """A page's path in the project, as the id of a test."""
    return str(page.relative_to(ROOT))


def text_of(name: str) -> str:
    """The text of a page of this name."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def table_rows(text: str, *header: str) -> list[list[str]]:
    """The cells of all tables with this header line, without backticks."""
    rows, inside = [], False
    for line in text.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split(" |")] if line.startswith("|") else []
        if inside and cells and not set(line) <= set("|- "):
            rows.append(cells)
        inside = bool(cells) and (inside or cells == list(header))
    return rows
