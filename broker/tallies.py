"""Counters and histograms that cost next to nothing to count with.

Those of the Prometheus client take a lock for each number, for programs of many threads. All our counting is done by
one thread, that of the event loop, so plain numbers do; they become samples when somebody asks.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString


class Tally:
    """One number that only grows."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def inc(self, amount: int = 1) -> None:
        """Count so many more."""
        self.count += amount


class Spread:
    """How values are distributed over buckets; `bounds` are their upper ends, in order."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


Child = TypeVar("Child", Tally, Spread)

_CHILDREN_A_PART = 20
"""To make samples of so many takes about a millisecond."""


class _Family(Collector, Generic[Child]):
    """The children of one metric by their labels' values. Without labels there is one child from the start."""

    def __init__(
        self, registry: CollectorRegistry, name: str, help_text: str, labels: tuple[str, ...], make: Callable[[], Child]
    ) -> None:
        self._name, self._help_text, self.label_names = name, help_text, labels
        self._make: Callable[[], Child] = make
        self._children: dict[tuple[str, ...], Child] = {}
        if not labels:
            self.labels()
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Name and type, by which a registry tells metrics apart."""
        metric = next(iter(self.collect()))
        metric.samples.clear()
        return [metric]

    def _parts(self) -> Iterator[list[tuple[tuple[str, ...], Child]]]:
        """All children with their labels' values, a few at a time: one empty part if there are none."""
        children = list(self._children.items())
        for first in range(0, max(1, len(children)), _CHILDREN_A_PART):
            yield children[first : first + _CHILDREN_A_PART]

    def labels(self, *values: str) -> Child:
        """The child with these values, which is to be kept by whoever counts often."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._make()
        return child


class TallyFamily(_Family[Tally]):
    """A counter in the terms of Prometheus."""

    def __init__(self, registry: CollectorRegistry, name: str, help_text: str, *labels: str) -> None:
        super().__init__(registry, name, help_text, labels, Tally)

    def inc(self, amount: int = 1) -> None:
        """Count so many more, where there are no labels."""
        self.labels().inc(amount)

    def collect(self) -> Iterator[Metric]:
        """The counter, in parts."""
        for children in self._parts():
            family = CounterMetricFamily(self._name, self._help_text, labels=self.label_names)
            for values, child in children:
                family.add_metric(values, child.count)
            yield family


class SpreadFamily(_Family[Spread]):
    """A histogram in the terms of Prometheus."""

    def __init__(
        self, registry: CollectorRegistry, name: str, help_text: str, bounds: tuple[float, ...], *labels: str
    ) -> None:
        super().__init__(registry, name, help_text, labels, lambda: Spread(bounds))
        self._ends = [*map(floatToGoString, bounds), "+Inf"]

    def collect(self) -> Iterator[Metric]:
        """The histogram, in parts. A child that has counted nothing is left out: API nodes make no attempts."""
        for children in self._parts():
            family = HistogramMetricFamily(self._name, self._help_text, labels=self.label_names)
            for values, child in children:
                if any(child.counts):
                    buckets = list(zip(self._ends, accumulate(child.counts), strict=True))
                    family.add_metric(values, buckets, child.total)
            yield family
