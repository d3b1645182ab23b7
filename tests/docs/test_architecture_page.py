"""The tables of ARCHITECTURE.md against the files and the dependencies there are."""

import re
import tomllib

from broker.store import scripts
from tests.docs.markdown import pages, table_rows, text_of
from tests.support.up import ROOT

PAGE = text_of("ARCHITECTURE.md")
ADR_SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]


def test_every_script_is_listed():
    listed = [name for names, _ in table_rows(PAGE, "script", "does") for name in names.split()]
    assert sorted(listed) == scripts.names()


def test_every_dependency_is_listed():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    requirements = sum(project["optional-dependencies"].values(), project["dependencies"])
    listed = [name for names, _ in table_rows(PAGE, "library", "why") for name in names.split(", ")]
    assert sorted(listed) == sorted(re.match(r"[\w-]+", requirement)[0] for requirement in requirements)


def test_every_folder_of_code_is_listed():
    packages = {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("broker/*/__init__.py")}
    assert {name for name, *_ in table_rows(PAGE, "folder", "what is there", "knows")} == packages | {"worker", "lua"}


def test_decision_records_have_one_form():
    records = [page for page in pages() if page.parent == ROOT / "docs" / "adr"]
    assert [int(page.name[:4]) for page in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text()
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ADR_SECTIONS, record.name
        assert re.search(r"^Status: (accepted|superseded by \d+)$", text, re.MULTILINE), record.name
        assert len(text.splitlines()) < 60, record.name
