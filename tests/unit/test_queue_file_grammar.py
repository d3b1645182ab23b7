"""queue.yaml and queue.xml, read: values, defaults, clamps (8.1), and every refusal with its line (8.2)."""

import re

import pytest

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.queue import Acl, QueueKind
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineRouting
from broker.service.queue_file.entry import QueueEntry, QueueFile
from broker.service.queue_file.grammar import read_queue_file

LIMITS = Limits()
DEFAULTS = QueueEntry(
    "q",
    rate=5.0,
    paused=False,
    bucket_size=5,
    max_concurrent_requests=1000,
    target=None,
    retry=RetryConfig(-1, 0, 100_000, 3_600_000_000, 16),
)


def read(text: str | bytes, limits: Limits = LIMITS) -> QueueFile:
    return read_queue_file(text.encode() if isinstance(text, str) else text, limits)


def entry(*lines: str) -> QueueEntry:
    """The queue q with these lines, at 5/s unless they have a rate."""
    rate = [] if any(line.startswith(("rate:", "mode: pull")) for line in lines) else ["rate: 5/s"]
    (found,) = read("\n".join(["queue:", "- name: q", *(f"  {line}" for line in (*lines, *rate))])).entries
    return found


def refusal(text: str | bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(HeadraceError) as refused:
        read(text, limits)
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert "\n" not in refused.value.message
    return refused.value.message.removeprefix("Invalid queue configuration. ")


def test_what_is_not_given_takes_its_default():
    assert entry() == DEFAULTS


@pytest.mark.parametrize(
    ("rate", "per_second"),
    [
        ("500/s", 500.0),
        ("0.25/s", 0.25),
        ("2./s", 2.0),
        ("30/m", 0.5),
        ("10/m", 0.166666667),
        ("1/h", 0.000277778),
        ("1/d", 0.000011574),
    ],
)
def test_rates(rate, per_second):
    found = entry(f"rate: {rate}")
    assert (found.rate, found.paused) == (per_second, False)


@pytest.mark.parametrize("rate", ["0", "0/s", "0.0/d"])
def test_a_rate_of_0_pauses_and_sets_no_rate(rate):
    found = entry(f"rate: {rate}")
    assert (found.rate, found.paused) == (None, True)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("mode: push", "kind", QueueKind.PUSH),
        ("bucket_size: 500", "bucket_size", 500),
        ("bucket_size: 0", "bucket_size", 5),
        ("bucket_size:", "bucket_size", 5),
        ("bucket_size: ~", "bucket_size", 5),
        ("max_concurrent_requests: 1", "max_concurrent_requests", 1),
        ("max_concurrent_requests: 9999", "max_concurrent_requests", 5000),
        ("max_concurrent_requests: -3", "max_concurrent_requests", 1),
        ("max_concurrent_requests: 0", "max_concurrent_requests", 1000),
        ("target: worker", "target", AppEngineRouting("worker")),
        ("target: v1.worker", "target", AppEngineRouting("worker", "v1")),
        ("target: 1", "target", AppEngineRouting("1")),
        ("paused: yes", "paused", True),
        ("paused: false", "paused", False),
        ("acl: [{user_email: a@b.c}, {writer_email: d@e.f}, {user_email: a@b.c}]", "acl", Acl(("a@b.c",), ("d@e.f",))),
    ],
)
def test_settings(line, field, value):
    assert getattr(entry(line), field) == value


@pytest.mark.parametrize(
    ("given", "retry"),
    [
        ("{task_retry_limit: 0}", (1, 0, 100_000, 3_600_000_000, 16)),
        ("{task_retry_limit: 7}", (8, 0, 100_000, 3_600_000_000, 16)),
        ("{task_age_limit: 2d}", (-1, 172_800_000_000, 100_000, 3_600_000_000, 16)),
        ("{task_age_limit: 1.5m}", (-1, 90_000_000, 100_000, 3_600_000_000, 16)),
        ("{task_age_limit: 0.5s}", (-1, 500_000, 100_000, 3_600_000_000, 16)),
        ("{min_backoff_seconds: 0}", (-1, 0, 0, 3_600_000_000, 16)),
        ("{min_backoff_seconds: 10, max_backoff_seconds: 200, max_doublings: 0}", (-1, 0, 10_000_000, 200_000_000, 0)),
        ("{min_backoff_seconds: 4000}", (-1, 0, 4_000_000_000, 4_000_000_000, 16)),
        ("{max_backoff_seconds: 0.05}", (-1, 0, 50_000, 50_000, 16)),
        ("{max_backoff_seconds: 1e2}", (-1, 0, 100_000, 100_000_000, 16)),
        ("", (-1, 0, 100_000, 3_600_000_000, 16)),
    ],
)
def test_retry_parameters(given, retry):
    assert entry(f"retry_parameters: {given}").retry == RetryConfig(*retry)


