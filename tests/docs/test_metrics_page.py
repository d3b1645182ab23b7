"""docs/metrics.md lists every metric there is, and its queries ask for nothing else."""

import re

from prometheus_client import Gauge

from broker.metrics import Metrics
from broker.tallies import SpreadFamily, TallyFamily
from tests.docs.markdown import table_rows, text_of

PAGE = text_of("docs/metrics.md")


def declared() -> dict[str, tuple[str, str]]:
    """Type and labels of every metric, by the name that is exposed."""
    found = {}
    for attribute in vars(Metrics()).values():
        if isinstance(attribute, TallyFamily | SpreadFamily | Gauge):
            (metric,) = attribute.describe()
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            labels = attribute._labelnames if isinstance(attribute, Gauge) else attribute.label_names
            found[name] = (metric.type, ", ".join(labels))
    return found


def test_every_metric_is_listed():
    rows = table_rows(PAGE, "metric", "type", "labels", "counted by", "meaning")
    assert {name: (kind, labels) for name, kind, labels, *_ in rows} == declared()
    assert len(rows) == len(declared())


async def test_it_knows_every_exposed_metric():
    described = re.findall(r"^# TYPE (\S+) ", (await Metrics().exposition()).decode(), re.MULTILINE)
    assert set(described) == set(declared())


def test_queries_name_metrics_that_exist():
    mentioned = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bheadrace_\w+", PAGE)}
    assert mentioned == set(declared())
