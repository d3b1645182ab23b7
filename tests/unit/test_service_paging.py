"""Page sizes and the page tokens of ListQueues (3.4)."""

import base64

import pytest

from broker.errors import Code, HeadraceError
from broker.model.names import LocationName, QueueName
from broker.service.page_size import page_length
from broker.service.page_token import PageToken, start_of_page

PARENT = LocationName("p", "l")
LAST = QueueName("p", "l", "q" * 100)


def refusal(*arguments):
    with pytest.raises(HeadraceError) as refused:
        start_of_page(*arguments)
    assert refused.value.code is Code.INVALID_ARGUMENT
    return refused.value.message


@pytest.mark.parametrize(("asked", "length"), [(0, 9800), (1, 1), (9800, 9800), (9801, 9800), (2**31 - 1, 9800)])
def test_a_page_is_as_long_as_asked_up_to_the_largest(asked, length):
    assert page_length(asked, 9800) == length


def test_a_negative_page_size_is_refused():
    with pytest.raises(HeadraceError, match="page_size cannot be negative"):
        page_length(-1, 9800)


@pytest.mark.parametrize("filter_text", ["", "state: PAUSED", "a\nü"])
def test_a_token_says_where_to_go_on(filter_text):
    token = str(PageToken(str(LAST), filter_text))
    assert start_of_page(token, PARENT, filter_text) == str(LAST)
    assert all(character.isalnum() or character in "-_" for character in token)


def test_no_token_is_the_first_page():
    assert start_of_page("", PARENT, "anything") == ""


def encoded(text):
    return base64.urlsafe_b64encode(text).decode()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "=",
        "!!",
        "é",
        "a" * 100_000,
        encoded(b"\xff\xfe"),
        encoded(b"q\n"),
        encoded(b"\nprojects/p/locations/l/queues/q"),
        str(PageToken("projects/p/locations/elsewhere/queues/q", "")),
    ],
)
def test_a_token_that_was_not_handed_out_is_refused(token):
    assert refusal(token, PARENT, "") == "page_token is invalid. Start again without a token."


def test_the_filter_must_not_change_while_paging():
    token = str(PageToken(str(LAST), ""))
    assert refusal(token, PARENT, "state: PAUSED").startswith("filter must be the same")
