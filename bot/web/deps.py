"""What the web door is given by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from bot.alerts.surroundings import Surroundings
from bot.billing.payments.port import PaymentProvider
from bot.billing.service import PriceBook
from bot.clock import Clock
from bot.jobs.port import Jobs
from bot.messaging.transport import Transport
from bot.settings import Settings
from bot.storage.engine import Database

type_ready = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class PaymentsDoor:
    """What the payment provider's webhook needs: the provider to check and read it, and what alerts need."""

    provider: PaymentProvider
    around: Surroundings


@dataclass(frozen=True, slots=True)
class WazzupDoor:
    """What Wazzup's webhook needs: its secret, what alerts need, and the transport where messages go by Wazzup."""

    secret: str
    around: Surroundings
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class WebDeps:
    """Everything that the web door uses. `ready` names what /readyz asks: database, migrations, each loop."""

    db: Database
    transport: Transport
    clock: Clock
    settings: Settings
    jobs: Jobs
    book: PriceBook
    ready: Mapping[str, type_ready] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    phone_page: str | None = None
    """Address of the simulator's phone page while there is one: the console links to it."""
    payments: PaymentsDoor | None = None
    wazzup: WazzupDoor | None = None
    around: Surroundings | None = None
    """What alerts need; without it nothing is muted from the console."""
