"""The size of a stored task is that of the message google.cloud.tasks.v2.Task (section 6)."""

import pytest
from google.cloud import tasks_v2
from google.protobuf import duration_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import HeadraceError
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.retry import RetryConfig
from broker.model.task import (
    AppEngineHttpRequest,
    AppEngineRouting,
    HttpMethod,
    HttpRequest,
    NewTask,
    OauthToken,
    OidcToken,
)
from broker.service.drafts import HttpRequestDraft, TaskDraft
from broker.service.task_rules import new_task
from broker.service.task_size import fits, stored_bytes

NOW_S = 1_790_000_000
QUEUE = QueueName("p", "l", "q")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
durations_us = st.integers(0, 2**53)
parts = {
    "method": st.sampled_from(HttpMethod),
    "headers": st.dictionaries(text, text, max_size=5).map(lambda headers: tuple(headers.items())),
    "body": st.binary(max_size=300) | st.integers(0, 300_000).map(bytes),
}
oidc_tokens, oauth_tokens = st.builds(OidcToken, text, text), st.builds(OauthToken, text, text)
requests = (
    st.builds(HttpRequest, url=text, oidc_token=st.none() | oidc_tokens, **parts)
    | st.builds(HttpRequest, url=text, oauth_token=st.none() | oauth_tokens, **parts)
    | st.builds(AppEngineHttpRequest, relative_uri=text, routing=st.builds(AppEngineRouting, text, text, text), **parts)
)
retry_configs = st.builds(
    RetryConfig,
    st.integers(-1, 2**31 - 1),
    durations_us,
    durations_us,
    durations_us,
    st.integers(0, 2**31 - 1),
)
tasks = st.builds(
    NewTask,
    name=st.from_regex(r"[A-Za-z0-9_-]{1,500}", fullmatch=True).map(QUEUE.task),
    named_by_user=st.booleans(),
    request=requests,
    schedule_us=st.integers(1, 253_402_300_799_999_999),
    dispatch_deadline_us=st.none() | st.integers(15_000, 1_800_000).map(lambda milliseconds: milliseconds * 1000),
    retry_config=st.none() | retry_configs,
)


def split(time_us):
    return {"seconds": time_us // 1_000_000, "nanos": time_us % 1_000_000 * 1000}


def duration(time_us):
    return duration_pb2.Duration(**split(time_us))


def http_message(request):
    oidc, oauth = request.oidc_token, request.oauth_token
    return tasks_v2.HttpRequest.pb()(
        url=request.url,
        http_method=request.method.value,
        headers=dict(request.headers),
        body=request.body,
        oidc_token=oidc
        and tasks_v2.OidcToken.pb()(service_account_email=oidc.service_account_email, audience=oidc.audience),
        oauth_token=oauth
        and tasks_v2.OAuthToken.pb()(service_account_email=oauth.service_account_email, scope=oauth.scope),
    )


def app_engine_message(request):
    routing = request.routing
    host = ".".join(part for part in (routing.instance, routing.version, routing.service, "p.appspot.com") if part)
    return tasks_v2.AppEngineHttpRequest.pb()(
        relative_uri=request.relative_uri,
        http_method=request.method.value,
        headers=dict(request.headers),
        body=request.body,
        app_engine_routing=tasks_v2.AppEngineRouting.pb()(host=host),
    )


def message(task, schedule_us):
    request, retry, deadline_us = task.request, task.retry_config, task.dispatch_deadline_us
    of_app_engine = isinstance(request, AppEngineHttpRequest)
    stored = tasks_v2.Task.pb()(
        name=str(task.name),
        schedule_time=timestamp_pb2.Timestamp(**split(schedule_us)),
        create_time=timestamp_pb2.Timestamp(seconds=NOW_S),
        dispatch_deadline=None if deadline_us is None else duration(deadline_us),
        http_request=None if of_app_engine else http_message(request),
        app_engine_http_request=app_engine_message(request) if of_app_engine else None,
    )
    if retry:
        stored.retry_config.CopyFrom(
            tasks_v2.RetryConfig.pb()(
                max_attempts=retry.max_attempts,
                max_retry_duration=duration(retry.max_retry_duration_us) if retry.max_retry_duration_us else None,
                min_backoff=duration(retry.min_backoff_us),
                max_backoff=duration(retry.max_backoff_us),
                max_doublings=retry.max_doublings,
            )
        )
    return stored


@given(tasks)
def test_the_size_is_that_of_the_serialized_message(task):
    assert stored_bytes(task) == message(task, task.schedule_us).ByteSize()


@given(tasks, st.integers(-1, 1) | st.integers(-3000, 3000))
def test_what_fits_is_what_is_no_larger(task, room_bytes):
    assert fits(task, stored_bytes(task) + room_bytes) == (room_bytes >= 0)


@given(requests)
def test_a_task_scheduled_by_the_store_counts_with_the_widest_time(request):
    task = NewTask(QUEUE.task("t"), False, request)
    widest_us = NOW_S * 1_000_000 + 999_999
    assert stored_bytes(task) == message(task, widest_us).ByteSize()


def recorded_shape(body_bytes):
    """A task of the shape with which the limit of the real service was measured: 1,048,368 bytes fit."""
    queue = QueueName("cloudtasksemu", "us-central1", "cte-probe-1234567890-http")
    draft = TaskDraft(
        http_request=HttpRequestDraft(url="https://example.com/", body=bytes(body_bytes)),
        schedule_us=1_770_000_000_000_000,
    )
    return new_task(queue.task("cte-probe-1234567890-t000001"), draft, Limits())


def test_the_limit_is_where_the_real_service_has_it():
    assert stored_bytes(recorded_shape(1_048_368)) == 1_048_569
    with pytest.raises(HeadraceError, match=r"^Task size too large$"):
        recorded_shape(1_048_369)
