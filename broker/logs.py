"""Logs of every node: one line a record, `TIME LEVEL LOGGER MESSAGE key=value ...`, to standard error.

Operation logs go there too, as lines of JSON (`broker/operation_logs.py`).

Fields are the `extra` of the standard logging calls: `log.warning("lease lost", extra={"queue": name})`.
"""

import logging
import sys
import time
from typing import TextIO

from broker import operation_logs

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Renders a record as exactly one line: UTC time, level, logger, message, fields, and any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end. Line breaks inside are written as \\n."""
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        moment = f"{second}.{int(record.msecs):03d}Z"
        head = f"{moment} {record.levelname.lower()} {record.name} {record.getMessage()}"
        fields = [f"{name}={_value(value)}" for name, value in vars(record).items() if name not in _STANDARD]
        if record.exc_info:
            fields.append(f"traceback={_value(self.formatException(record.exc_info))}")
        return " ".join([head.replace("\r", "\\r").replace("\n", "\\n"), *fields])


def _value(value: object) -> str:
    text = str(value)
    plain = bool(text) and text.isprintable() and not set(text) & set(' "=')
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write records from `level` up (debug, info, warning, error) to `stream`, by default standard error."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    _configure_operations(stream or sys.stderr)
    for chatty in ("aiohttp.access", "asyncio", "grpc"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _configure_operations(stream: TextIO) -> None:
    """Operation logs are lines of JSON already. They are written at every level: queues ask for them."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    operations = logging.getLogger(operation_logs.LOGGER)
    operations.handlers[:] = [handler]
    operations.propagate = False
    operations.setLevel(logging.INFO)
