"""The certificate as Envoy is told it: in a file that it reads again when another one takes its place."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from broker.api.certificate import Certificate

TYPES = "type.googleapis.com/envoy"

_NAME = "server"
_PROTOCOLS = ["h2", "http/1.1"]
_TLS = f"{TYPES}.extensions.transport_sockets.tls.v3"


def tls_with(path: Path) -> dict[str, Any]:
    """The transport socket of connections that speak TLS, with the certificate that the file tells."""
    source = {"name": _NAME, "sds_config": {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}}
    common = {"alpn_protocols": _PROTOCOLS, "tls_certificate_sds_secret_configs": [source]}
    config = {"@type": f"{_TLS}.DownstreamTlsContext", "common_tls_context": common}
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Puts what there is now into the file. The key itself stays where it is: Envoy reads it there."""
    chain = b64encode(certificate.current().chain).decode()
    key = str(certificate.key_path.absolute())
    pair = {"certificate_chain": {"inline_bytes": chain}, "private_key": {"filename": key}}
    secret = {"@type": f"{_TLS}.Secret", "name": _NAME, "tls_certificate": pair}
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"resources": [secret]}))
    new.replace(path)
