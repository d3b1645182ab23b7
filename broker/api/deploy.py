"""What `gcloud app deploy queue.yaml` asks for beside the Cloud Tasks API, and UploadQueueYaml of older versions (8.3).

Every project seems to have an App Engine app that serves, in the location of the node's settings.
"""

import json
from typing import Any

from aiohttp import web
from google.api import httpbody_pb2

from broker.api.json_reader import read_message
from broker.api.rest_answer import answered
from broker.api.rest_body import read_body
from broker.api.rpcs import RPCS
from broker.errors import Code, HeadraceError
from broker.model.app_engine import app_domain
from broker.service.broker import Broker
from broker.service.name_rules import location_name

_SERVICE = "cloudtasks.googleapis.com"
_HTTP_BODY_KEYS = {"contentType", "content_type", "data", "extensions"}

_UPLOAD = next(rpc for rpc in RPCS if rpc.method == "UploadQueueYaml")
"""Other than the rest of the table it takes a body that is not JSON."""


def deploy_routes(broker: Broker) -> list[web.RouteDef]:
    """The routes."""

    async def app(request: web.Request) -> Any:
        project = request.match_info["project"]
        location_name(f"projects/{project}/locations/{broker.location}")
        domain = app_domain(broker.app_engine_domain, project)
        return {
            "name": f"apps/{project}",
            "id": project,
            "locationId": broker.location,
            "codeBucket": f"staging.{domain}",
            "servingStatus": "SERVING",
            "defaultHostname": domain,
            "defaultBucket": domain,
        }

    async def service(request: web.Request) -> Any:
        project = request.match_info["project"]
        location_name(f"projects/{project}/locations/{broker.location}")
        return {
            "name": f"projects/{project}/services/{_SERVICE}",
            "config": {"name": _SERVICE},
            "state": "ENABLED",
            "parent": f"projects/{project}",
        }

    async def upload(request: web.Request) -> Any:
        body = await read_body(request)
        await _UPLOAD.call(broker, lambda: _UPLOAD.request(app_id=_app_id(request), http_body={"data": _file(body)}))
        return {}

    return [
        web.get("/v1/apps/{project}", answered(app)),
        web.get(f"/v1/projects/{{project}}/services/{_SERVICE}", answered(service)),
        web.post(_UPLOAD.path, answered(upload)),
    ]


def _app_id(request: web.Request) -> str:
    """The id of the app that a request names, which is the id of its project."""
    app_id = request.query.get("appId") or request.query.get("app_id")
    if not app_id:
        raise HeadraceError(Code.INVALID_ARGUMENT, "The query parameter appId is required: the id of the project.")
    return app_id


def _file(body: bytes) -> bytes:
    """The file in a body: the body itself, or the data of a google.api.HttpBody in JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(value, dict) or not value or not value.keys() <= _HTTP_BODY_KEYS:
        return body
    message = httpbody_pb2.HttpBody()
    read_message(value, message)
    return bytes(message.data)
