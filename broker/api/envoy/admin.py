"""Envoy's administration interface, at a Unix socket."""

from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector

_ANSWER_WITHIN_S = 5.0


class EnvoyAdmin:
    """Asks one Envoy, and gives it orders."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def statistic(self, name: str) -> int | None:
        """A counter or gauge by its whole name; None if Envoy does not answer or has no such thing yet."""
        text = await self._ask("GET", f"/stats?filter=^{name}$")
        return int(text.rpartition(":")[2]) if text else None

    async def order(self, path: str) -> None:
        """Do what the path says. An Envoy that does not answer is ending, or has ended."""
        await self._ask("POST", path)

    async def _ask(self, verb: str, path: str) -> str:
        asking = ClientSession(connector=UnixConnector(str(self._path)), timeout=ClientTimeout(_ANSWER_WITHIN_S))
        try:
            async with asking as session, session.request(verb, f"http://envoy{path}") as answer:
                return (await answer.text()).strip() if answer.ok else ""
        except (ClientError, OSError, TimeoutError):
            return ""
