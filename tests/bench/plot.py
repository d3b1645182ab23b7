"""Curves as SVG, in few lines of code: no library to keep for a handful of pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tests.bench.report import Plot

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 50
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a")
_TICKS = 5


@dataclass(frozen=True)
class _Axis:
    """Where a value is along one axis."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float, *, is_log: bool) -> "_Axis":
        if is_log:
            low, high = (math.log10(max(value, 1e-3)) for value in (min(values), max(values)))
            return cls(math.floor(low), max(math.ceil(high), math.floor(low) + 1), start, end, True)
        return cls(0.0, _round_up(max(values)), start, end, False)

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        at = math.log10(max(value, 1e-3)) if self.is_log else value
        return self.start + (at - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Values to write beside the axis."""
        if self.is_log:
            return [10.0**power for power in range(round(self.low), round(self.high) + 1)]
        return [self.high * number / _TICKS for number in range(_TICKS + 1)]


def svg(plot: Plot) -> str:
    """The picture of a plot."""
    points = [point for curve in plot.curves.values() for point in curve]
    across = _Axis.over([x for x, _ in points], _LEFT, _WIDTH - _RIGHT, is_log=plot.log_x)
    up = _Axis.over([y for _, y in points], _HEIGHT - _BOTTOM, _TOP, is_log=plot.log_y)
    parts = [_text(_LEFT, 20, plot.title, size=15), *_grid(plot, across, up), *_curves(plot, across, up)]
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">'
    return "\n".join([frame, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>', *parts, "</svg>", ""])


def _grid(plot: Plot, across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for value in across.ticks():
        x = across.place(value)
        parts.append(_line(x, up.start, x, up.end))
        label = _percentile(value) if plot.x == "percentile" else _number(value)
        parts.append(_text(x, up.start + 18, label, anchor="middle"))
    for value in up.ticks():
        y = up.place(value)
        parts.append(_line(across.start, y, across.end, y))
        parts.append(_text(across.start - 8, y + 4, _number(value), anchor="end"))
    parts.append(_text((across.start + across.end) / 2, _HEIGHT - 10, plot.x, anchor="middle"))
    parts.append(_text(8, up.end - 10, plot.y))
    return parts


def _curves(plot: Plot, across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for number, (name, curve) in enumerate(plot.curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in curve)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{across.place(x):.1f}" cy="{up.place(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in curve
        ]
        parts.append(_text(_LEFT + 10, _TOP + 16 + 16 * number, name, colour=colour))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#d0d7de"/>'


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", colour: str = "#24292f") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(text)}</text>'


def _percentile(one_in: float) -> str:
    """The percentile above which one value in so many is."""
    return f"{100 - 100 / one_in:.10g} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _round_up(value: float) -> float:
    """The next round number."""
    if value <= 0:
        return 1.0
    unit = 10 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value)
