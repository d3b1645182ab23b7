"""Names of locations, queues and tasks (1.1, 1.2)."""

import pytest

from broker.model.names import LocationName, OperationName, QueueName, TaskName, is_task_id, new_task_id

LOCATION = LocationName("p", "us-central1")
QUEUE = QueueName("p", "us-central1", "q")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("projects/p/locations/us-central1", LOCATION),
        ("projects/example.com:p-1/locations/l", LocationName("example.com:p-1", "l")),
        ("projects/123/locations/l", LocationName("123", "l")),
        ("", None),
        ("projects//locations/l", None),
        ("projects/p/locations/", None),
        ("projects/p/locations/l/", None),
        ("projects/p/locations/l\n", None),
        ("projects/p/q/locations/l", None),
        ("/projects/p/locations/l", None),
        ("projects/p p/locations/l", None),
        (f"projects/{'p' * 64}/locations/l", None),
    ],
)
def test_location_names(text, name):
    assert LocationName.parse(text) == name


@pytest.mark.parametrize(
    ("queue_id", "allowed"),
    [
        ("q", True),
        ("Q-1-z", True),
        ("q" * 100, True),
        ("q" * 101, False),
        ("", False),
        ("q_1", False),
        ("q.1", False),
        ("q\n", False),
        ("ü", False),
        ("q/tasks/t", False),
        ("q:pause", False),
    ],
)
def test_queue_names(queue_id, allowed):
    name = QueueName.parse(f"projects/p/locations/us-central1/queues/{queue_id}")
    assert name == (QueueName("p", "us-central1", queue_id) if allowed else None)


@pytest.mark.parametrize(
    ("task_id", "allowed"),
    [
        ("t", True),
        ("A_b-9", True),
        ("t" * 500, True),
        ("t" * 501, False),
        ("", False),
        ("t.1", False),
        ("t t", False),
        ("t\n", False),
        ("é", False),
        ("٣", False),
    ],
)
def test_task_ids(task_id, allowed):
    assert is_task_id(task_id) is allowed
    assert TaskName.split(f"{QUEUE}/tasks/{task_id}") == (QUEUE, task_id)
    assert TaskName.parse(f"{QUEUE}/tasks/{task_id}") == (TaskName(QUEUE, task_id) if allowed else None)


@pytest.mark.parametrize(
    "text", ["", "t", str(QUEUE), f"{QUEUE}/tasks/a/b", "projects/p/locations/l/queues/q_/tasks/t"]
)
def test_texts_that_are_not_shaped_like_a_task_name(text):
    assert TaskName.split(text) is None
    assert TaskName.parse(text) is None


def test_names_are_written_as_they_are_read():
    task = QUEUE.task("t")
    assert str(task) == "projects/p/locations/us-central1/queues/q/tasks/t"
    assert TaskName.parse(str(task)) == task
    assert QueueName.parse(str(QUEUE)) == QUEUE
    assert LocationName.parse(str(LOCATION)) == LOCATION == QUEUE.parent


def test_generated_task_ids_are_twenty_digits_and_differ():
    ids = {new_task_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(task_id) == 20 and task_id.isdecimal() and is_task_id(task_id) for task_id in ids)


def test_an_id_made_of_an_identity_is_always_the_same():
    first, second = bytes(range(32)), bytes(range(1, 33))
    assert new_task_id(first) == new_task_id(first) == new_task_id(first[:16])
    assert new_task_id(first) != new_task_id(second)
    assert all(len(new_task_id(identity)) == 20 for identity in (first, bytes(16), b"\xff" * 16))


def test_operations():
    text = "projects/example.com:p/locations/l/operations/0-a_b.c"
    name = OperationName.parse(text)
    assert name == OperationName(LocationName("example.com:p", "l"), "0-a_b.c")
    assert str(name) == text
    for other in (f"{text}/x", "projects/p/operations/o", "projects/p/locations/l/operations/", f"{text}:cancel"):
        assert OperationName.parse(other) is None
