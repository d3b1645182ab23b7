"""Limits and how a deployment replaces them (section 6)."""

from dataclasses import fields

import pytest

from broker.model.limits import LimitRow, Limits


def test_the_defaults_are_those_of_the_real_service():
    assert Limits() == Limits(
        max_dispatches_per_second=500,
        max_burst_size=500,
        max_concurrent_dispatches=5000,
        task_bytes=1024 * 1024 - 7,
        header_bytes=80 * 1024,
        url_length=2083,
        schedule_horizon_s=720 * 3600,
        task_ttl_s=31 * 86_400,
        task_tombstone_s=3600,
        queue_tombstone_s=3 * 86_400,
        queues_per_location=1000,
        lease_max_tasks=1000,
        lease_max_s=7 * 86_400,
        lease_response_bytes=32 * 1024 * 1024,
        leases_per_second=10,
        batch_create_tasks=100,
        batch_create_bytes=10 * 1024 * 1024,
        batch_delete_tasks=1000,
        batch_request_id_s=7 * 86_400,
        run_task_per_minute=0,
        list_calls_per_minute=0,
        queue_calls_per_minute=0,
        api_calls_per_minute=0,
    )


def test_rows_say_what_is_in_force_in_words():
    rows = Limits().with_overrides({"url_length": 9}).rows()
    assert LimitRow("url_length", 9, "characters", "longest URL of a task, percent-encoded") in rows
    assert [row.name for row in rows] == [field.name for field in fields(Limits)]
    assert all(row.unit and row.meaning for row in rows)


def test_overrides_replace_what_they_name_and_keep_its_type():
    limits = Limits().with_overrides({"task_bytes": 2000.0, "max_dispatches_per_second": 0.5})
    assert limits.task_bytes == 2000
    assert isinstance(limits.task_bytes, int)
    assert limits.max_dispatches_per_second == 0.5
    assert limits.url_length == 2083


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"task_byte": 1}, "unknown limit 'task_byte'; known limits are max_dispatches_per_second, "),
        ({"task_bytes": -1}, "limit task_bytes must not be negative, got -1"),
        ({"task_bytes": 1.5}, "limit task_bytes must be a whole number, got 1.5"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(overrides, text):
    with pytest.raises(ValueError, match=text):
        Limits().with_overrides(overrides)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_override_must_be_a_finite_number(value):
    with pytest.raises(ValueError, match="task_bytes"):
        Limits().with_overrides({"task_bytes": value})
