"""What every use case needs."""

from dataclasses import dataclass

from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.store.store import Store


@dataclass(frozen=True, slots=True)
class Broker:
    """One API node: the store behind it, the limits in force, and what it counts."""

    store: Store
    limits: Limits
    metrics: Metrics
