"""The use cases of CMEK configurations: the Cloud KMS key of a location (Cloud Tasks specification, 2.11).

Nothing is encrypted with the key. It is kept because clients configure it, and it excludes queue-level routing.
"""

import re
from collections.abc import Sequence

from broker.model.names import LocationName
from broker.service import our_texts
from broker.service.broker import Broker

_SUFFIX = "/cmekConfig"
_kms_key = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/[^/\s]+")
_LONGEST_KEY = 1000


async def get_cmek_config(broker: Broker, name: str) -> str:
    """The full name of the location's key; empty if it has none."""
    return await broker.store.cmek.key(_location(name))


async def update_cmek_config(broker: Broker, name: str, kms_key: str, mask: Sequence[str]) -> str:
    """Name another key for the location, or none if it is empty; the key it has then.

    An empty mask selects the key, a mask of `name` alone changes nothing.
    """
    location = _location(name)
    for path in mask:
        if path not in ("name", "kms_key", "*"):
            raise our_texts.mask_path_unknown(path, "a CmekConfig")
    if kms_key and (len(kms_key) > _LONGEST_KEY or not _kms_key.fullmatch(kms_key)):
        raise our_texts.kms_key_malformed(kms_key)
    if mask and not {"kms_key", "*"} & set(mask):
        return await broker.store.cmek.key(location)
    await broker.store.cmek.set_key(location, kms_key)
    return kms_key


def _location(name: str) -> LocationName:
    location = LocationName.parse(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
    if location is None:
        raise our_texts.cmek_name_malformed()
    return location
