"""One of the processes of `headrace api --workers N`: an API node that shares its ports with the others.

It is told what to do on its standard input, and says one line on its standard output: `ready` with its addresses, or
why it cannot start. It ends, in order, when its standard input does: then its parent is gone.
"""

import asyncio
import pickle
import sys

from broker.api.envoy.front import EnvoyFront
from broker.cli.api import run_api_node
from broker.cli.counts_socket import fetch_counts, told_counts
from broker.cli.run import run
from broker.cli.storage import open_store
from broker.cli.worker_process import READY, Order
from broker.errors import HeadraceError, StartupError
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics

_SUM_WITHIN_S = 5.0  # more than the parent gives a worker that hangs


def main() -> None:
    """Run a worker. Exit status: 0, or 1 if it could not start."""
    order: Order = pickle.load(sys.stdin.buffer)
    try:
        run(lambda _: serve(order), order.settings)
    except StartupError as error:
        say(str(error))
        sys.exit(1)
    except HeadraceError as error:
        say(error.message)
        sys.exit(1)


async def serve(order: Order, envoy: EnvoyFront | None = None) -> None:
    """Runs the node, in `envoy` if there is one, until the parent is gone. Raises StartupError, HeadraceError."""
    end_with_parent()
    settings = order.settings
    metrics = Metrics(settings.queue_labels)

    async def own_counts() -> bytes:
        return await metrics.counts()

    async def all_counts() -> bytes:
        return await fetch_counts(order.all_counts, _SUM_WITHIN_S)

    async with open_store(settings) as store, told_counts(order.own_counts, own_counts):
        keys = await SigningKeys.load(store.secrets, settings.signing_key)
        async with run_api_node(settings, store, keys, metrics, sum_of_workers=all_counts, envoy=envoy) as node:
            say(f"{READY}grpc={node.grpc_address} http={node.http_url}")
            await asyncio.Event().wait()


def end_with_parent() -> None:
    """Cancels the running task when the parent, which holds the other end of standard input, is gone."""
    loop, task, parent = asyncio.get_running_loop(), asyncio.current_task(), sys.stdin.fileno()
    assert task is not None

    def leave() -> None:
        loop.remove_reader(parent)
        task.cancel()

    loop.add_reader(parent, leave)


def say(line: str) -> None:
    """Tells the parent a line."""
    print(" ".join(line.split()), flush=True)
