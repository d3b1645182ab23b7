import pytest

from worker.outcome import TIMED_OUT, OutcomeKind, Reason, answered, parse_retry_after_us, unanswered

NOW_US = 784_111_777_000_000  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("status", "kind", "response_class"),
    [
        (101, OutcomeKind.ANSWERED, "1xx"),
        (199, OutcomeKind.ANSWERED, "1xx"),
        (200, OutcomeKind.DONE, "2xx"),
        (299, OutcomeKind.DONE, "2xx"),
        (300, OutcomeKind.ANSWERED, "3xx"),
        (404, OutcomeKind.ANSWERED, "4xx"),
        (503, OutcomeKind.ANSWERED, "5xx"),
    ],
)
def test_only_200_to_299_is_success(status: int, kind: OutcomeKind, response_class: str) -> None:
    outcome = answered(status, None, None, NOW_US)
    assert (outcome.kind, outcome.status, outcome.response_class()) == (kind, status, response_class)


def test_missing_answers() -> None:
    assert (TIMED_OUT.status, TIMED_OUT.response_class()) == (504, "timeout")
    refused = unanswered(Reason.REFUSED, "why")
    assert (refused.kind, refused.status, refused.response_class()) == (OutcomeKind.NO_ANSWER, 0, "refused")


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("0", None, 0),
        ("120", None, 120),
        (" 7 ", None, 7),
        ("3601", None, 3600),
        ("9" * 8000, None, 3600),
        ("-1", None, 0),
        ("1.5", None, 0),
        ("soon", None, 0),
        ("٣", None, 0),
        ("Sun, 06 Nov 1994 08:50:07 GMT", None, 30),
        ("Sunday, 06-Nov-94 08:50:07 GMT", None, 30),
        ("Sun Nov  6 08:50:07 1994", None, 30),
        ("Sun, 06 Nov 1994 08:49:07 GMT", None, 0),
        ("Mon, 07 Nov 1994 08:49:07 GMT", None, 3600),
        ("Sun, 06 Nov 1994 08:50:07 GMT", "Sun, 06 Nov 1994 08:50:00 GMT", 7),
        ("Sun, 06 Nov 1994 08:50:07 GMT", "nonsense", 30),
        ("Sun, 99 Nov 1994 08:50:07 GMT", None, 0),
        ("Sun, 06 Nov 99999999999 08:50:07 GMT", None, 0),
    ],
)
def test_retry_after(retry_after: str, date: str | None, seconds: int) -> None:
    assert parse_retry_after_us(retry_after, date, NOW_US) == seconds * 1_000_000
    assert answered(503, retry_after, date, NOW_US).retry_after_us == seconds * 1_000_000
    assert answered(200, retry_after, date, NOW_US).retry_after_us == 0
