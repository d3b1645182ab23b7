"""`headrace pull`: commands on real tasks, and a fleet of workers of which one is killed."""

import asyncio
import os
import signal
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack

import pytest

from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind, QueueState
from broker.model.task import NewTask, PullMessage, View
from broker.store.store import Store
from tests.support.up import Node, run_headrace
from tests.support.waiting import eventually

QUEUE = QueueName("local", "us-central1", "work")
HORIZON_US = 30 * 86_400 * 1_000_000


class Seeds:
    """Tasks of one queue, straight in the store."""

    def __init__(self, url):
        self._url = url

    def _run(self, use):
        async def with_store():
            store = await Store.open(self._url)
            try:
                return await use(store)
            finally:
                await store.close()

        return asyncio.run(with_store())

    def create_queue(self, kind=QueueKind.PULL):
        self._run(lambda store: store.queues.create(Queue(QUEUE, kind=kind), max_queues=10))

    def pause(self):
        self._run(lambda store: store.queues.set_state(QUEUE, QueueState.PAUSED))

    def add(self, bodies, tag=b""):
        """Tasks with these bodies by their ids."""

        async def create(store):
            for task_id, body in bodies.items():
                message = PullMessage(body, tag)
                await store.tasks.create(NewTask(QUEUE.task(task_id), True, message), horizon_us=HORIZON_US)

        self._run(create)

    def left(self):
        """The tasks that are there, with the number of their leases."""
        tasks, _ = self._run(lambda store: store.tasks.page(QUEUE, View.BASIC, page_size=1000, token=""))
        return {task.name.task_id: task.dispatch_count for task in tasks}


@pytest.fixture
def seeds(redis_url, redis_client):
    seeds = Seeds(redis_url)
    seeds.create_queue()
    return seeds


@pytest.fixture
def worker(redis_url):
    """Starts `headrace pull` on the queue; ends it after the test."""
    with ExitStack() as stack:

        def start(command, *arguments):
            flags = ("--queue", "work", "--redis-url", redis_url, "--slow-poll-seconds", 0.2)
            return stack.enter_context(Node("pull", *flags, "--exec", command, *arguments))

        yield start


def last_line(node):
    """Stops a worker and answers the last line that it wrote about itself."""
    assert node.stop() == 0, node.stderr
    return node.stderr.splitlines()[-1]


def test_the_command_gets_the_payload_and_acknowledges_by_its_status(seeds, worker, tmp_path):
    seeds.add({"a": b"one", "b": b"two \x00\xff"}, tag="Grüße".encode())
    command = f'cat > {tmp_path}/"${{TASK_NAME##*/}}"; echo "$TASK_TAG $TASK_LEASES" >> {tmp_path}/tags'
    node = worker(command)
    eventually(lambda: not seeds.left())
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"two \x00\xff"
    assert (tmp_path / "tags").read_text() == "Grüße 1\n" * 2
    assert node.ready_line == f"headrace pull ready queue={QUEUE}"
    assert last_line(node) == "headrace pull ended done=2 failed=0 lost=0 running=0"


def test_a_command_that_fails_is_run_again(seeds, worker, tmp_path):
    seeds.add({"t": b""})
    node = worker(f"echo >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) = 3", "--retry-seconds", 0)
    eventually(lambda: not seeds.left())
    assert (tmp_path / "tries").read_text() == "\n" * 3
    assert last_line(node) == "headrace pull ended done=1 failed=2 lost=0 running=0"
    assert "task t failed: exit status 1" in node.stderr


def test_metrics_and_probes(seeds, worker):
    seeds.add({"a": b"", "b": b""})
    node = worker("test ${TASK_NAME##*/} = a", "--metrics-port", 0)
    address = node.address("metrics")

    def get(path):
        return urllib.request.urlopen(f"{address}{path}").read().decode()

    label = f'queue="{QUEUE}"'
    eventually(lambda: f'headrace_pull_tasks_total{{{label},result="failed"}} 1.0' in get("/metrics"))
    eventually(lambda: f'headrace_pull_tasks_total{{{label},result="done"}} 1.0' in get("/metrics"))
    assert f"headrace_leased_tasks_total{{{label}}} 2.0" in get("/metrics")
    assert get("/healthz") == get("/readyz") == "ok\n"
    seeds.pause()
    eventually(lambda: is_refused(lambda: get("/readyz"), "No task can be leased: the queue is paused or disabled."))


def is_refused(call, reason):
    try:
        call()
    except urllib.error.HTTPError as error:
        return error.code == 503 and error.read().decode() == f"{reason}\n"
    return False


def test_a_command_that_does_not_read_its_input(seeds, worker):
    seeds.add({"t": b"x" * 1_000_000})
    worker("true")
    eventually(lambda: not seeds.left())


