"""The Unix sockets between Envoy and the node that lives in it, and what else they share."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sockets:
    """Their paths, all in one directory that is nobody else's."""

    directory: Path

    @property
    def grpc(self) -> Path:
        """Where the node serves what Envoy's own calls do not: streams, health, services that are unknown."""
        return self.directory / "grpc"

    @property
    def http(self) -> Path:
        """Where the node serves HTTP."""
        return self.directory / "http"

    @property
    def certificate(self) -> Path:
        """The file that tells Envoy the certificate, if the node has one."""
        return self.directory / "certificate.json"

    @property
    def admin(self) -> Path:
        """Where Envoy takes orders."""
        return self.directory / "admin"
