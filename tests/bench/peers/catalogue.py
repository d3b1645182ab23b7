"""The other queues: where they come from, how they are run, and what was chosen for them and why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """One queue. Its program in `programs` enqueues when called with `enqueue`; `work` starts one worker process.

    The words PYTHON, PROGRAM and MODULE in `work` stand for the interpreter (of Go: the compiled program), the path of
    the peer's program and its name.
    """

    key: str
    name: str
    packages: tuple[str, ...]
    versions: tuple[str, ...]
    """Packages whose versions are recorded."""
    work: tuple[str, ...]
    chosen: str
    """How it is tuned, in words."""
    processes: int = 1
    suffix: str = "py"


_CELERY = ("PYTHON", "-m", "celery", "-A", "MODULE", "worker", "--loglevel", "ERROR", "--without-gossip")
_QUIET = ("--without-mingle", "--without-heartbeat")

PEERS = {
    peer.key: peer
    for peer in (
        Peer(
            "bullmq",
            "BullMQ",
            ("bullmq", "ioredis", "undici"),
            ("bullmq", "undici"),
            ("node", "PROGRAM", "work"),
            "one process, concurrency 100, undici pool of 100 connections, addBulk of 1,000",
            suffix="mjs",
        ),
        Peer(
            "asynq",
            "asynq",
            ("github.com/hibiken/asynq@latest",),
            ("github.com/hibiken/asynq",),
            ("PYTHON", "work"),
            "one process, concurrency 100, net/http with 100 connections kept, no retention, 100 enqueues at once",
            suffix="go",
        ),
        Peer(
            "celery",
            "Celery",
            ("celery[redis]", "requests"),
            ("celery", "requests"),
            (*_CELERY, *_QUIET, "--pool", "prefork", "--concurrency", "2", "--prefetch-multiplier", "100"),
            "prefork of 2, a requests session each, acks_late, no results, prefetch 100, one producer connection",
        ),
        Peer(
            "celery_gevent",
            "Celery, gevent",
            ("celery[redis]", "requests", "gevent"),
            ("celery", "gevent", "requests"),
            (*_CELERY, *_QUIET, "--pool", "gevent", "--concurrency", "100", "--prefetch-multiplier", "10"),
            "2 processes of 100 greenlets, a requests session with a pool of 100, acks_late, no results",
            processes=2,
        ),
        Peer(
            "arq",
            "arq",
            ("arq", "aiohttp", "uvloop"),
            ("arq", "aiohttp"),
            ("PYTHON", "PROGRAM", "work"),
            "2 processes of 100 jobs, aiohttp, uvloop, polls every 10 ms, no results, 100 enqueues at once",
            processes=2,
        ),
        Peer(
            "rq",
            "RQ",
            ("rq", "requests"),
            ("rq", "requests"),
            ("PYTHON", "PROGRAM", "work"),
            "2 processes of SimpleWorker (no fork a job), a requests session each, no results, enqueue_many of 1,000",
            processes=2,
        ),
        Peer(
            "dramatiq",
            "Dramatiq",
            ("dramatiq[redis]", "requests"),
            ("dramatiq", "requests"),
            ("PYTHON", "-m", "dramatiq", "MODULE", "--processes", "2", "--threads", "8"),
            "2 processes of 8 threads, a requests session each thread, AgeLimit and Retries as by default",
        ),
        Peer(
            "taskiq",
            "taskiq",
            ("taskiq", "taskiq-redis", "aiohttp", "uvloop"),
            ("taskiq", "taskiq-redis", "aiohttp"),
            ("PYTHON", "-m", "taskiq", "worker", "MODULE:broker", "--workers", "2", "--max-async-tasks", "100"),
            "Redis streams with acknowledgements, 2 processes of 100 tasks, aiohttp, no results, 100 enqueues at once",
        ),
        Peer(
            "saq",
            "SAQ",
            ("saq[redis]", "aiohttp", "uvloop", "typing_extensions"),
            ("saq", "aiohttp"),
            ("PYTHON", "PROGRAM", "work"),
            "2 processes of 100 jobs, aiohttp, uvloop, no results, 100 enqueues at once",
            processes=2,
        ),
    )
}
