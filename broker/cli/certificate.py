"""The certificate that the settings of an API node name."""

from broker.api.certificate import Certificate
from broker.settings import Settings


def read_certificate(settings: Settings) -> Certificate | None:
    """The certificate; None if TLS is not to be spoken. Raises StartupError if it cannot be used."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key)
