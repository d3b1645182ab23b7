"""Use cases around routing on a real store: tasks without a URL, hosts in answers, Cloud KMS keys (2.10, 2.11, 5.4)."""

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.routing import UriOverride
from broker.model.task import AppEngineRouting, View
from broker.service import cmek, queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, HttpTargetDraft, QueueDraft, TaskDraft
from broker.store import cmek as cmek_store
from broker.store.store import Store

QUEUE = str(QueueName("p", "l", "q"))
LOCATION = "projects/p/locations/l"
CONFIG = f"{LOCATION}/cmekConfig"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
ROUTED = HttpTargetDraft(host="h.example")
URL = HttpRequestDraft("http://127.0.0.1/")

CMEK_REFUSAL = (
    Code.FAILED_PRECONDITION,
    "Queue.httpTarget cannot be used while the location's cmekConfig names a kmsKey: remove one of them.",
)


@pytest.fixture
def broker(store):
    return Broker(store, Limits(), Metrics())


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code, refused.value.message


def create_queue(broker, **fields):
    return queues.create_queue(broker, LOCATION, QueueDraft(name=QUEUE, **fields))


def route(broker, target=ROUTED, mask=("http_target",)):
    return queues.update_queue(broker, QueueDraft(name=QUEUE, http_target=target), mask)


def create_task(broker, request=URL):
    return tasks.create_task(broker, QUEUE, TaskDraft(http_request=request), View.BASIC)


async def test_a_url_may_be_missing_where_the_queue_names_a_host(broker):
    missing = (Code.INVALID_ARGUMENT, "HttpRequest.url is required.")
    await create_queue(broker)
    assert await refusal(create_task(broker, HttpRequestDraft())) == missing
    await route(broker, HttpTargetDraft(port=1))
    assert await refusal(create_task(broker, HttpRequestDraft())) == missing
    await route(broker)
    task = await create_task(broker, HttpRequestDraft())
    assert task.request.url == ""
    assert (await tasks.get_task(broker, str(task.name), View.FULL)).request == task.request


async def test_a_task_without_url_for_a_missing_queue(broker):
    code, _ = await refusal(create_task(broker, HttpRequestDraft()))
    assert code is Code.NOT_FOUND


async def test_answers_carry_the_host_of_app_engine_routing(broker):
    routing = AppEngineRouting("mail", "v2", "i")
    queue = await create_queue(broker, app_engine_routing=routing)
    assert queue.app_engine_routing == AppEngineRouting("mail", "v2", "i", "i.v2.mail.p.appspot.com")
    (listed,), _ = await queues.list_queues(broker, LOCATION, page_size=0, page_token="", filter_text="")
    assert listed == queue == await queues.get_queue(broker, QUEUE)
    assert (await queues.pause_queue(broker, QUEUE)).app_engine_routing == queue.app_engine_routing


@pytest.mark.parametrize(
    ("domain", "project", "host"),
    [
        ("{project}.appspot.com", "p", "mail.p.appspot.com"),
        ("{project}.appspot.com", "example.com:p", "mail.p.example.com.appspot.com"),
        ("apps.example", "p", "mail.apps.example"),
    ],
)
async def test_the_domain_of_an_app_is_a_setting(store, domain, project, host):
    broker = Broker(store, Limits(), Metrics(), domain)
    queue = f"projects/{project}/locations/l/queues/q"
    await queues.create_queue(broker, f"projects/{project}/locations/l", QueueDraft(name=queue))
    draft = TaskDraft(app_engine_request=AppEngineRequestDraft(routing=AppEngineRouting("mail")))
    task = await tasks.create_task(broker, queue, draft, View.BASIC)
    assert task.request.routing.host == host
    assert (await tasks.get_task(broker, str(task.name), View.BASIC)).request == task.request
    assert (await tasks.run_task(broker, str(task.name), View.BASIC)).request == task.request
    (listed,), _ = await tasks.list_tasks(broker, queue, View.BASIC, page_size=0, page_token="")
    assert listed.request == task.request


async def test_a_location_has_no_key_until_it_is_given_one(broker):
    assert await cmek.get_cmek_config(broker, CONFIG) == ""
    assert await cmek.update_cmek_config(broker, CONFIG, KEY, ()) == KEY
    assert await cmek.update_cmek_config(broker, CONFIG, "", ("name",)) == KEY
    assert await cmek.get_cmek_config(broker, CONFIG) == KEY
    assert await cmek.get_cmek_config(broker, "projects/p/locations/other/cmekConfig") == ""
    assert await cmek.update_cmek_config(broker, CONFIG, "", ("kms_key",)) == ""
    assert await cmek.get_cmek_config(broker, CONFIG) == ""


@pytest.mark.parametrize(
    ("name", "key", "mask", "text"),
    [
        ("projects/p/locations/l", "", (), "CmekConfig name must be formatted:"),
        ("projects/p/cmekConfig", "", (), "CmekConfig name must be formatted:"),
        (CONFIG, "k", (), 'CmekConfig.kmsKey is "k", but must be formatted: "projects/'),
        (CONFIG, KEY, ("colour",), 'update_mask has the path "colour", which is not a field of a CmekConfig.'),
    ],
)
async def test_what_is_no_key_is_refused(broker, name, key, mask, text):
    code, message = await refusal(cmek.update_cmek_config(broker, name, key, mask))
    assert code is Code.INVALID_ARGUMENT
    assert message.startswith(text)


async def test_a_key_excludes_routing(broker):
    await cmek.update_cmek_config(broker, CONFIG, KEY, ())
    assert await refusal(create_queue(broker, http_target=ROUTED)) == CMEK_REFUSAL
    assert await refusal(route(broker)) == CMEK_REFUSAL
    await create_queue(broker)
    assert await refusal(route(broker)) == CMEK_REFUSAL
    await create_task(broker)
    await route(broker, HttpTargetDraft())
    await cmek.update_cmek_config(broker, CONFIG, "", ())
    await route(broker)


async def test_a_key_excludes_tasks_for_queues_that_have_routing_already(broker):
    await create_queue(broker, http_target=ROUTED)
    await create_task(broker)
    await cmek.update_cmek_config(broker, CONFIG, KEY, ())
    assert await refusal(create_task(broker)) == CMEK_REFUSAL
    kept = await queues.update_queue(broker, QueueDraft(name=QUEUE, max_attempts=3), ("retry_config.max_attempts",))
    assert kept.http_target.uri_override == UriOverride(host="h.example")
    await route(broker, HttpTargetDraft())
    await create_task(broker)


async def test_a_key_set_at_another_node_is_learned(broker, redis_url, monkeypatch):
    await create_queue(broker, http_target=ROUTED)
    await create_task(broker)
    other = await Store.open(redis_url)
    await other.cmek.set_key(QueueName("p", "l", "q").parent, KEY)
    await other.close()
    monkeypatch.setattr(cmek_store, "REMEMBERED_S", 0)
    assert await refusal(create_task(broker)) == CMEK_REFUSAL


async def test_creating_a_task_costs_one_call_of_the_store(broker, redis_client):
    await create_queue(broker, http_target=ROUTED)
    await create_task(broker)
    before = calls(redis_client)
    for _ in range(10):
        await create_task(broker)
    after = calls(redis_client)
    assert after["scripts"] - before["scripts"] == 10
    assert after["hashes"] == before["hashes"]


def calls(redis_client):
    stats = redis_client.info("commandstats")
    counted = {name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "hkeys", "hget")}
    return {"scripts": counted["evalsha"], "hashes": counted["hkeys"]}
