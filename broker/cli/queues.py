"""`headrace queues`: the commands that look after queues."""

import typer

from broker.cli.queue_export import export
from broker.cli.queue_import import import_queues
from broker.cli.queue_list import list_
from broker.cli.retry_preview import preview_retry

queues = typer.Typer(add_completion=False, rich_markup_mode=None)


@queues.callback(invoke_without_command=True)
def show_help(context: typer.Context) -> None:
    """Look after queues: import them from a queue.yaml, export and list them, preview their retries."""
    if context.invoked_subcommand is None:
        print(context.get_help())


queues.command("import", short_help="Bring queues to what a queue.yaml or queue.xml says.")(import_queues)
queues.command("export", short_help="Write the queues of a location as a queue.yaml.")(export)
queues.command("list", short_help="List the queues of a location.")(list_)
queues.command("preview-retry", short_help="Show when a task that keeps failing is tried again.")(preview_retry)
