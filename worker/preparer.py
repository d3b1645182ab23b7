"""From a claimed task to the request that is sent: the queue's present routing, the service's address, the token."""

from broker.identity.access_tokens import CLOUD_PLATFORM, TokenSources, TokenUnavailable
from broker.model.app_engine import AppEngineTargets, app_domain
from broker.model.queue import Queue
from broker.model.task import DEFAULT_DISPATCH_DEADLINE_US, AppEngineHttpRequest, HttpRequest, PullMessage
from broker.model.tickets import Tickets
from broker.store.attempts import AttemptKey
from broker.store.record import Record
from worker.request import Delivery, OutgoingRequest, build_app_engine_request, build_request
from worker.routing import Unroutable, routed_request


class Unsendable(Exception):
    """No request can be made of a task as things are configured. The message is one line that names the remedy."""


class Preparer:
    """Makes requests. What a task or a queue leaves open is filled in from settings."""

    def __init__(
        self, tokens: TokenSources, app_engine: AppEngineTargets, app_engine_domain: str, tickets: Tickets
    ) -> None:
        self._tokens = tokens
        self._app_engine = app_engine
        self._app_engine_domain = app_engine_domain
        self._tickets = tickets

    async def prepare(self, key: AttemptKey, queue: Queue, record: Record, now_us: int) -> OutgoingRequest:
        """The request of an attempt; `now_us` is the claim's time. Raises Unsendable."""
        if isinstance(record.request, PullMessage):
            raise Unsendable("it is a pull task, which makes no request")
        try:
            if isinstance(record.request, AppEngineHttpRequest):
                return self._app_engine_request(record.request, key, queue, record)
            request = routed_request(record.request, queue.http_target)
            authorization = await self._authorization(request, now_us)
        except (Unroutable, TokenUnavailable) as error:
            raise Unsendable(str(error)) from error
        return build_request(request, _delivery(key, queue, record), authorization)

    def _app_engine_request(
        self, request: AppEngineHttpRequest, key: AttemptKey, queue: Queue, record: Record
    ) -> OutgoingRequest:
        routing = queue.app_engine_routing or request.routing
        base_url = self._app_engine.base_url(routing)
        if not base_url:
            raise Unroutable(
                f"no App Engine target for service {routing.service or 'default'}: set app_engine_target "
                "(--app-engine-target URL) or app_engine_services (--app-engine-service SERVICE=URL)"
            )
        default_host = app_domain(self._app_engine_domain, queue.name.project)
        return build_app_engine_request(
            request,
            _delivery(key, queue, record),
            base_url=base_url,
            host=routing.in_domain(default_host).host,
            default_host=default_host,
            ticket=self._tickets.ticket(queue.name.parent),
        )

    async def _authorization(self, request: HttpRequest, now_us: int) -> str | None:
        if (oidc := request.oidc_token) is not None:
            audience = oidc.audience or request.url
            return await self._tokens.oidc.authorization(oidc.service_account_email, audience, now_us)
        if (oauth := request.oauth_token) is not None:
            scope = oauth.scope or CLOUD_PLATFORM
            return await self._tokens.oauth.authorization(oauth.service_account_email, scope, now_us)
        return None


def _delivery(key: AttemptKey, queue: Queue, record: Record) -> Delivery:
    header = record.header
    # A record read before the claim's bookkeeping does not count this attempt yet.
    counted = header.fence == key.fence
    of_app_engine = isinstance(record.request, AppEngineHttpRequest)
    return Delivery(
        queue_id=queue.name.queue_id,
        task_id=key.task_id,
        schedule_us=header.schedule_us,
        retry_count=header.dispatches - counted,
        execution_count=header.responses if of_app_engine else header.answers,
        previous_status=header.last_status if header.ended else None,
        dispatch_deadline_us=record.dispatch_deadline_us or DEFAULT_DISPATCH_DEADLINE_US,
    )
