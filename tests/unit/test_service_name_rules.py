"""Malformed and misplaced names are refused with the recorded texts and help links (4.3, 4.4)."""

import pytest

from broker.errors import Code, ErrorInfo, HeadraceError, HelpLink, LocalizedMessage
from broker.model.names import QueueName
from broker.service import name_rules

QUEUE = QueueName("p", "l", "q")
QUEUE_FORMAT = 'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".'
TASK_FORMAT = (
    'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"'
)
REFERENCE = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations"


def refusal(call, *arguments):
    with pytest.raises(HeadraceError) as refused:
        call(*arguments)
    return refused.value


def test_a_parent_that_is_no_location_is_a_foreign_project():
    error = refusal(name_rules.location_name, "not-a-valid-parent")
    assert error.code is Code.PERMISSION_DENIED
    assert error.message == "Permission denied on resource project not-a-valid-parent."
    metadata = (
        ("consumer", "projects/not-a-valid-parent"),
        ("containerInfo", "not-a-valid-parent"),
        ("service", "cloudtasks.googleapis.com"),
    )
    assert error.details == (
        ErrorInfo("CONSUMER_INVALID", "googleapis.com", metadata),
        LocalizedMessage("en-US", error.message),
        HelpLink("Google developers console", "https://console.developers.google.com"),
    )


@pytest.mark.parametrize("text", ["", "q", "projects/p/locations/l/queues/q_1", f"{QUEUE}/tasks/t"])
def test_a_malformed_queue_name(text):
    error = refusal(name_rules.queue_name, text)
    assert (error.code, error.message) == (Code.INVALID_ARGUMENT, QUEUE_FORMAT)
    assert error.details == (HelpLink("Definition of queue name", f"{REFERENCE}.queues#Queue.FIELDS.name"),)


def test_a_new_queue_must_lie_under_its_parent():
    assert name_rules.new_queue_name("projects/p/locations/l", str(QUEUE)) == QUEUE
    error = refusal(name_rules.new_queue_name, "projects/p/locations/m", str(QUEUE))
    assert (error.code, error.message) == (
        Code.INVALID_ARGUMENT,
        "projects/p/locations/l/queues/q must begin with projects/p/locations/m.",
    )


@pytest.mark.parametrize("text", ["t", str(QUEUE), f"{QUEUE}/tasks/a/b"])
def test_a_malformed_task_name(text):
    expected = (Code.INVALID_ARGUMENT, TASK_FORMAT)
    for error in (refusal(name_rules.task_name, text), refusal(name_rules.new_task_name, QUEUE, text)):
        assert (error.code, error.message) == expected


@pytest.mark.parametrize("task_id", ["not a valid id", "", "t" * 501, "t:run"])
def test_a_malformed_task_id(task_id):
    text = f"{QUEUE}/tasks/{task_id}"
    for error in (refusal(name_rules.task_name, text), refusal(name_rules.new_task_name, QUEUE, text)):
        assert (error.code, error.message) == (
            Code.INVALID_ARGUMENT,
            f'Task ID "{task_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
            "or underscores (_). Task ID must between 1 and 500 characters.",
        )
        help_link = HelpLink("Definition of task ID", f"{REFERENCE}.queues.tasks#Task.FIELDS.name")
        assert error.details == (help_link,)


def test_a_huge_name_is_cut_in_the_error():
    error = refusal(name_rules.task_name, f"{QUEUE}/tasks/{'é' * 10**6}")
    assert len(error.message) < 1500


def test_a_new_task_must_lie_in_the_queue_of_the_call():
    error = refusal(name_rules.new_task_name, QUEUE, f"{QUEUE}-other/tasks/t")
    assert (error.code, error.message) == (
        Code.INVALID_ARGUMENT,
        f"The queue name from request ('{QUEUE}') must be the same as the queue name in the named task "
        f"('{QUEUE}-other').",
    )


def test_a_new_task_keeps_its_name_or_gets_one():
    assert name_rules.new_task_name(QUEUE, f"{QUEUE}/tasks/mine") == QUEUE.task("mine")
    first, second = (name_rules.new_task_name(QUEUE, "") for _ in range(2))
    assert first.queue == second.queue == QUEUE
    assert first != second
