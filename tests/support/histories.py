"""Random histories: how many a state machine plays, and when they are new."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

_LONG = settings.get_current_profile_name() == "long"
HISTORY_LIMIT_S = 0 if _LONG else 600
"""Longest time of such a test, 0 is any: a failing history is shortened for at most five minutes."""


def play(machine: Callable[[], RuleBasedStateMachine], *, histories: int) -> None:
    """Play so many short histories, the same ones each time; under the profile `long` 5,000 long ones, always new."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=5000 if _LONG else histories,
            stateful_step_count=80 if _LONG else 40,
            deadline=None,
            derandomize=not _LONG,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
