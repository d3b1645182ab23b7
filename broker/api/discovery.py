"""Discovery documents: the REST API in the form that Google's generic clients are built from.

Made from the RPC table and the descriptors of its messages, so that they list what is served, and nothing else.
"""

from functools import cache
from typing import Any

from aiohttp import web

from broker.api.discovery_schemas import property_schema, schemas_of
from broker.api.paths import Template
from broker.api.rest_answer import AnswerStyle, json_response
from broker.api.rpcs import RPCS, Rpc
from broker.api.statuses import HTTP_STATUS, envelope
from broker.errors import Code, HeadraceError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_VERSIONS = ("v2", "v2beta2", "v2beta3")
_STANDARD_NAMES = {"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}
_SYSTEM_PARAMETERS = {
    **dict.fromkeys(("access_token", "callback", "fields", "key", "oauth_token", "quotaUser"), "string"),
    **dict.fromkeys(("uploadType", "upload_protocol", "alt", "$.xgafv"), "string"),
    "prettyPrint": "boolean",
}


def discovery_routes() -> list[web.RouteDef]:
    """The routes."""

    async def document(request: web.Request) -> web.Response:
        version = request.match_info.get("version") or request.query.get("version", "v2")
        style = AnswerStyle.of(request.query, request.headers)
        if version not in _VERSIONS:
            text = f"Version {version[:50]!r} is not served: use {', '.join(_VERSIONS)}."
            error = HeadraceError(Code.NOT_FOUND, text)
            return json_response(envelope(error), HTTP_STATUS[error.code], style)
        return json_response(discovery_document(version, f"{request.scheme}://{request.host}/"), 200, style)

    return [
        web.get("/$discovery/rest", document),
        web.get("/discovery/v1/apis/cloudtasks/{version}/rest", document),
    ]


def discovery_document(version: str, root_url: str) -> dict[str, Any]:
    """The document of one version of the API, at `root_url`, which ends in a slash."""
    return _fixed_part(version) | {"rootUrl": root_url, "baseUrl": root_url}


@cache
def _fixed_part(version: str) -> dict[str, Any]:
    rpcs = [rpc for rpc in RPCS if rpc.request is not None and _is_of(rpc, version)]
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"cloudtasks:{version}",
        "name": "cloudtasks",
        "version": version,
        "version_module": True,
        "canonicalName": "Cloud Tasks",
        "title": "Cloud Tasks API",
        "protocol": "rest",
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "fullyEncodeReservedExpansion": True,
        "auth": {"oauth2": {"scopes": {_SCOPE: {"description": "Everything."}}}},
        "parameters": {name: {"type": kind, "location": "query"} for name, kind in _SYSTEM_PARAMETERS.items()},
        "schemas": schemas_of(_messages(rpcs)),
        "resources": _resources(rpcs),
    }


def _is_of(rpc: Rpc, version: str) -> bool:
    """UploadQueueYaml has a path without a version, and is of v2beta2."""
    first = rpc.path.split("/")[1]
    return first == version or (first not in _VERSIONS and version == "v2beta2")


def _messages(rpcs: list[Rpc]) -> list[Any]:
    """The descriptors of what the methods take and answer."""
    taken = [_body_descriptor(rpc) for rpc in rpcs if _body_field(rpc)]
    return [*taken, *(rpc.response.DESCRIPTOR for rpc in rpcs)]


def _resources(rpcs: list[Rpc]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for rpc in rpcs:
        *parents, name = _method_id(rpc)
        resource: dict[str, Any] = {"resources": root}
        for parent in parents:
            resource = resource.setdefault("resources", {}).setdefault(parent, {})
        resource.setdefault("methods", {}).setdefault(name, _method(rpc, ".".join((*parents, name))))
    return root


def _method_id(rpc: Rpc) -> list[str]:
    """The resources that lead to a method, and its name: `projects`, `locations`, `queues`, `pause`."""
    segments = Template.parse(rpc.path).segments
    nouns = [segment for segment in segments if segment not in (*_VERSIONS, "*")]
    verb = Template.parse(rpc.path).verb
    if verb:
        return [*nouns, verb]
    if segments[-1] == "*" or (rpc.verb == "POST" and "*" in segments):
        return [*nouns, _STANDARD_NAMES[rpc.verb]]
    if "*" in segments and nouns[-1].endswith("s"):
        return [*nouns, "list"]
    if "*" in segments:
        return [*nouns[:-1], rpc.method[0].lower() + rpc.method[1:]]
    return nouns


def _method(rpc: Rpc, name: str) -> dict[str, Any]:
    fields, body = rpc.request.DESCRIPTOR.fields, _body_field(rpc)
    variables = _variables(rpc)
    bound = {field.split(".")[0] for field, *_ in Template.parse(rpc.path).variables} | {body}
    query = {} if body == "*" else {field.json_name: field for field in fields if field.name not in bound}
    method: dict[str, Any] = {
        "id": f"cloudtasks.{name}",
        "httpMethod": rpc.verb,
        "path": _path(rpc),
        "parameterOrder": list(variables),
        "parameters": variables | {key: _query_parameter(field) for key, field in query.items()},
        "response": {"$ref": rpc.response.DESCRIPTOR.name},
        "scopes": [_SCOPE],
    }
    return method | ({"request": {"$ref": _body_descriptor(rpc).name}} if body else {})


def _body_field(rpc: Rpc) -> str:
    """Which field of the request the JSON body is. Of UploadQueueYaml it is the file, of BufferTask everything."""
    if "http_body" in rpc.request.DESCRIPTOR.fields_by_name:
        return "http_body"
    return "*" if rpc.method == "BufferTask" else rpc.body


def _body_descriptor(rpc: Rpc) -> Any:
    body = _body_field(rpc)
    return rpc.request.DESCRIPTOR if body == "*" else rpc.request.DESCRIPTOR.fields_by_name[body].message_type


def _path(rpc: Rpc) -> str:
    """The URI template of a method; `{+name}` stands for several segments."""
    template = Template.parse(rpc.path)
    parts: list[str] = []
    next_free = 0
    for field, start, end in template.variables:
        parts += template.segments[next_free:start]
        parts.append(f"{{{'+' if end - start > 1 else ''}{_parameter_name(rpc, field)}}}")
        next_free = end
    parts += template.segments[next_free:]
    return "/".join(parts) + (f":{template.verb}" if template.verb else "")


def _variables(rpc: Rpc) -> dict[str, Any]:
    """The parameters in the path, in order."""
    template = Template.parse(rpc.path)
    return {
        _parameter_name(rpc, field): {
            "type": "string",
            "location": "path",
            "required": True,
            "pattern": f"^{'/'.join(template.segments[start:end]).replace('*', '[^/]+')}$",
        }
        for field, start, end in template.variables
    }


def _parameter_name(rpc: Rpc, path: str) -> str:
    """The last part of a field's path, in camel case."""
    *parents, leaf = path.split(".")
    descriptor = rpc.request.DESCRIPTOR
    for parent in parents:
        descriptor = descriptor.fields_by_name[parent].message_type
    return str(descriptor.fields_by_name[leaf].json_name)


def _query_parameter(field: Any) -> dict[str, Any]:
    schema = property_schema(field)
    return (schema["items"] | {"repeated": True} if field.is_repeated else schema) | {"location": "query"}
