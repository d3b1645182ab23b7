"""Our sender against the reference, on targets that answer anything at all."""

import random

import pytest

from tests.support.sending import SENDERS, AnySender, request_to
from tests.support.targets import Target, listening, read_request
from worker.egress import EgressPolicy
from worker.outcome import Outcome, OutcomeKind

PLAIN = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 Later\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10_000 + b"\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    b"SSH-2.0-OpenSSH_9.2\r\n",
)


async def outcomes(senders: list[AnySender], target: Target, method: str) -> list[Outcome]:
    return [await sender.send(request_to(target.port, method=method, deadline_us=5_000_000)) for sender in senders]


def mutated(rng: random.Random, answer: bytes) -> bytes:
    text = bytearray(answer)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(text) + 1)
        change = rng.randrange(5)
        if change == 0:
            del text[at : at + rng.randrange(1, 6)]
        elif change == 1:
            text[at:at] = bytes([rng.choice(b"\r\n :0aZ\x00\xff;,")])
        elif change == 2 and at < len(text):
            text[at] = rng.randrange(256)
        elif change == 3:
            del text[at:]
        else:
            text[at:at] = text[max(0, at - 8) : at]
    return bytes(text)


@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_they_agree_on_what_an_answer_says(method: str) -> None:
    """What is an answer at all they judge differently at the edges: bytes after it, bad line ends, odd encodings.

    There ours takes an answer that is complete, whatever follows. Nothing ever makes of one status another.
    """
    rng = random.Random(method)
    answer = b""

    async def handle(reader: object, writer: object) -> None:
        await read_request(reader)  # type: ignore[arg-type]
        writer.write(answer)  # type: ignore[attr-defined]

    senders: list[AnySender] = [kind(EgressPolicy.ANY) for kind in SENDERS]
    for sender in senders:
        await sender.start()
    async with listening(handle) as target:
        for answer in (*PLAIN, *(mutated(rng, rng.choice(PLAIN)) for _ in range(400))):
            ours, reference = await outcomes(senders, target, method)
            both_answered = OutcomeKind.NO_ANSWER not in (ours.kind, reference.kind)
            if both_answered:
                told = [(one.kind, one.status, one.retry_after_us) for one in (ours, reference)]
                assert told[0] == told[1], answer
            elif method == "POST" and answer in PLAIN:
                assert (ours.kind, ours.reason) == (reference.kind, reference.reason), answer
    for sender in senders:
        await sender.stop()
