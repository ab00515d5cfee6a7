"""What alerts need from outside to speak: prices, policy, the sender, the queue of jobs."""

from dataclasses import dataclass, field

from bot.alerts.policy import Policy
from bot.billing.limits import SpendingLimits
from bot.billing.plan import PriceBook
from bot.ids import Address
from bot.jobs.port import Jobs


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Built once by the app and handed to every call. `sender` is the WhatsApp number that messages come from."""

    book: PriceBook
    policy: Policy
    sender: Address
    jobs: Jobs
    undo_seconds: int = 60
    """So long a confirmed operation only holds its money; 0: it is done at once."""
    spending: SpendingLimits = field(default_factory=SpendingLimits)
    """How much a curator who is no owner may spend."""
