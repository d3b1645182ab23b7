"""`headrace queues`: import, export and list against a real store, the preview of retries."""

import re
from pathlib import Path

import pytest

from tests.support.up import Up, run_headrace

FILE = """\
queue:
- name: mail
  rate: 5/s
- name: held
  rate: 0
"""
XML = "<queue-entries><queue><name>mail</name><rate>5/s</rate></queue></queue-entries>"


@pytest.fixture
def queues(headrace, redis_client, redis_url, tmp_path):
    """Runs `headrace queues` against an emptied store and expects success. The answer is the output's lines."""

    def run(*arguments: object) -> list[str]:
        status, output, errors = headrace("queues", *arguments, "--redis-url", redis_url)
        assert (status, errors) == (0, "")
        return output.splitlines()

    return run


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "queue.yaml"
    path.write_text(FILE)
    return path


def test_import_shows_the_plan_and_applies_it(queues, file):
    plan = queues("import", file, "--dry-run")
    assert plan[0] == "projects/local/locations/us-central1: changes 2, queues unchanged 0"
    assert plan[1].startswith("create mail: rate 5/s, bucket_size 5, max_concurrent_requests 1000, ")
    assert plan[2].startswith("create held: paused, rate 500/s, ")
    assert queues("list") == ["QUEUE  STATE  RATE  BURST  CONCURRENCY  ATTEMPTS"]
    assert queues("import", file) == [*plan, "applied"]
    assert queues("import", file) == ["projects/local/locations/us-central1: changes 0, queues unchanged 2"]
    assert queues("list") == [
        "QUEUE  STATE    RATE   BURST  CONCURRENCY  ATTEMPTS",
        "held   PAUSED   500/s  5      1000         unlimited",
        "mail   RUNNING  5/s    5      1000         unlimited",
    ]


@pytest.mark.parametrize(("prune", "state"), [("none", "RUNNING"), ("pause", "PAUSED"), ("disable", "DISABLED")])
def test_prune(queues, file, tmp_path, prune, state):
    queues("import", file)
    (tmp_path / "empty.yaml").write_text("queue: []")
    queues("import", tmp_path / "empty.yaml", "--prune", prune)
    assert queues("list")[2].split()[:2] == ["mail", state]


def test_an_export_imports_to_the_same_state(queues, file, tmp_path):
    queues("import", file)
    export = tmp_path / "export.yaml"
    export.write_text("\n".join(queues("export")))
    assert queues("import", export, "--prune", "disable")[0].endswith("changes 0, queues unchanged 2")
    elsewhere = ("--project", "p", "--location", "l")
    assert queues("import", export, *elsewhere)[-1] == "applied"
    assert "\n".join(queues("export", *elsewhere)) == export.read_text()


def test_import_of_xml(queues, tmp_path):
    (tmp_path / "queue.xml").write_text(XML)
    assert queues("import", tmp_path / "queue.xml")[1].startswith("create mail: rate 5/s, ")


@pytest.mark.parametrize(("answer", "last"), [("y", "applied"), ("", "nothing was changed")])
def test_on_a_terminal_it_asks(queues, file, monkeypatch, answer, last):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    assert queues("import", file)[-1] == last


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("queue: [{name: q, rat: 1/s}]", r'queue\.yaml: Invalid queue configuration\. Unknown key "rat".*\(line 1\)'),
        (
            "queue: [{name: q, mode: pull, rate: 1/s}]",
            r"queue\.yaml: Invalid queue configuration\. Refill rate must not be specified for pull-based queue",
        ),
    ],
)
def test_a_file_that_cannot_be_applied(headrace, redis_url, redis_client, file, content, message):
    file.write_text(content)
    status, output, errors = headrace("queues", "import", file, "--redis-url", redis_url)
    assert (status, output) == (1, "")
    assert re.fullmatch(rf"headrace: [^\n]*{message}[^\n]*\n", errors), errors


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["import", "/nowhere.yaml"], 1, "cannot read /nowhere.yaml: No such file"),
        (["import", "/nowhere.yaml", "--prune", "delete"], 2, "'delete' is not one of"),
        (["list", "--project", "no good"], 1, "project 'no good'"),
        (["list", "--data-dir", "/nowhere"], 1, "no Redis to use: give --redis-url"),
        (["preview-retry", "--max-attempts", "few"], 1, "--max-attempts must be a whole number, or unlimited"),
        (["preview-retry", "--min-backoff", "1w"], 1, "--min-backoff must be a time such as"),
        (["preview-retry", "--min-backoff", "2h"], 1, "RetryConfig.minBackoff must be less than or equal"),
        (["preview-retry", "--max-attempts", "-2"], 1, "RetryConfig.maxAttempts must be greater or equal to -1"),
    ],
)
def test_bad_arguments(headrace, arguments, status, message):
    ended, output, errors = headrace("queues", *arguments)
    assert (ended, output) == (status, "")
    assert re.fullmatch(rf"headrace: [^\n]*{message}[^\n]*\n", errors), errors


def preview(headrace, *arguments: object) -> tuple[list[str], str]:
    """The waits of a preview and its last line."""
    status, output, _ = headrace("queues", "preview-retry", *arguments)
    assert status == 0
    _header, *rows, end = output.splitlines()
    return [row.split()[1] for row in rows[1:] if "..." not in row], end


def test_the_preview_of_the_documented_example(headrace):
    flags = ("--min-backoff", 10, "--max-backoff", "5m", "--max-doublings", 3, "--max-attempts", 9)
    assert preview(headrace, *flags) == (
        ["10s", "20s", "40s", "80s", "160s", "240s", "300s", "300s"],
        "given up after attempt 9, 19m 10s after the first",
    )


@pytest.mark.parametrize(
    ("flags", "end"),
    [
        ([], "given up after attempt 100, 3d 12h 49m 13.5s after the first"),
        (["--max-attempts", "1"], "given up after attempt 1, 0s after the first"),
        (["--max-retry-duration", "1h", "--max-attempts", "-1"], "given up after attempt 17, 1h 49m 13.5s after"),
        (["--max-retry-duration", "30d"], "given up after attempt 736, 30d 49m 13.5s after the first"),
        (["--max-attempts", "unlimited"], "never given up: "),
        (["--max-attempts", "-1", "--max-retry-duration", "1s", "--min-backoff", "0"], "not given up within 100000 "),
    ],
)
def test_how_a_preview_ends(headrace, flags, end):
    assert preview(headrace, *flags)[1].startswith(end)


def test_up_applies_a_file_and_leaves_other_queues_alone(headrace, file, tmp_path):
    data_dir = tmp_path / "data"
    with Up("--data-dir", data_dir, "--queue", "other") as up:
        assert up.stop() == 0
    with Up("--data-dir", data_dir, "--queues-file", file) as up:
        _, output, _ = headrace("queues", "list", "--data-dir", data_dir)
        rows = [line.split()[:3] for line in output.splitlines()[1:]]
        assert rows == [
            ["default", "RUNNING", "500/s"],
            ["held", "PAUSED", "500/s"],
            ["mail", "RUNNING", "5/s"],
            ["other", "RUNNING", "500/s"],
        ]
        assert up.stop() == 0


def test_up_with_a_file_that_is_wrong(file, tmp_path):
    file.write_text("queue: [{name: q}]")
    ended = run_headrace("up", "--data-dir", tmp_path / "data", "--queues-file", file)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"headrace: [^\n]*queue\.yaml: Invalid queue configuration\. Refill rate[^\n]*\n", ended.stderr)
