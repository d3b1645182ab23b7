"""What can serve the ports of an API node, for tests that run with each."""

import pytest

from broker.cli.envoy_program import find_envoy
from broker.errors import StartupError


def _why_no_envoy() -> str:
    try:
        find_envoy()
    except StartupError as error:
        return str(error)
    return ""


_reason = _why_no_envoy()
NEEDS_ENVOY = pytest.mark.skipif(bool(_reason), reason=_reason)
FRONTS = ["grpcio", pytest.param("envoy", marks=NEEDS_ENVOY)]
