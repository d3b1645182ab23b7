"""Whom the dispatcher trusts: the system's authorities, one more for all targets, others for single targets."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from broker.errors import StartupError
from broker.model.targets import INSECURE
from worker.address_map import AddressMap, Origin
from worker.tls_sessions import keep_sessions


class TargetTls:
    """TLS contexts by target. Each is made once, so that connections are reused."""

    def __init__(self, target_ca: Path | None, by_address: Mapping[str, str]) -> None:
        """`by_address`: address -> path of a file of CA certificates, or `INSECURE`. Raises StartupError."""
        self.default = _trusting(target_ca)
        contexts = {value: self._context(target_ca, value) for value in set(by_address.values())}
        self._by_address = AddressMap({address.lower(): contexts[value] for address, value in by_address.items()})

    def context(self, *urls: str) -> ssl.SSLContext:
        """The context for a target that goes by these URLs; the first for which something is set decides."""
        for url in urls if self._by_address.values else ():
            origin = Origin.of(url)
            found = self._by_address.find(origin) if origin else None
            if found is not None:
                return found
        return self.default

    def _context(self, target_ca: Path | None, value: str) -> ssl.SSLContext:
        if value != INSECURE:
            return _trusting(target_ca, Path(value))
        context = _trusting()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def _trusting(*authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    keep_sessions(context)
    for path in authorities:
        try:
            if path is not None:
                context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError) as error:
            problem = " ".join(str(error).split())
            raise StartupError(
                f"target CA file {path} cannot be used ({problem}); give a PEM file of certificates"
            ) from error
    return context
