"""docs/logs.md shows an entry as it is written. tests/dispatch/test_operation_logs.py compares its table of fields."""

import json
import logging

from broker import operation_logs
from broker.model.names import TaskName
from broker.operation_logs import Operation, Target, TargetType
from tests.docs.markdown import blocks, table_rows, text_of

PAGE = text_of("docs/logs.md")


def test_the_example_is_what_is_written(caplog, monkeypatch):
    (example,) = map(json.loads, blocks(PAGE, "json"))
    payload = example["jsonPayload"]
    told = dict(payload["attemptResponseLog"])
    method, _, url = told.pop("targetAddress").partition(" ")
    target = Target(TargetType(told.pop("targetType")), method, url)
    logger = logging.getLogger(operation_logs.LOGGER)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(logger, "propagate", False)
    with caplog.at_level(logging.INFO, operation_logs.LOGGER):
        operation_logs.write(TaskName.parse(payload["task"]), Operation.RESPONSE, target, told.pop("status"), told)
    (record,) = caplog.records
    written = json.loads(record.getMessage())
    assert written | {"timestamp": example["timestamp"]} == example
    assert list(written) == list(example)
    assert list(written["jsonPayload"]["attemptResponseLog"]) == list(payload["attemptResponseLog"])


def test_every_operation_is_listed():
    rows = table_rows(PAGE, "member", "written by", "when")
    assert [name for name, *_ in rows] == [operation.value for operation in Operation]
