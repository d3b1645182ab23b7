"""How long the fuzzers run: in the suite the same short run each time, with `make fuzz` a longer one, always new."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

_FACTOR = float(os.environ.get("HEADRACE_TEST_FUZZ_FACTOR", "1"))
IS_SHORT = _FACTOR == 1
"""This is the run of the suite."""


def fuzzed(examples: int) -> Callable[[Any], Any]:
    """Settings of a test that makes so many calls, times HEADRACE_TEST_FUZZ_FACTOR."""
    return settings(
        max_examples=int(examples * _FACTOR),
        derandomize=IS_SHORT,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
