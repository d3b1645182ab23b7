"""What Redis spends: in scripts from INFO commandstats, by the wall's clock, and in all from its CPU time.

The CPU time is that of its threads, not of the child that rewrites the append-only file.
"""

from dataclasses import dataclass
from typing import Self

from tests.bench.machine import cpu_s
from tests.support.servers import Server

_SCRIPTS = ("evalsha", "eval", "evalsha_ro")


@dataclass(frozen=True)
class RedisCost:
    """A moment's counters, or with `since` their growth."""

    cpu_us: float
    script_calls: int
    script_us: float
    commands: int

    @classmethod
    def now(cls, server: Server) -> Self:
        """The present counters."""
        stats = server.client.info("commandstats")
        scripts = [stats[f"cmdstat_{name}"] for name in _SCRIPTS if f"cmdstat_{name}" in stats]
        return cls(
            cpu_us=cpu_s(server.process.pid) * 1e6,
            script_calls=sum(script["calls"] for script in scripts),
            script_us=sum(script["usec"] for script in scripts),
            commands=server.client.info("stats")["total_commands_processed"],
        )

    def since(self, earlier: "RedisCost") -> "RedisCost":
        """What was spent between two moments."""
        return RedisCost(
            self.cpu_us - earlier.cpu_us,
            self.script_calls - earlier.script_calls,
            self.script_us - earlier.script_us,
            self.commands - earlier.commands,
        )
