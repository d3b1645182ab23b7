"""What every use case needs."""

from dataclasses import dataclass

from broker.metrics import Metrics
from broker.model.app_engine import DEFAULT_DOMAIN
from broker.model.limits import Limits
from broker.store.store import Store


@dataclass(frozen=True, slots=True)
class Broker:
    """One API node: the store behind it, the limits in force, and what it counts."""

    store: Store
    limits: Limits
    metrics: Metrics
    app_engine_domain: str = DEFAULT_DOMAIN
    """The domain of a project's App Engine services; `{project}` stands for its id."""
    location: str = "us-central1"
    """The location that projects seem to have, and where their App Engine apps seem to be."""
