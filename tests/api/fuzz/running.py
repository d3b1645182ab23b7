"""How long the fuzzers run: in the suite the same short run each time, with `make fuzz` a longer one, always new."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

_FACTOR = float(os.environ.get("HEADRACE_TEST_FUZZ_FACTOR", "1"))


def fuzzed(examples: int) -> Callable[[Any], Any]:
    """Settings of a test that makes so many calls, times HEADRACE_TEST_FUZZ_FACTOR."""
    return settings(
        max_examples=int(examples * _FACTOR),
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
