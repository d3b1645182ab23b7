"""What `gcloud app deploy queue.yaml` asks for beside the Cloud Tasks API, and UploadQueueYaml."""

import asyncio
import base64
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broker.api.node import ApiNode
from tests.support.gcloud import gcloud_environment

FILE = "queue:\n- name: mail\n  rate: 5/s\n- name: held\n  rate: 0\n"
UPLOAD = "/api/queue/update?appId=shop"
QUEUES = "/v2/projects/shop/locations/us-central1/queues"


async def call(node: ApiNode, verb: str, path: str, **arguments: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(verb, node.http_url + path, **arguments) as response:
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        return response.status, await response.json()


async def states(node: ApiNode) -> dict[str, str]:
    _, answer = await call(node, "GET", QUEUES)
    return {queue["name"].rpartition("/")[2]: queue["state"] for queue in answer.get("queues", ())}


async def test_every_project_has_an_app_that_serves(node: ApiNode) -> None:
    status, app = await call(node, "GET", "/v1/apps/example.com:shop?alt=json")
    assert (status, app) == (
        200,
        {
            "name": "apps/example.com:shop",
            "id": "example.com:shop",
            "locationId": "us-central1",
            "codeBucket": "staging.shop.example.com.appspot.com",
            "servingStatus": "SERVING",
            "defaultHostname": "shop.example.com.appspot.com",
            "defaultBucket": "shop.example.com.appspot.com",
        },
    )


async def test_the_cloud_tasks_service_is_enabled(node: ApiNode) -> None:
    status, service = await call(node, "GET", "/v1/projects/shop/services/cloudtasks.googleapis.com?alt=json")
    assert (status, service["state"]) == (200, "ENABLED")
    assert service["name"] == "projects/shop/services/cloudtasks.googleapis.com"
    assert (await call(node, "GET", "/v1/projects/shop/services/run.googleapis.com"))[0] == 404


async def test_a_project_that_cannot_be(node: ApiNode) -> None:
    for verb, path in (
        ("GET", "/v1/apps/a_b"),
        ("GET", "/v1/projects/a_b/services/cloudtasks.googleapis.com"),
        ("POST", "/api/queue/update?appId=s~shop"),
    ):
        status, answer = await call(node, verb, path)
        assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "body",
    [
        FILE.encode(),
        json.dumps({"queue": [{"name": "mail", "rate": "5/s"}, {"name": "held", "rate": "0"}]}).encode(),
        json.dumps({"contentType": "text/yaml", "data": base64.b64encode(FILE.encode()).decode()}).encode(),
        json.dumps({"content_type": "", "data": base64.urlsafe_b64encode(FILE.encode()).decode()}).encode(),
    ],
)
async def test_an_upload_creates_updates_and_disables(node: ApiNode, body: bytes) -> None:
    first = "queue: [{name: default, rate: 1/s}, {name: mail, rate: 1/s}, {name: old, rate: 1/s}]"
    assert await call(node, "POST", UPLOAD, data=first) == (200, {})
    assert await call(node, "POST", UPLOAD, data=body, headers={"Content-Type": "text/yaml"}) == (200, {})
    assert await states(node) == {"default": "RUNNING", "held": "PAUSED", "mail": "RUNNING", "old": "DISABLED"}
    _, mail = await call(node, "GET", f"{QUEUES}/mail")
    assert mail["rateLimits"] == {"maxDispatchesPerSecond": 5, "maxBurstSize": 5, "maxConcurrentDispatches": 1000}
    assert mail["retryConfig"]["maxAttempts"] == -1


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/api/queue/update", FILE, "The query parameter appId is required: the id of the project."),
        (UPLOAD, "", "Invalid queue configuration. The file is empty."),
        (UPLOAD, "queue: [{name: q}]", "Invalid queue configuration. Refill rate must be specified"),
        (UPLOAD, '{"contentType": "text/yaml"}', "Invalid queue configuration. The file is empty."),
        (UPLOAD, '{"data": "!"}', "Invalid value at 'data' (TYPE_BYTES), Base64 decoding failed"),
    ],
)
async def test_an_upload_that_is_refused_changes_nothing(node: ApiNode, path: str, body: str, message: str) -> None:
    status, answer = await call(node, "POST", path, data=body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer["error"]["message"].startswith(message)
    assert await states(node) == {}


async def test_uploads_are_counted(node_in_process: ApiNode) -> None:
    await call(node_in_process, "POST", UPLOAD, data=FILE)
    async with aiohttp.ClientSession() as session, session.get(f"{node_in_process.http_url}/metrics") as response:
        assert 'headrace_api_calls_total{code="OK",method="UploadQueueYaml"} 1.0' in await response.text()


DEPLOYED = """
queue:
- name: mail
  rate: 5/s
  bucket_size: 20
  target: v1.worker
  retry_parameters:
    task_retry_limit: 3
    min_backoff_seconds: 2
- name: held
  mode: push
  rate: 0/s
"""
DEPLOYED_LATER = """
queue:
- name: mail
  rate: 0/s
- name: held
  rate: 2/m
"""


@pytest.mark.skipif(not shutil.which("gcloud"), reason="no gcloud on PATH")
async def test_gcloud_deploys_a_queue_file(node: ApiNode, tmp_path: Path) -> None:
    """Queues it does not list are paused, other than by UploadQueueYaml, and the default queue is left alone."""
    for queue in ("old", "default"):
        await call(node, "POST", QUEUES, json={"name": f"{QUEUES.removeprefix('/v2/')}/{queue}"})
    await _deploy(node.http_url, tmp_path, DEPLOYED)
    assert await states(node) == {"default": "RUNNING", "held": "PAUSED", "mail": "RUNNING", "old": "PAUSED"}
    _, mail = await call(node, "GET", QUEUES.replace("v2", "v2beta3") + "/mail")
    routing = {"service": "worker", "version": "v1", "host": "v1.worker.shop.appspot.com"}
    assert mail == {
        "name": "projects/shop/locations/us-central1/queues/mail",
        "type": "PUSH",
        "state": "RUNNING",
        "appEngineHttpQueue": {"appEngineRoutingOverride": routing},
        "rateLimits": {"maxDispatchesPerSecond": 5, "maxBurstSize": 20, "maxConcurrentDispatches": 1000},
        "retryConfig": {"maxAttempts": 4, "minBackoff": "2s", "maxBackoff": "3600s", "maxDoublings": 16},
        "taskTtl": "315360000s",
        "tombstoneTtl": "777600s",
    }

    await _deploy(node.http_url, tmp_path, DEPLOYED_LATER)
    assert await states(node) == {"default": "RUNNING", "held": "RUNNING", "mail": "PAUSED", "old": "PAUSED"}
    _, held = await call(node, "GET", f"{QUEUES}/held")
    assert held["rateLimits"]["maxDispatchesPerSecond"] == pytest.approx(2 / 60)
    _, mail = await call(node, "GET", f"{QUEUES}/mail")
    assert (mail["rateLimits"]["maxBurstSize"], mail["retryConfig"]["maxAttempts"]) == (5, -1)


async def _deploy(url: str, directory: Path, file: str) -> None:
    """`gcloud app deploy queue.yaml`, to the end."""
    (directory / "queue.yaml").write_text(file)
    gcloud = await asyncio.create_subprocess_exec(
        *("gcloud", "app", "deploy", "queue.yaml"),
        cwd=directory,
        env=gcloud_environment(url, directory, "shop"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await gcloud.communicate()
    assert gcloud.returncode == 0, errors.decode()
    assert b"Task queues have been updated." in errors
