"""From a claimed task to the request that is sent: the queue's present routing, the service's address, the token."""

from dataclasses import dataclass, replace

from broker.identity.access_tokens import CLOUD_PLATFORM, AccessTokens, TokenSources, TokenUnavailable
from broker.identity.minter import Authorization
from broker.model.app_engine import AppEngineTargets, app_domain
from broker.model.queue import Queue
from broker.model.task import DEFAULT_DISPATCH_DEADLINE_US, AppEngineHttpRequest, HttpRequest, PullMessage, TaskRequest
from broker.model.tickets import Tickets
from broker.store.attempts import AttemptKey
from broker.store.record import Record, Told, cut
from worker.queue_configs import QueueConfig
from worker.request import Delivery, OutgoingRequest, RequestShape, app_engine_shape, http_shape, request_of
from worker.routing import Unroutable, routed_request

_MOST_SHAPES = 4096
_LONGEST_META_BYTES = 4096
"""Shapes of longer descriptions are not remembered, which bounds what all of them can take."""
_NO_SHAPE = (None, None)


class Unsendable(Exception):
    """No request can be made of a task as things are configured. The message is one line that names the remedy."""


class Preparer:
    """Makes requests. What a task or a queue leaves open is filled in from settings.

    What tasks of a queue have in common is worked out once, as long as its configuration and its token hold.
    """

    def __init__(
        self, tokens: TokenSources, app_engine: AppEngineTargets, app_engine_domain: str, tickets: Tickets
    ) -> None:
        self._tokens = tokens
        self._app_engine = app_engine
        self._app_engine_domain = app_engine_domain
        self._tickets = tickets
        self._shapes: dict[tuple[QueueConfig, bytes], tuple[RequestShape, Authorization | None]] = {}

    def at_once(self, key: AttemptKey, config: QueueConfig, raw: bytes, now_us: int) -> OutgoingRequest | None:
        """The request of an attempt; None if its token has to be fetched first, by `prepare`.

        `now_us` is the claim's time. Raises Unsendable, DamagedRecord.
        """
        told, meta, body = cut(raw)
        shape, token = self._shapes.get((config, meta), _NO_SHAPE)
        if shape is None or (token is not None and not token.is_good(now_us)):
            record = _sendable(raw, config.queue)
            wanted, token = self._token_wanted(record.request), None
            if wanted is not None:
                token = wanted.source.known(wanted.email, wanted.purpose, now_us)
                if token is None:
                    return None
            shape = self._shape(config, record, meta, token)
        return _request(shape, key, told, body)

    async def prepare(self, key: AttemptKey, config: QueueConfig, raw: bytes, now_us: int) -> OutgoingRequest:
        """The same, with a token that is fetched. Raises Unsendable, DamagedRecord."""
        record = _sendable(raw, config.queue)
        wanted, token = self._token_wanted(record.request), None
        if wanted is not None:
            try:
                token = await wanted.source.authorization(wanted.email, wanted.purpose, now_us)
            except TokenUnavailable as error:
                raise Unsendable(str(error)) from error
        told, meta, body = cut(raw)
        return _request(self._shape(config, record, meta, token), key, told, body)

    def _shape(self, config: QueueConfig, record: Record, meta: bytes, token: Authorization | None) -> RequestShape:
        """Make the shape of a record's request, and remember it. Raises Unsendable."""
        queue_id, deadline_us = config.queue.name.queue_id, record.dispatch_deadline_us or DEFAULT_DISPATCH_DEADLINE_US
        if isinstance(record.request, AppEngineHttpRequest):
            shape = self._app_engine_shape(record.request, config.queue, deadline_us)
        else:
            assert isinstance(record.request, HttpRequest)
            shape = http_shape(record.request, queue_id, deadline_us, token.value if token else None)
        if len(meta) <= _LONGEST_META_BYTES:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[config, meta] = shape, token
        return shape

    def _app_engine_shape(self, request: AppEngineHttpRequest, queue: Queue, deadline_us: int) -> RequestShape:
        routing = queue.app_engine_routing or request.routing
        base_url = self._app_engine.base_url(routing)
        if not base_url:
            raise Unsendable(
                f"no App Engine target for service {routing.service or 'default'}: set app_engine_target "
                "(--app-engine-target URL) or app_engine_services (--app-engine-service SERVICE=URL)"
            )
        default_host = app_domain(self._app_engine_domain, queue.name.project)
        return app_engine_shape(
            request,
            queue.name.queue_id,
            deadline_us,
            base_url=base_url,
            host=routing.in_domain(default_host).host,
            default_host=default_host,
            ticket=self._tickets.ticket(queue.name.parent),
        )

    def _token_wanted(self, request: TaskRequest) -> "_TokenWanted | None":
        if not isinstance(request, HttpRequest):
            return None
        if (oidc := request.oidc_token) is not None:
            return _TokenWanted(self._tokens.oidc, oidc.service_account_email, oidc.audience or request.url)
        if (oauth := request.oauth_token) is not None:
            return _TokenWanted(self._tokens.oauth, oauth.service_account_email, oauth.scope or CLOUD_PLATFORM)
        return None


@dataclass(frozen=True, slots=True)
class _TokenWanted:
    source: AccessTokens
    email: str
    purpose: str


def _sendable(raw: bytes, queue: Queue) -> Record:
    """A record with its request as the queue's present routing has it sent. Raises Unsendable, DamagedRecord."""
    record = Record.unpack(raw)
    if isinstance(record.request, PullMessage):
        raise Unsendable("it is a pull task, which makes no request")
    if isinstance(record.request, HttpRequest):
        try:
            return replace(record, request=routed_request(record.request, queue.http_target))
        except Unroutable as error:
            raise Unsendable(str(error)) from error
    return record


def _request(shape: RequestShape, key: AttemptKey, told: Told, body: bytes) -> OutgoingRequest:
    schedule_us, responses, answers, ended, last_status, fence, dispatches = told
    delivery = Delivery(
        key.task_id,
        schedule_us,
        # A record read before the claim's bookkeeping does not count this attempt yet.
        dispatches - 1 if fence == key.fence else dispatches,
        responses if shape.of_app_engine else answers,
        last_status if ended else None,
    )
    return request_of(shape, delivery, body)
