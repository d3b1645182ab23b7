"""The caps of single queues as settings."""

import pytest

from broker.errors import StartupError
from broker.model.names import QueueName
from broker.settings import Settings


def test_queues_are_named_by_id_or_in_full():
    settings = Settings.load({"lease_caps": ["jobs=2", "projects/p/locations/l/queues/q=0"]})
    rules = settings.lease_cap_rules
    assert rules.cap(QueueName("local", "us-central1", "jobs"), 10) == 2
    assert rules.cap(QueueName("p", "l", "q"), 10) == 0
    assert rules.cap(QueueName("p", "l", "jobs"), 10) == 10
    assert not rules.answers_empty


def test_the_environment_separates_them_by_commas(monkeypatch):
    monkeypatch.setenv("HEADRACE_LEASE_CAPS", "a=1, b=20")
    monkeypatch.setenv("HEADRACE_LEASE_CAP_ANSWER", "empty")
    settings = Settings.load({})
    assert settings.lease_caps == {"a": 1, "b": 20}
    assert settings.lease_cap_rules.answers_empty


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("jobs", "'jobs': write QUEUE=NUMBER"),
        ("jobs=many", "'jobs=many': write QUEUE=NUMBER"),
        ("jobs=-1", "'jobs=-1': write QUEUE=NUMBER"),
        ("no good=1", "queue 'no good' is neither a queue id"),
    ],
)
def test_what_makes_no_sense_is_refused(word, message):
    with pytest.raises(StartupError, match=message):
        Settings.load({"lease_caps": [word]})
