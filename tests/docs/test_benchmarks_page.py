"""docs/benchmarks.md shows the results that are kept."""

from tests.bench import page, report
from tests.bench.suite import SUITE


def test_the_tables_are_those_of_the_results():
    text = page.PAGE.read_text()
    assert page.filled(text, report.read(page.RESULTS)) == text


def test_every_benchmark_is_shown():
    text = page.PAGE.read_text()
    assert all(f"<!-- {name} -->" in text for name in SUITE)
