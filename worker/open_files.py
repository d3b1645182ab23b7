"""How many files this process may have open: each connection takes one."""

import resource

from broker.errors import StartupError

_OTHERS = 100
"""Redis, probes, libraries, look-ups."""


def room_for_idle(max_in_flight: int, pools: int) -> int:
    """How many connections each of some pools may keep idle beside so many requests: at most as many again.

    Raises StartupError where there is not even room for the requests: they would fail for want of files.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return max_in_flight
    spare = limit - max_in_flight - _OTHERS
    if spare < 0:
        raise StartupError(
            f"--max-in-flight {max_in_flight} takes {max_in_flight + _OTHERS} open files, and this process may have "
            f"{limit}: raise that limit (ulimit -n), or set --max-in-flight to at most {max(1, limit - _OTHERS)}."
        )
    return min(max_in_flight, spare // pools)
