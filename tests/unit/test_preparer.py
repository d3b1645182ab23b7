"""What requests have in common is worked out once, for as long as the queue's configuration and the token hold."""

import asyncio

import pytest

from broker.identity.access_tokens import TokenSources
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics
from broker.model.app_engine import AppEngineTargets
from broker.model.names import QueueName
from broker.model.queue import Queue
from broker.model.routing import HttpTarget
from broker.model.task import HttpRequest, NewTask, OidcToken
from broker.model.tickets import Tickets
from broker.store.attempts import AttemptKey
from broker.store.record import pack_draft, pack_meta
from worker.preparer import Preparer
from worker.queue_configs import QueueConfig

NAME = QueueName("p", "l", "q")
NOW_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000


class Secrets:
    async def get_or_create(self, name, make):
        return make()


@pytest.fixture
def preparer():
    keys = asyncio.run(SigningKeys.load(Secrets()))
    return Preparer(TokenSources(keys, "http://issuer"), AppEngineTargets(), "a.test", Tickets())


def config(**changes):
    return QueueConfig(Queue(NAME, **changes), 1, Metrics().for_queue(str(NAME)))


def record(body, **fields):
    request = HttpRequest("http://a.test/x", body=body, **fields)
    return pack_draft(bytes(8), None, False, b"", b"", pack_meta(NewTask(NAME.task("t"), False, request)), body)


def at_once(preparer, config, raw, now_us=NOW_US, task_id="t"):
    return preparer.at_once(AttemptKey(NAME.queue_id, task_id, 1), config, raw, now_us)


async def test_like_tasks_share_a_shape_and_keep_their_own_parts(preparer):
    queue = config()
    first, second = at_once(preparer, queue, record(b"1")), at_once(preparer, queue, record(b"2"), task_id="u")
    assert first.shape is second.shape
    assert (first.body, second.body) == (b"1", b"2")
    assert ("X-CloudTasks-TaskName", "u") in second.headers


async def test_another_configuration_is_another_shape(preparer):
    plain = at_once(preparer, config(), record(b""))
    routed = at_once(preparer, config(http_target=HttpTarget(header_overrides=(("X-Own", "1"),))), record(b""))
    assert ("X-Own", "1") not in plain.headers
    assert ("X-Own", "1") in routed.headers


async def test_a_shape_holds_no_longer_than_its_token(preparer):
    queue, raw = config(), record(b"", oidc_token=OidcToken("a@b.c"))
    key = AttemptKey(NAME.queue_id, "t", 1)
    assert at_once(preparer, queue, raw) is None
    first = await preparer.prepare(key, queue, raw, NOW_US)
    assert at_once(preparer, queue, raw).shape is first.shape
    later_us = NOW_US + 31 * MINUTE_US
    assert at_once(preparer, queue, raw, later_us) is None
    second = await preparer.prepare(key, queue, raw, later_us)
    assert dict(first.headers)["Authorization"] != dict(second.headers)["Authorization"]
    assert at_once(preparer, queue, raw, later_us).shape is second.shape
