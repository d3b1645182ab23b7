"""What a task becomes from a draft: defaults, URL, headers, ranges (2.6, 2.8, 2.12, 4.4, 5.6)."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.retry import RetryConfig
from broker.model.task import HttpMethod, HttpRequest, NewTask, OidcToken
from broker.service import texts
from broker.service.drafts import HttpRequestDraft, TaskDraft
from broker.service.task_rules import new_task

NAME = QueueName("p", "l", "q").task("t")
AGENT = ("User-Agent", "Google-Cloud-Tasks")
DRAFT = TaskDraft(http_request=HttpRequestDraft(url="https://example.com/"))
SECOND = 1_000_000


def make(draft=DRAFT, limits=Limits(), /, **request):  # noqa: B008  # limits are immutable
    if draft.http_request:
        draft = replace(draft, http_request=replace(draft.http_request, **request))
    return new_task(NAME, draft, limits)


def refusal(*arguments, **request):
    with pytest.raises(HeadraceError) as refused:
        make(*arguments, **request)
    return refused.value.code, refused.value.message


def test_a_bare_task_gets_the_defaults():
    assert make() == NewTask(
        name=NAME,
        named_by_user=False,
        request=HttpRequest("https://example.com/", HttpMethod.POST, (AGENT,)),
        dispatch_deadline_us=600 * SECOND,
    )


def test_everything_given_is_kept():
    token = OidcToken("a@b.c", "audience")
    retry = RetryConfig(max_attempts=-1)
    draft = replace(DRAFT, name="given", schedule_us=5_000_001, dispatch_deadline_us=15 * SECOND, retry_config=retry)
    task = make(draft, method=HttpMethod.PUT, body=b"\x00\xff", oidc_token=token)
    assert task.named_by_user
    assert (task.schedule_us, task.dispatch_deadline_us) == (5_000_001, 15 * SECOND)
    assert task.retry_config == retry
    assert task.request == HttpRequest("https://example.com/", HttpMethod.PUT, (AGENT,), b"\x00\xff", token)


def test_a_schedule_time_before_1970_means_now():
    assert make(replace(DRAFT, schedule_us=0)).schedule_us is None
    assert make(replace(DRAFT, schedule_us=-SECOND)).schedule_us is None


@pytest.mark.parametrize(
    ("given_us", "stored_us"),
    [(15 * SECOND, 15 * SECOND), (1800 * SECOND + 999, 1800 * SECOND), (20_001_999, 20_001_000)],
)
def test_the_dispatch_deadline_is_cut_to_milliseconds(given_us, stored_us):
    assert make(replace(DRAFT, dispatch_deadline_us=given_us)).dispatch_deadline_us == stored_us


@pytest.mark.parametrize("given_us", [-SECOND, 0, 15 * SECOND - 1, 1800 * SECOND + 1000])
def test_a_dispatch_deadline_out_of_range_is_refused(given_us):
    assert refusal(replace(DRAFT, dispatch_deadline_us=given_us)) == (
        Code.INVALID_ARGUMENT,
        "Task.dispatchDeadline must be between [15s, 30m].",
    )


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://example.com/%zz", "http://example.com/%zz"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/ü?q=ß#é", "https://example.com/%C3%BC?q=%C3%9F#%C3%A9"),
        ("https://example.com/a%20b?x=1&y=[2]", "https://example.com/a%20b?x=1&y=[2]"),
        ('https://example.com/"<>\\^`{|}', "https://example.com/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("https://example.com/a\r\nHost: b", "https://example.com/a%0D%0AHost:%20b"),
        ("https://user:word@example.com/", "https://user:word@example.com/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://my_service-1.internal.:65535?x", "http://my_service-1.internal.:65535?x"),
        ("HTTPS://Example.com", "HTTPS://Example.com"),
        ("https://example.com/!$&'()*+,;=:@~-._?/?#", "https://example.com/!$&'()*+,;=:@~-._?/?#"),
    ],
)
def test_unsafe_characters_of_a_url_are_percent_encoded(url, stored):
    assert make(url=url).request.url == stored


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("", "HttpRequest.url is required."),
        ("example.com/path", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("ftp://example.com/", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("http:/example.com", "HttpTarget.url must start with 'http://' or 'https://'."),
        (" http://example.com", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("http://", "HttpRequest.url must name a host, as in https://example.com/path."),
        ("http:///path", "HttpRequest.url must name a host, as in https://example.com/path."),
        ("http://:80/", "HttpRequest.url must name a host, as in https://example.com/path."),
        ("http://user@/", "HttpRequest.url must name a host, as in https://example.com/path."),
    ],
)
def test_a_url_that_is_not_http_with_a_host_is_refused(url, text):
    assert refusal(url=url) == (Code.INVALID_ARGUMENT, text)


@pytest.mark.parametrize(
    "host",
    ["bücher.example", "a b", "a:65536", "a:x", "a:80:80", "[::1", "evil.example\\@good", "a\r\nb", "a%41"],
)
def test_a_host_that_cannot_be_connected_to_is_refused(host):
    code, text = refusal(url=f"http://{host}/")
    assert code is Code.INVALID_ARGUMENT
    assert text.startswith("HttpRequest.url has the host ")


def test_the_length_of_a_url_counts_after_encoding():
    start = "https://example.com/"
    fits = start + "ü" * ((2083 - len(start)) // 6)
    assert len(make(url=fits).request.url) <= 2083
    assert refusal(url=fits + "ü") == (
        Code.INVALID_ARGUMENT,
        "HttpRequest.url must have at most 2083 characters after percent-encoding.",
    )


def test_headers_keep_their_casing_and_the_user_agent_is_replaced():
    given = (("content-TYPE", "text/plain"), ("user-AGENT", "mine"), ("Host", "x"), ("X-CloudTasks-A", ""))
    kept = (("content-TYPE", "text/plain"), ("Host", "x"), ("X-CloudTasks-A", ""), AGENT)
    assert make(headers=given).request.headers == kept


@pytest.mark.parametrize("value", ["", "a\tb", "é ☃", " padded ", "x" * 70_000])
def test_header_values_that_can_be_sent(value):
    assert make(headers=(("X-A", value),)).request.headers == (("X-A", value), AGENT)


@pytest.mark.parametrize("value", ["a\r\nX-B: c", "a\n", "\r", "\x00", "\x7f", "\x1b[0m"])
def test_a_header_value_with_a_control_character_is_refused(value):
    assert refusal(headers=(("X-A", value),)) == (
        Code.INVALID_ARGUMENT,
        "HttpRequest.headers: the value of X-A holds a line break or another control character.",
    )


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X-A\r\nX-B", "é", "X\x00", "(x)"])
def test_a_header_name_that_cannot_be_sent_is_refused(name):
    code, text = refusal(headers=((name, "v"),))
    assert code is Code.INVALID_ARGUMENT
    assert text.startswith(f"HttpRequest.headers has the name {name!r}, which is not valid")


def test_headers_are_limited_in_all():
    limits = Limits(header_bytes=2 * (4 + 2 + 4))
    headers = (("name", "ü"), ("NAME", "ab"))
    assert make(DRAFT, limits, headers=headers)
    code, text = refusal(DRAFT, limits, headers=(*headers[:1], ("NAME", "abc")))
    assert (code, text) == (Code.INVALID_ARGUMENT, "HttpRequest.headers must have at most 20 bytes in all.")


@pytest.mark.parametrize("method", HttpMethod)
def test_a_body_needs_a_method_that_has_one(method):
    assert make(method=method).request.method is method
    if method in ("POST", "PUT", "PATCH"):
        assert make(method=method, body=b"x").request.body == b"x"
    else:
        text = f"HTTP method {method.value} does not allow a body."
        assert refusal(method=method, body=b"x") == (Code.INVALID_ARGUMENT, text)


def test_a_token_needs_an_account():
    expected = (Code.INVALID_ARGUMENT, "service_account_email must be set.")
    assert refusal(oidc_token=OidcToken("", "audience")) == expected


def test_a_task_must_say_what_to_call():
    expected = (Code.INVALID_ARGUMENT, "Task.message_type is required: set http_request or app_engine_http_request.")
    assert refusal(TaskDraft()) == expected


def test_the_retry_configuration_of_a_task_follows_the_rules_of_queues():
    assert make(replace(DRAFT, retry_config=RetryConfig(max_attempts=0))).retry_config == RetryConfig()
    expected = (Code.INVALID_ARGUMENT, "RetryConfig.maxAttempts must be greater or equal to -1.")
    assert refusal(replace(DRAFT, retry_config=RetryConfig(max_attempts=-2))) == expected


@pytest.mark.parametrize(
    ("schedule_us", "shown"),
    [
        (4_102_444_800 * SECOND, "2099-12-31T16:00:00-08:00"),
        (4_086_547_200 * SECOND + 250_000, "2099-06-30T17:00:00.250000-07:00"),
        (253_402_300_799 * SECOND, "9999-12-31T15:59:59-08:00"),
    ],
)
def test_a_schedule_time_too_far_is_shown_in_pacific_time(schedule_us, shown):
    assert texts.schedule_too_far(schedule_us, Limits()).message == (
        f"The Task.scheduleTime, {shown}, is too far in the future. "
        "Schedule time must be no more than 720h in the future."
    )
