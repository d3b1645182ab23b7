"""Operation logs beside any node: sampling, formats, and where the lines go (5.14)."""

import io
import json

import pytest

from broker import logs, operation_logs
from broker.model.names import QueueName
from broker.operation_logs import Operation, Target, TargetType, is_sampled, moment, span

QUEUE = QueueName("p", "us-central1", "q")
TASK = QUEUE.task("t")


@pytest.mark.parametrize(
    ("time_us", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_225_600_500_000, "2026-01-01T00:00:00.500Z"),
        (1_767_225_600_000_001, "2026-01-01T00:00:00.000001Z"),
    ],
)
def test_moments(time_us, text):
    assert moment(time_us) == text


@pytest.mark.parametrize(
    ("duration_us", "text"), [(0, "0s"), (2_000_000, "2s"), (133_874, "0.133874s"), (1_500_000, "1.500s")]
)
def test_spans(duration_us, text):
    assert span(duration_us) == text


def test_all_or_no_tasks_are_sampled_at_the_ends():
    tasks = [QUEUE.task(str(number)) for number in range(1000)]
    assert all(is_sampled(task, 1.0) for task in tasks)
    assert not any(is_sampled(task, 0.0) for task in tasks)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_share_of_sampled_tasks_is_the_ratio(ratio):
    sampled = {number for number in range(5000) if is_sampled(QUEUE.task(str(number)), ratio)}
    assert abs(len(sampled) / 5000 - ratio) < 0.03
    assert sampled <= {number for number in range(5000) if is_sampled(QUEUE.task(str(number)), ratio + 0.05)}


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (Target(TargetType.HTTP, "POST", "https://user:secret@example.com/p?q=@"), "POST https://example.com/p?q=@"),
        (Target(TargetType.HTTP, "POST"), "POST"),
        (Target(TargetType.PULL), None),
    ],
)
def test_addresses_show_no_credentials(target, address):
    assert target.fields.get("targetAddress") == address


@pytest.fixture
def stream(kept_logging):
    return io.StringIO()


@pytest.mark.parametrize(("status", "severity"), [("OK", "INFO"), ("UNAVAILABLE", "ERROR")])
def test_a_line_is_an_entry_of_cloud_logging_at_every_level(stream, status, severity):
    logs.configure("error", stream)
    target = Target(TargetType.HTTP, "POST", "https://example.com/ü\n/")
    operation_logs.write(TASK, Operation.CREATION, target, status, {"scheduleTime": moment(0)})
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "logName": "projects/p/logs/cloudtasks.googleapis.com%2Ftask_operations_log",
        "severity": severity,
        "resource": {
            "type": "cloud_tasks_queue",
            "labels": {"project_id": "p", "location": "us-central1", "queue_id": "q", "target_type": "HTTP"},
        },
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog",
            "task": str(TASK),
            "taskCreationLog": {
                "scheduleTime": "1970-01-01T00:00:00Z",
                "status": status,
                "targetAddress": "POST https://example.com/ü\n/",
                "targetType": "HTTP",
            },
        },
    }
