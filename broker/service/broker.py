"""What every use case needs."""

from dataclasses import dataclass, field

from broker.metrics import Metrics
from broker.model.app_engine import DEFAULT_DOMAIN
from broker.model.lease_caps import LeaseCaps
from broker.model.limits import Limits
from broker.model.tickets import Tickets
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
    lease_caps: LeaseCaps = field(default_factory=LeaseCaps)
    """How many lease calls a second pull queues take, where that is not the limit leases_per_second."""
    auto_create_queues: bool = False
    """Whether a missing queue is created, with defaults, when a task is created in it."""
    tickets: Tickets = field(default_factory=Tickets)
    """Which project a caller of the App Engine API means."""
    legacy_standard_payloads: bool = False
    """Whether payloads that callers of the legacy REST API insert may have + and /."""
