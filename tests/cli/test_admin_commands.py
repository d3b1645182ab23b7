"""`headrace reset`, `headrace wait`, `headrace limits`."""

import re

import pytest

from broker.model.names import QueueName
from broker.model.queue import Queue
from broker.model.task import HttpRequest, NewTask
from broker.settings import Settings

LOCATION = "projects/local/locations/us-central1"


@pytest.fixture
def command(headrace, redis_url, monkeypatch):
    """Runs a command against the store of the test."""
    monkeypatch.setenv("HEADRACE_REDIS_URL", redis_url)
    return headrace


async def create_task(store, queue_id):
    name = QueueName("local", "us-central1", queue_id)
    await store.queues.create(Queue(name), max_queues=9)
    await store.tasks.create(NewTask(name.task("t"), True, HttpRequest("http://h/")), horizon_us=1)


@pytest.fixture
def with_a_task(runner, store):
    runner.run(create_task(store, "mail"))


@pytest.mark.usefixtures("with_a_task")
def test_reset_deletes_queues_and_frees_names(command):
    assert command("reset") == (0, "project local: queues deleted: 1, names of deleted queues freed: 0\n", "")
    assert command("queues", "list")[1].splitlines()[1:] == []


@pytest.mark.usefixtures("with_a_task")
def test_reset_can_keep_queues(command):
    assert command("reset", "--project", "other")[1].startswith("project other: queues deleted: 0, ")
    assert command("wait", "--timeout", 0)[0] == 1
    assert command("reset", "--keep-queues")[1].startswith("project local: queues emptied: 1, ")
    assert command("wait", "mail") == (0, f"{LOCATION}/queues/mail is idle\n", "")


@pytest.mark.usefixtures("with_a_task")
@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 1)])
def test_reset_asks_on_a_terminal(command, monkeypatch, answer, status):
    with monkeypatch.context() as terminal:
        terminal.setattr("sys.stdin.isatty", lambda: True, raising=False)
        terminal.setattr("sys.stdout.isatty", lambda: True, raising=False)
        terminal.setattr("builtins.input", lambda _question: answer)
        command("reset")
    assert command("wait", "--timeout", 0)[0] == status


@pytest.mark.usefixtures("with_a_task")
@pytest.mark.parametrize("queue", ["", "mail", f"{LOCATION}/queues/mail"])
def test_wait_says_what_is_left(command, queue):
    name = f"{LOCATION}/queues/mail" if queue else "projects/local"
    message = f"headrace: {name} is not idle after 0.05 s (tasks: 1, being sent: 0, in mail)\n"
    assert command("wait", *filter(None, [queue]), "--timeout", 0.05) == (1, "", message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wait", "missing"], "Queue does not exist."),
        (["wait", "no good"], "queue 'no good' is neither a queue id"),
        (["wait", "--timeout", "-1"], "timeout must be between 0s and 600s."),
        (["wait", "--timeout", "nan"], "timeout must be between 0s and 600s."),
        (["reset", "--project", "no good"], "project 'no good'"),
        (["limits", "--limit", "bytes=1"], "unknown limit 'bytes'"),
    ],
)
def test_bad_arguments(command, redis_client, arguments, message):
    status, output, errors = command(*arguments)
    assert (status, output) == (1, "")
    assert re.fullmatch(rf"headrace: [^\n]*{message}[^\n]*\n", errors), errors


def test_limits_prints_every_limit_with_the_value_in_force(headrace):
    status, output, _ = headrace("limits", "--limit", "task_bytes=7", HEADRACE_LIMITS="url_length=9")
    header, *rows = output.splitlines()
    assert (status, header.split()) == (0, ["LIMIT", "VALUE", "UNIT", "MEANING"])
    expected = Settings.load({"limits": ["task_bytes=7"]}).limits.rows()
    assert [re.split("  +", row) for row in rows] == [
        [row.name, f"{row.value:.15g}", row.unit, row.meaning] for row in expected
    ]


def test_limits_of_the_environment_and_of_a_profile(headrace):
    _, output, _ = headrace("limits", "--profile", "dev", HEADRACE_LIMITS="url_length=9")
    values = {row.split()[0]: row.split()[1] for row in output.splitlines()}
    assert (values["url_length"], values["queue_tombstone_s"], values["task_bytes"]) == ("9", "0", "1048569")
