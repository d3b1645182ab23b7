"""Every record is one line that names its time, level and logger."""

import io
import logging
import re

import pytest

from broker import logs


@pytest.fixture
def stream(kept_logging):
    return io.StringIO()


def test_a_record_is_one_line_with_its_fields(stream):
    logs.configure("info", stream)
    logging.getLogger("worker.renewer").warning("lease %s", "lost", extra={"queue": "q", "reason": 'a "b"\nc'})
    line = stream.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning worker\.renewer lease lost "
        r'queue=q reason="a \\"b\\"\\nc"\n',
        line,
    )


def test_a_traceback_stays_on_the_line(stream):
    logs.configure("info", stream)
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("broker").exception("this failed")
    assert stream.getvalue().count("\n") == 1
    assert "RuntimeError: broken" in stream.getvalue()


@pytest.mark.parametrize(("level", "written"), [("debug", 2), ("info", 1), ("error", 0)])
def test_less_severe_records_are_left_out(stream, level, written):
    logs.configure(level, stream)
    logging.getLogger("broker").debug("detail")
    logging.getLogger("broker").info("news")
    assert len(stream.getvalue().splitlines()) == written
