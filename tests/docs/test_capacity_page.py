"""The numbers of docs/capacity.md are those of the model."""

import inspect

import typer.main

from broker.cli.main import app
from broker.model.capacity import Costs, Load, plan
from tests.docs.markdown import table_rows, text_of

PAGE = text_of("docs/capacity.md")
ROWS = ("api_grpc", "api_rest", "dispatcher", "redis_create", "redis_attempt")


def test_costs():
    rows = table_rows(PAGE, "operation", "where", "fixed", "per kB")
    shown = [(float(fixed), float(grows)) for _, _, fixed, grows in rows]
    costs = Costs()
    assert shown == [(getattr(costs, name).fixed_us, getattr(costs, name).per_kilobyte_us) for name in ROWS]
    assert f"its payload and {costs.record_bytes} bytes" in PAGE


def test_flags_and_their_defaults():
    def shown(default: object) -> str:
        return f"{default:g}" if isinstance(default, float) else "" if default in (None, False) else str(default)

    expected = {option.opts[0]: shown(option.default) for option in typer.main.get_command(app).commands["plan"].params}
    rows = table_rows(PAGE, "flag", "default", "meaning")
    assert {flag: default for flag, default, _ in rows} == expected


def test_a_million_tasks_a_second():
    needed = plan(Load(1_000_000, 300, retries=0.05, target_s=0.05, backlog_s=60))
    shown = {what: count for what, count, _ in table_rows(PAGE, "what", "needed", "because")}
    assert shown == {
        "API nodes": str(needed.api_nodes),
        "dispatchers": str(needed.dispatchers),
        "Redis shards": str(needed.shards),
        "queues": str(needed.queues),
        "network": f"{needed.wire_bits / 1e9:.1f} Gbit/s",
    }
    assert f"{needed.api_cores:.0f} cores for creates" in PAGE
    assert f"{needed.dispatcher_cores:.0f} cores for" in PAGE


def test_measuring_is_described():
    assert "tests/deploy/measure_costs.py" in inspect.getdoc(Costs)
