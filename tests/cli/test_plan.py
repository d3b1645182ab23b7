"""`headrace plan`: what it prints, what it refuses."""

import re
import sys

import pytest

from broker.cli.main import main
from broker.model.capacity import Load, plan


@pytest.fixture
def headrace(monkeypatch, capsys):
    """Runs the command in this process; its exit status, output and error output."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headrace", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code or 0, *capsys.readouterr())

    return run


def counts(output: str) -> dict[str, int]:
    return {
        what: int(count)
        for what, count in re.findall(r"^(API nodes|dispatchers|Redis shards|queues) +(\d+) ", output, re.M)
    }


def test_it_prints_what_the_arithmetic_says(headrace):
    status, output, _ = headrace(
        *(
            "plan",
            "--rate",
            20000,
            "--payload",
            "2KB",
            "--retries",
            0.1,
            "--latency",
            "2s",
            "--backlog",
            "1h",
            "--rest",
        ),
        *("--headroom", 0.5, "--max-in-flight", 5000, "--shard-memory", "16GiB"),
    )
    load = Load(20_000, 2000, 0.1, 2, 3600, True, 0.5, 5000, 16 * 2**30)
    needed = plan(load)
    assert status == 0
    assert counts(output) == {
        "API nodes": needed.api_nodes,
        "dispatchers": needed.dispatchers,
        "Redis shards": needed.shards,
        "queues": needed.queues,
    }
    assert output.startswith("20,000 tasks/s of 2,000 B, 22,000 attempts/s, 352 Mbit/s")


def test_defaults_are_those_of_the_model(headrace):
    needed = plan(Load(500))
    found = counts(headrace("plan", "--rate", 500)[1])
    assert found == dict(zip(found, (needed.api_nodes, needed.dispatchers, needed.shards, needed.queues), strict=True))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "--rate"),
        (("--rate", 0), "--rate must be a number above 0; got 0"),
        (("--rate", "nan"), "--rate must be a number above 0; got nan"),
        (("--rate", 1, "--payload", "2QB"), "--payload must be a size such as 300, 2KB or 8GiB; got '2QB'"),
        (("--rate", 1, "--latency", "soon"), "--latency must be a time such as 50ms, 2s, 10m, 1h or 2d; got 'soon'"),
        (("--rate", 1, "--headroom", 2), "--headroom"),
        (("--rate", 1, "--retries", -1), "--retries"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(headrace, arguments, problem):
    status, output, errors = headrace("plan", *arguments)
    assert status in (1, 2)
    assert output == ""
    (line,) = errors.splitlines()
    assert line.startswith("headrace: ")
    assert problem in line
