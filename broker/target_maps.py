"""Reading what is set for targets: addresses, texts ADDRESS=VALUE and JSON objects, the URL of a proxy."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from broker.model.targets import INSECURE, UNIX

_HOST = r"(\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]"
_PORT = r"(:[0-9]{1,5})?"
_source = re.compile(rf"(https?://)?({_HOST}|\*){_PORT}", re.IGNORECASE)
_target = re.compile(rf"(https?://)?(?!\*)({_HOST}){_PORT}/?", re.IGNORECASE)
_socket = re.compile(rf"{UNIX}/.+")
_SOCKET_BYTES = 107
_proxy = re.compile(rf"https?://([^/?#@\s]+@)?(?!\*)({_HOST})(?P<port>{_PORT})/?", re.IGNORECASE)
_SHAPE = "[http://|https://]HOST[:PORT]"


def read_rewrites(texts: Iterable[str]) -> dict[str, str]:
    """What is connected to in place of an address, by address. Raises ValueError with the remedy."""
    found = _pairs(texts, "FROM=TO, for example localhost:8080=host.docker.internal:8080")
    for source, target in found.items():
        _check_source(source)
        if not _target.fullmatch(target) and not _socket.fullmatch(target):
            raise ValueError(f"{source}={target}: TO must be {_SHAPE}, without a path, or {UNIX}/PATH")
        if target.startswith(UNIX) and len(os.fsencode(target)) - len(UNIX) > _SOCKET_BYTES:
            raise ValueError(f"{source}={target}: the path of a socket has at most {_SOCKET_BYTES} bytes")
    return {source.lower(): target.rstrip("/") for source, target in found.items()}


def read_target_tls(texts: Iterable[str]) -> dict[str, str]:
    """Path of a file of CA certificates, or `insecure`, by address. Raises ValueError with the remedy."""
    found = _pairs(texts, f"HOST[:PORT]=FILE or HOST[:PORT]={INSECURE}")
    for source, value in found.items():
        _check_source(source)
        if value != INSECURE and not Path(value).is_file():
            raise ValueError(f"{source}={value}: there is no such file; give one of CA certificates, or {INSECURE}")
    return {source.lower(): value for source, value in found.items()}


def read_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Addresses of targets. Raises ValueError with the remedy."""
    found = tuple(texts)
    for address in found:
        _check_source(address)
    return tuple(address.lower() for address in found)


def read_proxy(url: str) -> str:
    """The URL of a proxy, or nothing. Raises ValueError, which does not show it: it may hold a password."""
    match = _proxy.fullmatch(url)
    if url and (match is None or not 0 < int((match["port"] or ":80")[1:]) < 65536):
        raise ValueError("must be http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before HOST if need be")
    return url


def _pairs(texts: Iterable[str], forms: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        if text.lstrip().startswith("{"):
            pairs |= _json_object(text, forms)
        else:
            # Only the first equals sign separates: a path may hold others, an address none.
            source, equals, value = text.partition("=")
            if not equals:
                raise ValueError(f"{text!r}: write {forms}")
            pairs[source.strip()] = value.strip()
    return pairs


def _json_object(text: str, forms: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"write {forms}, or a JSON object; this is no JSON: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError(f"write {forms}, or a JSON object of texts")
    return value


def _check_source(source: str) -> None:
    if not _source.fullmatch(source):
        raise ValueError(f"{source!r} is no address: write {_SHAPE}, where HOST can be *.DOMAIN or *")
