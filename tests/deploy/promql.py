"""The metrics and labels that a PromQL query names: enough of the language for the queries of this repository."""

import re
from collections.abc import Iterator

_OF_PROMETHEUS = {"namespace", "instance", "job", "le"}
"""Labels that a scrape adds, or that belong to a histogram."""


def selectors(query: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of a query with the labels it is selected by."""
    for name, braces in re.findall(r"\b(headrace_\w+)(\{[^}]*\})?", query):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", braces))


def labels(query: str) -> set[str]:
    """All labels that a query names, but those of Prometheus itself."""
    grouped = {
        label.strip() for group in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", query) for label in group.split(",")
    }
    return (grouped | {label for _, used in selectors(query) for label in used}) - _OF_PROMETHEUS
