"""Counters and histograms of several processes as one, so that a scrape of any of them tells of all."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Counts = dict[str, Metric]
"""Metrics of one process by name."""


class MetricSum(Collector):
    """Adds up what processes have counted. What a process counted before it ended stays in the sum.

    No number falls below what was shown before: otherwise Prometheus would take the difference for a restart.
    """

    def __init__(self) -> None:
        self._latest: dict[int, Counts] = {}
        self._ended: list[Counts] = []

    def update(self, latest: Mapping[int, bytes], living: Iterable[int]) -> None:
        """Take in expositions by process id. Of a process in `living` that is not among them the last one holds."""
        for pid, exposition in latest.items():
            self._latest[pid] = {family.name: family for family in text_string_to_metric_families(exposition.decode())}
        ended = self._latest.keys() - set(living) - latest.keys()
        self._ended = [_added([*self._ended, *(self._latest.pop(pid) for pid in ended)])]

    def collect(self) -> Iterator[Metric]:
        """The sums."""
        yield from _added([*self._ended, *self._latest.values()]).values()

    def exposition(self) -> bytes:
        """The sums in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


def _added(several: list[Counts]) -> Counts:
    """The sample-wise sum."""
    families: Counts = {}
    values: dict[tuple[str, str, frozenset[tuple[str, str]]], float] = {}
    labels: dict[tuple[str, str, frozenset[tuple[str, str]]], dict[str, str]] = {}
    for counts in several:
        for name, family in counts.items():
            families.setdefault(name, _empty(family))
            for sample in family.samples:
                key = name, sample.name, frozenset(sample.labels.items())
                values[key] = values.get(key, 0.0) + sample.value
                labels.setdefault(key, sample.labels)
    for (name, sample_name, key_labels), value in values.items():
        families[name].add_sample(sample_name, labels[name, sample_name, key_labels], value)
    return families


def _empty(family: Any) -> Metric:
    return Metric(family.name, family.documentation, family.type)
