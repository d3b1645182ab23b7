"""The sender and targets on unix sockets, such as side-cars."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.certificates import CertificateAuthority
from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering
from worker.egress import EgressPolicy
from worker.outcome import Reason

both = pytest.mark.usefixtures("each_sender")
"""The other tests are for ours alone: aiohttp speaks no TLS on unix sockets, and its texts name no path."""


@contextlib.asynccontextmanager
async def side_car(path: Path) -> AsyncIterator[list[web.BaseRequest]]:
    """aiohttp's server on a unix socket, and what it is asked."""
    asked: list[web.BaseRequest] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        asked.append(request)
        return web.Response()

    server = web.Server(answer)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.UnixSite(runner, path).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


@both
@pytest.mark.parametrize("egress", EgressPolicy)
async def test_a_rewrite_leads_to_a_unix_socket(tmp_path: Path, egress: EgressPolicy) -> None:
    """Whatever the egress policy: it is about addresses in networks, and no task can name a path."""
    path = tmp_path / "mailer.sock"
    async with side_car(path) as asked, sending(egress, rewrites={"http://mailer": f"unix:{path}"}) as sender:
        for body in (b"1", b"22"):
            assert await sender.send(request_to("http://mailer:81/send?to=me", ("X-A", "b"), body=body)) == DONE
    assert [(one.method, one.path_qs, one.host, one.headers["X-A"]) for one in asked] == [
        ("POST", "/send?to=me", "mailer:81", "b")
    ] * 2
    assert asked[0].transport is asked[1].transport, "the connection is kept"


@both
async def test_other_addresses_go_their_own_way(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    async with answering(OK) as target, side_car(path) as asked, sending(rewrites={"a.test": f"unix:{path}"}) as sender:
        assert await sender.send(request_to("http://a.test/")) == DONE
        assert await sender.send(request_to(target.port)) == DONE
    assert (len(asked), len(target.requests)) == (1, 1)


@both
async def test_a_proxy_is_not_asked_for_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    settings = {"rewrites": {"*": f"unix:{path}"}, "proxy": "http://127.0.0.1:1"}
    async with side_car(path) as asked, sending(EgressPolicy.ANY, **settings) as sender:
        assert await sender.send(request_to("http://a.test/")) == DONE
    assert len(asked) == 1


@both
@pytest.mark.parametrize("there", ["nothing", "a file", "a dead socket"])
async def test_a_socket_where_nobody_listens_is_no_connection(tmp_path: Path, there: str) -> None:
    path = tmp_path / "a.sock"
    if there == "a file":
        path.touch()
    elif there == "a dead socket":
        async with side_car(path):
            os.link(path, tmp_path / "b.sock")
        path = tmp_path / "b.sock"
    async with sending(rewrites={"a.test": f"unix:{path}"}) as sender:
        outcome = await sender.send(request_to("http://a.test/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert outcome.detail


async def test_the_detail_names_the_socket(tmp_path: Path) -> None:
    async with sending(rewrites={"a.test": f"unix:{tmp_path}/a.sock"}) as sender:
        outcome = await sender.send(request_to("http://a.test/"))
    assert outcome.detail.startswith(f"unix:{tmp_path}/a.sock cannot be reached: ")


async def test_an_https_url_speaks_tls_on_the_socket(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    path = tmp_path / "tls.sock"
    runner = web.ServerRunner(web.Server(lambda request: _ok()))
    await runner.setup()
    await web.UnixSite(runner, path, ssl_context=authority.server_context("side.test")).start()
    rewrites = dict.fromkeys(("side.test", "other.test"), f"unix:{path}")
    async with sending(rewrites=rewrites, target_ca=authority.path) as sender:
        assert await sender.send(request_to("https://side.test/")) == DONE
        assert "mismatch" in (await sender.send(request_to("https://other.test/"))).detail
    await runner.cleanup()


async def _ok() -> web.Response:
    return web.Response()
