"""What settings accept, where they come from, and how they refuse."""

import pytest

from broker.errors import StartupError
from broker.model.names import QueueName
from broker.settings import Address, Settings


def test_flags_win_over_the_environment_over_role_defaults(monkeypatch):
    monkeypatch.setenv("HEADRACE_HTTP_PORT", "1")
    monkeypatch.setenv("HEADRACE_GRPC_PORT", "2")
    settings = Settings.load(
        {"http_port": 3, "metrics_port": None}, {"grpc_port": 4, "metrics_port": 5, "http_port": 6}
    )
    assert (settings.http_port, settings.grpc_port, settings.metrics_port) == (3, 2, 5)


def test_lists_are_separated_by_commas_in_the_environment(monkeypatch):
    monkeypatch.setenv("HEADRACE_QUEUES", "mail, projects/p/locations/l/queues/slow")
    monkeypatch.setenv("HEADRACE_LIMITS", "task_tombstone_s=0,max_burst_size=7")
    settings = Settings.load({"project": "shop"})
    assert settings.queue_names == (
        QueueName("shop", "us-central1", "mail"),
        QueueName("p", "l", "slow"),
    )
    assert (settings.limits.task_tombstone_s, settings.limits.max_burst_size) == (0, 7)
    assert settings.limits.url_length == 2083


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"grpc_port": 70000}, "setting grpc_port (HEADRACE_GRPC_PORT): .* got 70000"),
        ({"lease_s": 0}, "setting lease_s .*greater than 0, got 0"),
        ({"drain_s": float("nan")}, "setting drain_s .*finite"),
        ({"egress": "none"}, "setting egress .*'any' or 'public', got 'none'"),
        ({"log_level": "loud"}, "setting log_level .*'debug', 'info', 'warning' or 'error'"),
        ({"limits": ["task_bytes"]}, "setting limits .*'task_bytes': write NAME=VALUE"),
        ({"limits": ["task_bytes=big"]}, "'task_bytes=big': 'big' is not a number"),
        ({"limits": ["task_bytes=inf"]}, "task_bytes must be a finite number"),
        ({"limits": ["task_bytes=-1"]}, "task_bytes must not be negative"),
        ({"limits": ["bytes=1"]}, "unknown limit 'bytes'; known limits are max_dispatches_per_second"),
        ({"queues": ["a b"]}, "queue 'a b' is neither a queue id"),
        ({"queues": ["projects/p/queues/q"]}, "queue 'projects/p/queues/q' is neither"),
        ({"project": "a/b"}, "project 'a/b' or location"),
        ({"redis_url": "http://localhost"}, "setting redis_url .*must be redis://"),
        ({"redis_url": "redis://localhost:port"}, "setting redis_url .*must be redis://"),
        ({"namespace": "{hr}"}, "setting namespace .*must be 1 to 32"),
        ({"issuer": "example.com"}, "setting issuer .*must be an http"),
        ({"target_ca": "/nowhere/ca.pem"}, "setting target_ca .*not point to a file"),
    ],
)
def test_refusals_name_the_setting_in_one_line(flags, message):
    with pytest.raises(StartupError, match=message.replace("(", r"\(").replace(")", r"\)")) as refusal:
        Settings.load(flags)
    assert "\n" not in str(refusal.value)


def test_a_refused_redis_url_is_not_shown():
    with pytest.raises(StartupError) as refusal:
        Settings.load({"redis_url": "reddis://:secret@host"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_loopback(host, expected):
    assert Settings.load({"host": host}).is_loopback is expected


def test_issuer_is_derived_from_the_rest_port_unless_given():
    assert Settings.load({}).issuer_url(8200) == "http://127.0.0.1:8200"
    assert Settings.load({"issuer": "https://tasks.example"}).issuer_url(8200) == "https://tasks.example"
    assert str(Address("::1", 1)) == "[::1]:1"
