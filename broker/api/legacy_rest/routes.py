"""The legacy REST API on the HTTP port, with its discovery document (App Engine specification, section 5)."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from broker.api.deadline import SERVER_TIMEOUT_HEADER, read_timeout_s, set_deadline
from broker.api.legacy_rest.call import Call, without_partition
from broker.api.legacy_rest.discovery import DOCUMENT_PATH, SERVICE_PATH, discovery_document
from broker.api.legacy_rest.faults import envelope, http_status
from broker.api.legacy_rest.methods import METHODS
from broker.api.legacy_rest.parameters import Parameters, read_form
from broker.api.rest_answer import AnswerStyle, json_response, read_selection
from broker.api.rest_body import read_body, read_query, verb_of
from broker.api.routes import Routes
from broker.errors import Code, HeadraceError
from broker.service.broker import Broker

_ROUTES = Routes(METHODS)


def legacy_rest_routes(broker: Broker) -> list[web.RouteDef]:
    """The routes."""

    async def answer(request: web.Request) -> web.Response:
        style = AnswerStyle()
        try:
            query = await read_query(request)
            style, selection = AnswerStyle.of(query, request.headers), read_selection(query, request.headers)
            resource = await _call(broker, request, query)
        except HeadraceError as error:
            return json_response(envelope(error), http_status(error), style)
        if resource is None:
            return web.Response()
        return json_response(selection.of_json(resource) if selection else resource, 200, style)

    async def discovery(request: web.Request) -> web.Response:
        document = discovery_document(f"{request.scheme}://{request.host}/")
        return json_response(document, 200, AnswerStyle.of(request.query, request.headers))

    return [web.route("*", f"/{SERVICE_PATH}{{path:.*}}", answer), web.get(DOCUMENT_PATH, discovery)]


async def _call(broker: Broker, request: web.Request, query: Mapping[str, str]) -> dict[str, Any] | None:
    path = request.raw_path.partition("?")[0]
    methods, verb = _ROUTES.find(path), verb_of(request)
    if not methods:
        raise HeadraceError(Code.NOT_FOUND, f"The requested URL {path[:200]} was not found on this server.")
    if verb not in methods:
        raise HeadraceError(
            Code.UNIMPLEMENTED, f"{verb} is not allowed on this path; use {' or '.join(sorted(methods))}."
        )
    rpc, values = methods[verb]
    body = await read_body(request)
    set_deadline(read_timeout_s(request.headers.get(SERVER_TIMEOUT_HEADER)))
    answer: dict[str, Any] | None = await rpc.call(
        broker, lambda: _read(broker, values, query, read_form(request.content_type, body), body)
    )
    return answer


def _read(
    broker: Broker, values: Mapping[str, str], query: Mapping[str, str], form: Mapping[str, str], body: bytes
) -> Call:
    return Call(
        project=without_partition(values["project"]),
        location=broker.location,
        queue_id=values["taskqueue"],
        task_id=values.get("task", ""),
        parameters=Parameters(query, form),
        body=body,
    )
