"""The packed task record, as `lua/lib/record.lua` lays it out: header, tag, meta (JSON), body."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from broker.model.names import TaskName
from broker.model.retry import RetryConfig
from broker.model.task import (
    DEFAULT_DISPATCH_DEADLINE_US,
    AppEngineHttpRequest,
    AppEngineRouting,
    Attempt,
    HttpMethod,
    HttpRequest,
    NewTask,
    OauthToken,
    OidcToken,
    PullMessage,
    Task,
    TaskRequest,
    View,
)

_FIXED = struct.Struct(">BBHII8sQQQQIIIHBQIQQQQ")
_DRAFT = struct.Struct(">BBHI4x8s24xQ14xB44x")
_VERSION = 1
_TOLD = struct.Struct(">xBHI36xQIIIHxQI32x")
_SCHEDULE_US, _SCHEDULE_US_AT = struct.Struct(">Q"), 44
_OWN_RETRY = struct.Struct(">iQQQI")
_METHODS = {method.value: method for method in HttpMethod}
_ATTEMPT_PART = slice(66, 111)

NAMED, LEASED, FORCED, OWN_RETRY = 1, 2, 4, 8


class DamagedRecord(Exception):
    """A string that is no task record. Readers treat the task as absent."""


class Header(NamedTuple):
    """What the store knows of a task besides its payload. Times in microseconds, 0 for none.

    A tuple because thousands are made a second.
    """

    version: int
    length: int
    tag_bytes: int
    meta_bytes: int
    generation: int
    request_id: bytes
    birth: int
    create_us: int
    expiry_us: int
    schedule_us: int
    responses: int
    answers: int
    ended: int
    last_status: int
    flags: int
    fence: int
    dispatches: int
    first_dispatch_us: int
    last_schedule_us: int
    last_dispatch_us: int
    last_response_us: int

    @classmethod
    def unpack(cls, raw: bytes) -> "Header":
        """The header of a record. Raises DamagedRecord."""
        try:
            return cls._make(_FIXED.unpack_from(raw))
        except struct.error as error:
            raise DamagedRecord(str(error)) from error


def schedule_us_of(raw: bytes) -> int:
    """When a task was to be dispatched, of a record that is known to be sound."""
    schedule_us: int
    (schedule_us,) = _SCHEDULE_US.unpack_from(raw, _SCHEDULE_US_AT)
    return schedule_us


def attempt_part(raw: bytes) -> bytes:
    """The bytes a claim changes, which a release puts back."""
    return raw[_ATTEMPT_PART]


def pack_draft(
    request_id: bytes, schedule_us: int | None, is_named: bool, own_retry: bytes, tag: bytes, meta: bytes, body: bytes
) -> bytes:
    """A new record as its creation sends it: zeros stand for what the store alone knows."""
    flags = NAMED * is_named | OWN_RETRY * bool(own_retry)
    wanted_us = max(0, schedule_us or 0)
    header = _DRAFT.pack(_VERSION, _FIXED.size + len(own_retry), len(tag), len(meta), request_id, wanted_us, flags)
    return b"".join((header, own_retry, tag, meta, body))


def pack_own_retry(config: RetryConfig | None) -> bytes:
    """A task's own retry configuration; empty where the queue's holds."""
    if config is None:
        return b""
    return _OWN_RETRY.pack(
        config.max_attempts,
        config.max_retry_duration_us,
        config.min_backoff_us,
        config.max_backoff_us,
        config.max_doublings,
    )


def pack_meta(task: NewTask) -> bytes:
    """Everything immutable but the body, as compact JSON. What is as usual is left out.

    Keys: u URL, o OIDC token, t OAuth token; of App Engine tasks instead a relative URI, r routing (service, version,
    instance, and a host of its own); of both m method, h headers, d dispatch deadline (us).
    A pull task has no meta at all.
    """
    request = task.request
    if isinstance(request, PullMessage):
        return b""
    meta = _from_app_engine(request) if isinstance(request, AppEngineHttpRequest) else _from_http(request)
    if request.method is not HttpMethod.POST:
        meta["m"] = encode_basestring(request.method.value)
    if request.headers:
        meta["h"] = f"[{','.join([_texts(*header) for header in request.headers])}]"
    if task.dispatch_deadline_us != _usual_deadline_us(meta):
        meta["d"] = json.dumps(task.dispatch_deadline_us)
    members = ",".join([f'"{key}":{value}' for key, value in meta.items()])
    return f"{{{members}}}".encode()


def tag_of(task: NewTask) -> bytes:
    """The tag that the record carries; empty for none."""
    return task.request.tag if isinstance(task.request, PullMessage) else b""


def _from_http(request: HttpRequest) -> dict[str, str]:
    """Values are JSON, put together by hand: json takes three times as long, most of it to get ready."""
    meta = {"u": encode_basestring(request.url)}
    if request.oidc_token:
        meta["o"] = _texts(request.oidc_token.service_account_email, request.oidc_token.audience)
    if request.oauth_token:
        meta["t"] = _texts(request.oauth_token.service_account_email, request.oauth_token.scope)
    return meta


def _from_app_engine(request: AppEngineHttpRequest) -> dict[str, str]:
    """As `_from_http`."""
    target = request.routing
    routing = [target.service, target.version, target.instance] + ([target.host] if target.host else [])
    meta = {"a": encode_basestring(request.relative_uri)}
    return meta | ({"r": _texts(*routing)} if any(routing) else {})


def _texts(*texts: str) -> str:
    """A JSON list."""
    return f"[{','.join(map(encode_basestring, texts))}]"


def _usual_deadline_us(meta: Mapping[str, Any]) -> int | None:
    return None if "a" in meta else DEFAULT_DISPATCH_DEADLINE_US


Told = tuple[int, int, int, int, int, int, int]
"""What a record tells about earlier attempts, which goes into the request of the next one: of the fields of `Header`
schedule_us, responses, answers, ended, last_status, fence and dispatches. No class: one is made for each attempt."""


def cut(raw: bytes) -> tuple[Told, bytes, bytes]:
    """What a record tells, its meta, and its body. Meta is not looked at. Raises DamagedRecord."""
    try:
        header_bytes, tag_bytes, meta_bytes, *_ = told = _TOLD.unpack_from(raw)
    except struct.error as error:
        raise DamagedRecord(str(error)) from error
    meta = header_bytes + tag_bytes
    body = meta + meta_bytes
    if len(raw) < body:
        raise DamagedRecord(f"{len(raw)} bytes of at least {body}")
    return told[3:], raw[meta:body], raw[body:]


@dataclass(frozen=True, slots=True)
class Record:
    """A record taken apart."""

    header: Header
    request: TaskRequest
    dispatch_deadline_us: int | None
    own_retry: RetryConfig | None

    @classmethod
    def unpack(cls, raw: bytes) -> "Record":
        """Take a record apart; without its body if it ends before. Raises DamagedRecord."""
        header = Header.unpack(raw)
        start = header.length + header.tag_bytes
        body = start + header.meta_bytes
        if len(raw) < body:
            raise DamagedRecord(f"{len(raw)} bytes of at least {body}")
        try:
            own_retry = _own_retry(raw) if header.flags & OWN_RETRY else None
            if not header.meta_bytes:
                return cls(header, PullMessage(raw[body:], raw[header.length : start]), None, own_retry)
            meta = json.loads(raw[start:body].decode())  # of bytes it would first guess the encoding
            return cls(header, _request(meta, raw[body:]), meta.get("d", _usual_deadline_us(meta)), own_retry)
        except (AttributeError, KeyError, TypeError, ValueError, struct.error) as error:
            raise DamagedRecord(str(error)) from error

    def task(self, name: TaskName, view: View) -> Task:
        """The task as a caller sees it."""
        header = self.header
        return Task(
            name=name,
            request=self.request,
            schedule_us=header.schedule_us,
            create_us=header.create_us,
            dispatch_deadline_us=self.dispatch_deadline_us,
            dispatch_count=header.dispatches,
            response_count=header.responses,
            first_attempt=Attempt(header.first_dispatch_us) if header.first_dispatch_us else None,
            last_attempt=_last_attempt(header),
            retry_config=self.own_retry,
            view=view,
        )


def _request(meta: dict[str, Any], body: bytes) -> TaskRequest:
    method = _METHODS[meta["m"]] if "m" in meta else HttpMethod.POST
    headers = tuple((name, value) for name, value in meta.get("h", ()))
    if "a" in meta:
        return AppEngineHttpRequest(meta["a"], method, headers, body, AppEngineRouting(*meta.get("r", ())))
    return HttpRequest(
        url=meta["u"],
        method=method,
        headers=headers,
        body=body,
        oidc_token=OidcToken(*meta["o"]) if "o" in meta else None,
        oauth_token=OauthToken(*meta["t"]) if "t" in meta else None,
    )


def _own_retry(raw: bytes) -> RetryConfig:
    return RetryConfig(*_OWN_RETRY.unpack_from(raw, _FIXED.size))


def _last_attempt(header: Header) -> Attempt | None:
    if not header.last_dispatch_us:
        return None
    return Attempt(
        dispatch_us=header.last_dispatch_us,
        schedule_us=header.last_schedule_us,
        response_us=header.last_response_us or None,
        http_status=header.last_status,
    )