def test_a_pull_queue_has_a_retry_limit_only():
    found = entry("mode: pull", "retry_parameters: {task_retry_limit: 2}", "acl: [{user_email: a@b.c}]")
    assert found == QueueEntry("q", QueueKind.PULL, retry=RetryConfig(max_attempts=2), acl=Acl(("a@b.c",)))


def test_the_top_of_a_file():
    text = "application: shop\ntotal_storage_limit: 120M\nresume_paused_queues: False\nqueue:\n"
    assert read(text) == QueueFile((), resume_paused_queues=False)
    assert read("queue: []").resume_paused_queues is True
    assert read("\ufeffqueue: []") == QueueFile()


def test_words_that_yaml_takes_for_something_else_are_names():
    text = "queue:\n- {name: off, rate: 1/s}\n- {name: 007, rate: 1/s}\n- {name: 2026-10-01, rate: 1/s}"
    assert [found.queue_id for found in read(text).entries] == ["off", "007", "2026-10-01"]


def test_the_limits_of_the_installation_hold():
    low = Limits(max_dispatches_per_second=2, max_burst_size=3, max_concurrent_dispatches=4)
    assert "must not exceed 2 per second (is 5.0)" in refusal("queue: [{name: q, rate: 5/s}]", low)
    assert "Maximum bucket size is 3." in refusal("queue: [{name: q, rate: 1/s, bucket_size: 4}]", low)
    (found,) = read("queue: [{name: q, rate: 1/s}]", low).entries
    assert (found.bucket_size, found.max_concurrent_requests) == (3, 4)


