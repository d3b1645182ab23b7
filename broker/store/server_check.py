"""What a Redis server must be before the store trusts it."""

from typing import Any

from redis import exceptions
from redis.asyncio import Redis

from broker.errors import StartupError

_OLDEST = (7, 0)


async def check_server(client: Redis) -> None:
    """Raises StartupError, in one line with the remedy, for a server that would lose tasks or lacks what we use."""
    info = parse_info(await client.execute_command("INFO", "everything"))
    version = info.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise StartupError(f"Redis {version} is too old: Headrace needs Redis 7.0 or newer, or Valkey")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise StartupError(
            f"Redis would evict tasks when full (maxmemory-policy {policy}): set maxmemory-policy to noeviction"
        )
    if int(info.get("connected_slaves", 0)) and info.get("aof_enabled") == "0" and not await _saves(client):
        raise StartupError(
            "Redis has replicas but no persistence, a restart would empty them all: set appendonly to yes"
        )


async def _saves(client: Redis) -> bool:
    """Whether snapshots are on; a server that does not tell gets the benefit of the doubt."""
    try:
        answer: list[bytes] = await client.execute_command("CONFIG", "GET", "save")
    except exceptions.ResponseError:
        return True
    return bool(answer and answer[1])


def parse_info(text: Any) -> dict[str, str]:
    """The answer to INFO as names and values."""
    if isinstance(text, dict):
        return {str(key): str(value) for key, value in text.items()}
    lines = (line.partition(":") for line in text.decode().splitlines() if ":" in line)
    return {key: value for key, _, value in lines}
