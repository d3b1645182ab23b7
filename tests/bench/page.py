"""docs/benchmarks.md: the words are written by hand, what stands between `<!-- NAME -->` and `<!-- end -->` is not."""

import re
from pathlib import Path
from typing import Any

from tests.bench.plot import svg
from tests.bench.report import Figure, figures_of, plots_of
from tests.support.up import ROOT

FOLDER = ROOT / "docs" / "benchmarks"
RESULTS = FOLDER / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"


def write(results: dict[str, Any], page: Path = PAGE) -> None:
    """Bring the page and its pictures to the results."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for result in results["benchmarks"].values():
        for plot in plots_of(result):
            (folder / f"{plot.name}.svg").write_text(svg(plot))
    page.write_text(filled(page.read_text(), results))


def filled(text: str, results: dict[str, Any]) -> str:
    """The page's text with the present results in their places."""

    def block(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- {name} -->\n{_block(name, results)}<!-- end -->"

    return re.sub(r"<!-- (?!end)([\w ]+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def _block(name: str, results: dict[str, Any]) -> str:
    if name == "machine":
        return _table(("what", "value"), list(results["machine"].items()))
    if name == "budgets":
        return _budgets(results)
    if name == "peers":
        return _peers(results["peers"])
    result = results["benchmarks"].get(name)
    if result is None:
        return "Not measured yet.\n"
    header = ("figure", "value", "beside", "ratio", "budget")
    text = _table(header, [_cells(figure) for figure in figures_of(result)])
    for plot in plots_of(result):
        text += f"\n![{plot.title}]({FOLDER.name}/{plot.name}.svg)\n"
    sizes = ", ".join(f"{size}={value}" for size, value in result["sizes"].items())
    took = f"Measured {result['when']} in {result['seconds']} s{', with ' + sizes if sizes else ''}."
    return f"{text}\n{took} Other programs used {result['others']:.0%} of the machine meanwhile.\n"


def _budgets(results: dict[str, Any]) -> str:
    rows = [
        (name, figure.what, _budget(figure), _judged(figure), "met" if figure.is_met else "**missed**")
        for name, result in results["benchmarks"].items()
        for figure in figures_of(result)
        if figure.is_met is not None
    ]
    return _table(("benchmark", "figure", "budget", "measured", "verdict"), rows)


def _peers(rows: dict[str, Any]) -> str:
    """The rows of all queues, fastest first."""
    if not rows:
        return "Not measured yet.\n"
    header = ("queue", "versions", "enqueued, tasks/s", "delivered, tasks/s", "chosen for it")
    ordered = sorted(rows.values(), key=lambda row: -row["drained"])
    cells = [
        (row["name"], row["versions"], _number(round(row["added"])), _number(round(row["drained"])), row["chosen"])
        for row in ordered
    ]
    counts, moments = (sorted({row[field] for row in ordered}) for field in ("tasks", "when"))
    tasks = " or ".join(f"{count:,}" for count in counts)
    return f"{_table(header, cells)}\nMeasured {moments[0]} to {moments[-1]}, with {tasks} tasks.\n"


def _cells(figure: Figure) -> tuple[str, ...]:
    beside = f"{_number(figure.limit_value)} {figure.limit}" if figure.limit_value else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    verdict = {None: "", True: f"{_budget(figure)}: met", False: f"{_budget(figure)}: **missed**"}[figure.is_met]
    return figure.what, f"{_number(figure.value)} {figure.unit}".strip(), beside, ratio, verdict


def _budget(figure: Figure) -> str:
    unit = " x" if figure.ratio is not None else f" {figure.unit}" if figure.unit else ""
    bounds = [("at least", figure.at_least), ("at most", figure.at_most)]
    return ", ".join(f"{word} {bound:g}{unit}" for word, bound in bounds if bound is not None)


def _judged(figure: Figure) -> str:
    return f"{figure.ratio:.2f} x" if figure.ratio is not None else f"{_number(figure.value)} {figure.unit}".strip()


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _table(header: tuple[str, ...], rows: list[Any]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)
