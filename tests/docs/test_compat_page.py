"""docs/compat.md lists what the RPC table serves, and the limits and settings that it names are there."""

import re

from broker.api.rpcs import RPCS
from broker.model.limits import Limits
from tests.docs.compat import PAGE, page
from tests.docs.markdown import table_rows

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_of_methods_is_that_of_today():
    assert page(TEXT) == TEXT, "run `make generate`"


def test_every_method_is_in_it():
    rows = table_rows(TEXT, "method", "REST", "v2", "v2beta3", "v2beta2")
    assert [method for method, *_ in rows] == list(dict.fromkeys(rpc.method for rpc in RPCS))
    assert all(any(versions) for _, _, *versions in rows)


def test_limits_exist():
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*_(?:s|bytes|minute|second))`", TEXT))
    assert named
    assert named <= {row.name for row in Limits().rows()}
