"""What the benchmarks found: figures beside their limits and budgets, and curves to plot. Kept as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

Point = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """One number. A budget (`at_least`, `at_most`) is for its ratio to the limit, or for itself if there is none."""

    what: str
    value: float
    unit: str
    limit: str = ""
    """What the machine can do at best, in words, as measured in the same run."""
    limit_value: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of its limit."""
        return self.value / self.limit_value if self.limit_value else None

    @property
    def is_met(self) -> bool | None:
        """Whether the budget is met; None if there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        judged = self.ratio if self.ratio is not None else self.value
        return (self.at_least is None or judged >= self.at_least) and (self.at_most is None or judged <= self.at_most)


@dataclass(frozen=True)
class Plot:
    """Curves over one axis."""

    name: str
    title: str
    x: str
    y: str
    curves: dict[str, list[Point]]
    log_x: bool = False
    log_y: bool = False


@dataclass
class Report:
    """What one benchmark found. Each figure is told to `output` at once."""

    name: str
    output: TextIO | None = None
    figures: list[Figure] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)

    def figure(self, what: str, value: float, unit: str, **more: Any) -> Figure:
        """Note a figure."""
        figure = Figure(what, value, unit, **more)
        self.figures.append(figure)
        beside = (
            f", {figure.ratio:.2f} x {figure.limit} ({figure.limit_value:,.4g})" if figure.ratio is not None else ""
        )
        judged = {None: "", True: " [budget met]", False: " [BUDGET MISSED]"}[figure.is_met]
        print(f"  {what}: {value:,.4g} {unit}{beside}{judged}", file=self.output, flush=True)
        return figure

    def plot(self, name: str, title: str, axes: tuple[str, str], curves: dict[str, list[Point]], **more: Any) -> None:
        """Note curves over the axes (x, y)."""
        self.plots.append(Plot(name, title, *axes, curves, **more))

    def as_json(self) -> dict[str, Any]:
        """The figures and curves as plain values."""
        return {"figures": [asdict(figure) for figure in self.figures], "plots": [asdict(plot) for plot in self.plots]}


def figures_of(result: dict[str, Any]) -> list[Figure]:
    """The figures of a benchmark in the file of results."""
    return [Figure(**figure) for figure in result["figures"]]


def plots_of(result: dict[str, Any]) -> list[Plot]:
    """The plots of a benchmark in the file of results."""
    return [Plot(**plot) for plot in result["plots"]]


def read(path: Path) -> dict[str, Any]:
    """A file of results; an empty one if it is not there."""
    return json.loads(path.read_text()) if path.exists() else {"machine": {}, "benchmarks": {}, "peers": {}}


def write(path: Path, results: dict[str, Any]) -> None:
    """Write a file of results, one that tools can compare line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of the sorted `values` does not pass."""
    return values[min(len(values) - 1, int(share * len(values)))]


def quantile_curve(values: Sequence[float]) -> list[Point]:
    """Sorted values as points (1 / share of values above, value): every nine of a percentile is as wide."""
    shares = [0, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999]
    return [
        (1 / (1 - share), quantile(values, share)) for share in shares if share == 0 or len(values) * (1 - share) >= 1
    ]
