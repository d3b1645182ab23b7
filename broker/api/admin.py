"""The calls under /admin/v1: reset a project, wait until queues are idle. JSON in and out, errors as in REST."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from broker.api.paths import Path, Template
from broker.api.rest_answer import AnswerStyle, json_response
from broker.api.rest_body import read_body
from broker.api.statuses import HTTP_STATUS, envelope
from broker.errors import Code, HeadraceError
from broker.service import admin_texts
from broker.service.admin import Idleness, reset_project, wait_until_idle
from broker.service.broker import Broker

_DEFAULT_WAIT_S = 30.0
_duration = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s?")

Options = Mapping[str, Any]
Call = Callable[[Broker, str, Options], Awaitable[dict[str, Any]]]


def admin_routes(broker: Broker, *, on: bool) -> list[web.RouteDef]:
    """The routes. Where they are not `on`, they say so."""

    async def answer(request: web.Request) -> web.Response:
        style = AnswerStyle.of(request.query, request.headers)
        try:
            if not on:
                raise admin_texts.is_off()
            return json_response(await _answer(broker, request), 200, style)
        except HeadraceError as error:
            return json_response(envelope(error), HTTP_STATUS[error.code], style)

    return [web.route("*", "/admin/v1/{path:.*}", answer)]


async def _reset(broker: Broker, name: str, options: Options) -> dict[str, Any]:
    keep_queues = _flag(options, "keepQueues")
    forgotten = await reset_project(broker, name, keep_queues=keep_queues)
    return {"queues": forgotten.queues, "freedQueueNames": forgotten.names}


async def _wait(broker: Broker, name: str, options: Options) -> dict[str, Any]:
    idleness = await wait_until_idle(
        broker, name, timeout_s=_seconds(options), ignore_scheduled=_flag(options, "ignoreScheduled")
    )
    return _idleness_object(idleness)


_CALLS: tuple[tuple[str, Template, frozenset[str], Call], ...] = (
    ("POST", Template.parse("/admin/v1/{name=P}:reset"), frozenset({"keepQueues"}), _reset),
    ("POST", Template.parse("/admin/v1/{name=P}:wait"), frozenset({"timeout", "ignoreScheduled"}), _wait),
    ("POST", Template.parse("/admin/v1/{name=Q}:wait"), frozenset({"timeout", "ignoreScheduled"}), _wait),
)


async def _answer(broker: Broker, request: web.Request) -> dict[str, Any]:
    raw_path = request.raw_path.partition("?")[0]
    path = Path.parse(raw_path)
    for verb, template, known, call in _CALLS:
        values = template.match(path)
        if values is not None:
            if request.method != verb:
                raise HeadraceError(Code.UNIMPLEMENTED, f"{request.method} is not allowed on this path; use {verb}.")
            return await call(broker, values["name"], await _options(request, known))
    raise HeadraceError(Code.NOT_FOUND, f"The requested URL {raw_path[:200]} was not found on this server.")


async def _options(request: web.Request, known: frozenset[str]) -> Options:
    """The members of the JSON body and the query parameters, which win. Raises INVALID_ARGUMENT."""
    body = await read_body(request)
    try:
        value = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise HeadraceError(Code.INVALID_ARGUMENT, "The body must be a JSON object, or empty.")
    options = value | dict(request.query)
    for name in options.keys() - known - {"prettyPrint", "$prettyPrint"}:
        raise admin_texts.option_unknown(name, ", ".join(sorted(known)))
    return options


def _flag(options: Options, name: str) -> bool:
    value = options.get(name, False)
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise admin_texts.option_invalid(name, "true or false")


def _seconds(options: Options) -> float:
    match = _duration.fullmatch(str(options.get("timeout", _DEFAULT_WAIT_S)))
    if not match:
        raise admin_texts.option_invalid("timeout", 'a number of seconds such as "2.5s"')
    return float(match[1])


def _idleness_object(idleness: Idleness) -> dict[str, Any]:
    return {
        "idle": idleness.is_idle,
        "tasks": idleness.tasks,
        "inFlight": idleness.in_flight,
        "busy": [{"name": str(load.name), "tasks": load.tasks, "inFlight": load.in_flight} for load in idleness.busy],
    }
