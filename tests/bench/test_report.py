"""What is made of results: judgements, pictures, tables."""

from xml.etree import ElementTree

import pytest

from tests.bench.page import filled
from tests.bench.plot import svg
from tests.bench.report import Figure, Plot, Report, quantile, quantile_curve


@pytest.mark.parametrize(
    ("figure", "is_met"),
    [
        (Figure("f", 5, "ms"), None),
        (Figure("f", 5, "ms", at_most=5), True),
        (Figure("f", 6, "ms", at_most=5), False),
        (Figure("f", 0, "tasks", at_most=0), True),
        (Figure("f", 50, "tasks/s", limit="wrk", limit_value=100, at_least=0.5), True),
        (Figure("f", 49, "tasks/s", limit="wrk", limit_value=100, at_least=0.5), False),
    ],
)
def test_a_budget_is_for_the_ratio_where_there_is_a_limit(figure, is_met):
    assert figure.is_met is is_met


def test_quantiles():
    values = list(range(1000))
    assert [quantile(values, share) for share in (0, 0.5, 0.99, 1)] == [0, 500, 990, 999]
    assert quantile_curve(values)[-1] == (pytest.approx(1000), 999)


@pytest.mark.parametrize("is_log", [False, True])
def test_a_picture_holds_every_point(is_log):
    curves = {"a & b": [(1.0, 0.5), (10.0, 5.0), (100.0, 50.0)], "c": [(1.0, 2.0)]}
    picture = ElementTree.fromstring(svg(Plot("p", "t <1>", "x", "y", curves, is_log, is_log)))
    assert len(picture.findall("{http://www.w3.org/2000/svg}circle")) == 4


def test_the_page_is_filled_where_it_says_so():
    report = Report("drain")
    report.figure("rate", 1234.5, "tasks/s", limit="wrk", limit_value=2469.0, at_least=0.5)
    benchmark = report.as_json() | {"when": "today", "seconds": 3, "sizes": {"tasks": 9}, "others": 0.1}
    results = {"machine": {"processor": "2 x any"}, "benchmarks": {"drain": benchmark}, "peers": {}}
    text = filled("words\n\n<!-- drain -->\nold\n<!-- end -->\n\n<!-- scale -->\n<!-- end -->\n", results)
    assert "words" in text
    assert "old" not in text
    assert "| rate | 1,234 tasks/s | 2,469 wrk | 0.50 | at least 0.5 x: met |" in text
    assert "Not measured yet." in text
    assert filled(text, results) == text
