"""What the targets of tasks verify tokens with: OpenID configuration and public keys (section 5.11)."""

from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import web

from broker.identity.tokens import openid_configuration


class PublishedKeys(Protocol):
    """The public half of the signing keys."""

    def jwks(self) -> dict[str, Any]:
        """The keys as a JSON Web Key Set."""

    def certs(self) -> dict[str, str]:
        """The keys as PEM by key id."""


def wellknown_routes(keys: PublishedKeys, issuer: Callable[[], str]) -> list[web.RouteDef]:
    """The routes. `issuer` is asked at each request: it may be known only once the port is."""

    async def configuration(_request: web.Request) -> web.Response:
        return web.json_response(openid_configuration(issuer()))

    async def jwks(_request: web.Request) -> web.Response:
        return web.json_response(keys.jwks())

    async def certs(_request: web.Request) -> web.Response:
        return web.json_response(keys.certs())

    return [
        web.get("/.well-known/openid-configuration", configuration),
        web.get("/jwks", jwks),
        web.get("/certs", certs),
    ]