def test_a_tag_and_concurrency(seeds, worker, tmp_path):
    seeds.add({"other": b""})
    seeds.add({f"t{number}": b"" for number in range(4)}, tag=b"x")
    os.mkfifo(tmp_path / "gate")
    worker(f"echo >> {tmp_path}/begun; read line < {tmp_path}/gate", "--tag", "x", "--concurrency", 4)
    eventually(lambda: (tmp_path / "begun").exists() and (tmp_path / "begun").read_text() == "\n" * 4)
    (tmp_path / "gate").write_text("go\n" * 4)
    eventually(lambda: seeds.left() == {"other": 0})


def test_a_worker_that_is_asked_to_stop_lets_its_command_finish(seeds, worker, tmp_path):
    seeds.add({"a": b"", "b": b""})
    os.mkfifo(tmp_path / "gate")
    node = worker(f"echo >> {tmp_path}/begun; read line < {tmp_path}/gate")
    eventually((tmp_path / "begun").exists)
    node.signal(signal.SIGTERM)
    eventually(lambda: "draining 1 tasks" in node.stderr)
    (tmp_path / "gate").write_text("go\n")
    assert node.wait() == 0
    assert (tmp_path / "begun").read_text() == "\n"
    assert len(seeds.left()) == 1


def test_the_drain_limit_ends_the_command_and_what_it_started(seeds, worker, tmp_path):
    seeds.add({"t": b""})
    node = worker(f"sleep 1000 & echo $! > {tmp_path}/pid; wait", "--drain-seconds", 0.1)
    eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    assert last_line(node) == "headrace pull ended done=0 failed=1 lost=0 running=0"
    sleeper = int((tmp_path / "pid").read_text())
    eventually(lambda: not os.path.exists(f"/proc/{sleeper}"))
    assert seeds.left() == {"t": 1}


FLEET = """
note() { printf '%s %s %s %s %s\\n' "$1" "${TASK_NAME##*/}" "$TASK_TAG" WHO "$body" >> JOURNAL; }
body=$(cat)
note begin
sleep 0.1
note end
"""
"""One append a line: the journal tells the true order."""


def test_a_fleet_of_which_one_worker_is_killed(seeds, worker, tmp_path):
    """Two workers parse, two render; one is killed at work. Every task is done, none is begun twice within a lease."""
    journal = tmp_path / "journal"

    def entries():
        return [line.split(" ", 4) for line in journal.read_text().splitlines()] if journal.exists() else []

    def start(tag, who):
        command = FLEET.replace("WHO", who).replace("JOURNAL", str(journal))
        return worker(command, "--tag", tag, "--lease-seconds", 2, "--concurrency", 2)

    nodes = {f"{tag}-{number}": start(tag, f"{tag}-{number}") for tag in ("parse", "render") for number in range(2)}
    for tag in ("parse", "render"):
        seeds.add({f"{tag}-{number}": f"{tag} {number}".encode() for number in range(40)}, tag=tag.encode())
    killed = "parse-0"

    def is_at_work():
        events = [event for event, _, _, who, _ in entries() if who == killed]
        return len(events) > 5 and events[-1] == "begin"

    eventually(is_at_work)
    nodes[killed].process.kill()
    nodes[killed].process.wait()
    begun_before = len(entries())
    eventually(lambda: not seeds.left(), deadline_s=60)

    begun: dict[str, list[tuple[int, str]]] = {}
    ended = Counter()
    for position, (event, name, tag, who, body) in enumerate(entries()):
        assert (who.startswith(tag), name.startswith(tag), body) == (True, True, name.replace("-", " "))
        if event == "begin":
            begun.setdefault(name, []).append((position, who))
        else:
            ended[name] += 1
    assert len(ended) == 80
    for name, times in begun.items():
        if len(times) > 1:  # it was the killed worker's, and began anew once that one's lease had ended
            assert [who == killed for _, who in times] == [True, False], name
            assert times[1][0] >= begun_before
    assert all(count == 1 for name, count in ended.items() if len(begun[name]) == 1)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--queue", "work"], 2, "Missing option '--exec'"),
        (["--queue", "work", "--exec", "true", "--tag", "x", "--oldest-tag"], 2, "exclude each other"),
        (["--queue", "a b", "--exec", "true"], 1, "--queue 'a b' is neither a queue id"),
        (["--queue", "missing", "--exec", "true"], 1, "there is no queue projects/local/locations/us-central1/queues"),
        (["--queue", "work", "--exec", "true", "--batch", "1001"], 2, "batch"),
    ],
)
def test_refusals(seeds, redis_url, headrace, arguments, status, message):
    refused, output, errors = headrace("pull", *arguments, "--redis-url", redis_url)
    assert (refused, output) == (status, "")
    assert message in errors
    assert errors.count("\n") == 1


def test_a_push_queue_is_refused(redis_url, redis_client):
    Seeds(redis_url).create_queue(QueueKind.PUSH)
    done = run_headrace("pull", "--queue", "work", "--exec", "true", "--redis-url", redis_url)
    assert (done.returncode, "is a push queue" in done.stderr) == (1, True)
    assert done.stderr.count("\n") == 1
