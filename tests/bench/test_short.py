"""Each benchmark runs. What it measures is not judged here: it is with sizes at which nothing can be measured."""

import pytest

from tests.bench.machine import Missing
from tests.bench.report import Report
from tests.bench.suite import SUITE


@pytest.mark.parametrize("name", SUITE)
async def test_it_runs(name):
    report = Report(name)
    try:
        await SUITE[name].measure(report, **SUITE[name].tiny)
    except Missing as error:
        pytest.skip(str(error))
    assert report.figures
    assert all(figure.value >= 0 for figure in report.figures)