PUSH = "queue:\n- name: q\n  rate: 5/s\n  "
RETRY = f"{PUSH}retry_parameters:\n    "
PULL = "queue:\n- name: q\n  mode: pull\n  "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("queue:\n- name: q\n", "Refill rate must be specified for push-based queue. (line 2)"),
        ("queue:\n- name: q\n  rate: 501/s", "Refill rate must not exceed 500 per second (is 501.0). (line 3)"),
        (f"{RETRY}task_retry_limit: -1", "Task retry limit must not be less than zero. (line 5)"),
        (f"{RETRY}task_age_limit: 0d", "Task age limit must be greater than zero. (line 5)"),
        (f"{RETRY}task_age_limit: -1d", "Task age limit must be greater than zero. (line 5)"),
        (f"{RETRY}min_backoff_seconds: -0.1", "Min backoff seconds must not be less than zero. (line 5)"),
        (f"{RETRY}max_backoff_seconds: -1", "Max backoff seconds must not be less than zero. (line 5)"),
        (f"{RETRY}max_doublings: -1", "Max doublings must not be less than zero. (line 5)"),
        (
            f"{RETRY}min_backoff_seconds: 2\n    max_backoff_seconds: 1",
            "Min backoff sec must not be greater than than max backoff sec. (line 5)",
        ),
        (f"{PUSH}bucket_size: 501", "Maximum bucket size is 500. (line 4)"),
        (f"{PUSH}bucket_size: -1", "Bucket size must not be less than zero. (line 4)"),
        (f"{PULL}rate: 1/s", "Refill rate must not be specified for pull-based queue. (line 4)"),
        (f"{PULL}bucket_size: 1", "Bucket size must not be specified for pull-based queue. (line 4)"),
        (f"{PULL}target: a", "Target must not be specified for pull-based queue. (line 4)"),
        (
            f"{PULL}max_concurrent_requests: 1",
            "Max concurrent requests must not be specified for pull-based queue. (line 4)",
        ),
        *(
            (f"{PULL}retry_parameters: {{{key}: 1}}", f"Can't specify {key} for a pull queue. (line 4)")
            for key in ("task_age_limit", "min_backoff_seconds", "max_backoff_seconds", "max_doublings")
        ),
        (f"{PULL}retry_parameters: {{task_retry_limit: -1}}", "Task retry limit must not be less than zero. (line 4)"),
    ],
)
def test_refusals_in_the_words_of_gcloud(text, message):
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty."),
        ("# nothing\n---\n", "The file is empty."),
        ("queue: []\n---\nqueue: []", "one YAML document, not several. (line 2)"),
        ("queue: [", "not YAML: .* (line 2)"),
        ("queue: \x00", "not YAML"),
        (b"queue: []\n\xff", "UTF-8 text. (line 2)"),
        (b"x" * (4 * 1024 * 1024 + 1), "at most 4194304 bytes."),
        ("- q", "Expected the file with its keys. (line 1)"),
        ("queue: q", "queue must be a list. (line 1)"),
        ("queue:\n- q", "Expected a queue with its keys. (line 2)"),
        ("queue:\n- rate: 1/s", "Name must be specified for a queue. (line 2)"),
        ("queue:\n- name: a_b\n  rate: 1/s", 'Queue name must have .*; got "a_b". (line 2)'),
        (f"queue:\n- name: {'a' * 101}\n  rate: 1/s", "Queue name must have 1 to 100 .* (line 2)"),
        ("queue:\n- {name: q, rate: 1/s}\n- {name: q, rate: 2/s}", 'Queue "q" is listed twice. (line 3)'),
        ("queue:\n- name: q\n  name: r", "name is given twice in a queue. (line 3)"),
        ("queue:\n- name: q\n  ratee: 1/s", 'Unknown key "ratee" in a queue; known are name, mode, .* (line 3)'),
        ("queues: []", 'Unknown key "queues" in the file; known are queue, .* (line 1)'),
        (f"{RETRY}max_retries: 1", 'Unknown key "max_retries" in retry_parameters; .* (line 5)'),
        (f"{PUSH}acl: [{{email: a}}]", 'Unknown key "email" in an acl entry; .* (line 4)'),
        (f"{PUSH}retry_parameters: 3", "Expected retry_parameters with its keys. (line 4)"),
        (f"{PUSH}bucket_size: [3]", "bucket_size must be a single value. (line 4)"),
        (f"{PUSH}bucket_size: five", 'bucket_size must be a whole number; got "five". (line 4)'),
        (f"{PUSH}bucket_size: {'9' * 5000}", "bucket_size must be at most 2147483647. (line 4)"),
        (f"{PUSH}paused: maybe", 'paused must be true or false; got "maybe". (line 4)'),
        (f"{PUSH}target: A.b.c", 'target must be service or version.service, .*; got "A.b.c". (line 4)'),
        (f"{PULL[:-2]}  mode: poll", "mode is given twice"),
        ("queue:\n- name: q\n  mode: poll", 'mode must be push or pull; got "poll". (line 3)'),
        ("queue:\n- name: q\n  rate: 5", "rate must be 0, or a number and a unit .* (line 3)"),
        ("queue:\n- name: q\n  rate: 1/w", "rate must be 0, or a number and a unit .* (line 3)"),
        ("queue:\n- name: q\n  rate: 0.00001/d", "Refill rate must be at least 0.000000001 per second, or 0. (line 3)"),
        (f"{RETRY}task_age_limit: 5", 'task_age_limit must be a number and a unit .*; got "5". (line 5)'),
        (f"{RETRY}task_age_limit: {'9' * 20}d", "task_age_limit is too large: .* (line 5)"),
        (f"{RETRY}min_backoff_seconds: .nan", "min_backoff_seconds must be a number of seconds; .* (line 5)"),
        (f"{RETRY}max_backoff_seconds: 1e300", "max_backoff_seconds is too large: .* (line 5)"),
        (f"{RETRY}max_backoff_seconds: 9007199255", "max_backoff_seconds must be at most 9007199254 seconds. (line 5)"),
        ("total_storage_limit: much", "total_storage_limit must be a number and B, K, M, G or T, .* (line 1)"),
        ("resume_paused_queues: 2", "resume_paused_queues must be true or false; .* (line 1)"),
        ("queue: &all []", "Anchors and aliases are not supported. (line 1)"),
        ("queue: *all", "Anchors and aliases are not supported. (line 1)"),
        ("queue: !!python/object:os.system x", "Tags are not supported. (line 1)"),
        ("[" * 100_000, "nested too deeply. (line 1)"),
        ("? [a]\n: b", "A key must be a plain word. (line 1)"),
    ],
)
def test_refusals_in_our_words(text, message):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    assert re.search(pattern, refusal(text))
