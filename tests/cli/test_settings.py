"""What settings accept, where they come from, and how they refuse."""

import pytest

from broker.errors import StartupError
from broker.model.limits import Limits
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


def test_the_dev_profile_changes_defaults_and_nothing_that_is_given(monkeypatch):
    google, dev = Settings.load({}), Settings.load({"profile": "dev"})
    assert (google.auto_create_queues, google.limits) == (False, Limits())
    assert dev.auto_create_queues
    assert dev.limits == Limits(task_tombstone_s=5, queue_tombstone_s=0)
    monkeypatch.setenv("HEADRACE_PROFILE", "dev")
    monkeypatch.setenv("HEADRACE_LIMITS", "task_tombstone_s=7,url_length=9")
    monkeypatch.setenv("HEADRACE_AUTO_CREATE_QUEUES", "false")
    given = Settings.load({})
    assert (given.profile, given.auto_create_queues) == ("dev", False)
    assert given.limits == Limits(task_tombstone_s=7, queue_tombstone_s=0, url_length=9)
    assert Settings.load({"profile": "google"}).limits.queue_tombstone_s == 259_200


@pytest.mark.parametrize(
    "given", ["localhost:80=h:1, *.X.test=http://[::1]", '{"localhost:80": "h:1", "*.X.test": "http://[::1]/"}']
)
def test_rewrites(given, monkeypatch):
    expected = {"localhost:80": "h:1", "*.x.test": "http://[::1]"}
    monkeypatch.setenv("HEADRACE_TARGET_REWRITES", given)
    assert Settings.load({}).target_rewrites == expected
    assert Settings.load({"target_rewrites": ["a=b"]}).target_rewrites == {"a": "b"}


def test_trust_for_single_targets(tmp_path):
    file = tmp_path / "a=b.pem"
    file.touch()
    settings = Settings.load({"target_tls": [f"H:1={file}", "*=insecure"]})
    assert settings.target_tls == {"h:1": str(file), "*": "insecure"}


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
        ({"profile": "test"}, "setting profile .*'google' or 'dev', got 'test'"),
        ({"profile": "dev", "limits": ["bytes=1"]}, "unknown limit 'bytes'"),
        ({"target_rewrites": ["localhost"]}, "'localhost': write FROM=TO, for example"),
        ({"target_rewrites": ["a b=c"]}, "'a b' is no address: write"),
        ({"target_rewrites": ["=c"]}, "'' is no address: write"),
        ({"target_rewrites": ["a=http://c/path"]}, "a=http://c/path: TO must be .*without a path"),
        ({"target_rewrites": ["a=*.c"]}, "TO must be"),
        ({"target_rewrites": ["a=unix:run/a.sock"]}, "TO must be .* or unix:/PATH"),
        ({"target_rewrites": ["a=unix:/" + "x" * 107]}, "the path of a socket has at most 107 bytes"),
        ({"target_proxy": "proxy:3128"}, "setting target_proxy .*must be http://HOST:PORT or https"),
        ({"target_proxy": "http://proxy:3128/path"}, "setting target_proxy .*must be http://HOST"),
        ({"target_proxy": "socks5://proxy:1080"}, "setting target_proxy .*must be http://HOST"),
        ({"target_proxy": "http://proxy:99999"}, "setting target_proxy .*must be http://HOST"),
        ({"target_no_proxy": ["10.0.0.0/8"]}, "setting target_no_proxy .*'10.0.0.0/8' is no address: write"),
        ({"target_rewrites": ["{no json}"]}, "this is no JSON"),
        ({"target_rewrites": ['{"a": 1}']}, "a JSON object of texts"),
        ({"target_tls": ["h=/nowhere/ca.pem"]}, "h=/nowhere/ca.pem: there is no such file"),
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


@pytest.mark.parametrize("url", ["me:secret@proxy:1", "http://me:secret@", "ftp://me:secret@proxy"])
def test_the_password_of_a_bad_proxy_is_not_shown(url):
    with pytest.raises(StartupError) as refusal:
        Settings.load({"target_proxy": url})
    assert "secret" not in str(refusal.value)
