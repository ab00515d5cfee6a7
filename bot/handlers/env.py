"""What the chat door needs from outside, built once by the app."""

from dataclasses import dataclass, field

from bot.alerts.surroundings import Surroundings
from bot.billing.payments.terms import ReplenishTerms
from bot.settings import LimitSettings, WazzupSettings


@dataclass(frozen=True, slots=True)
class Env:
    """`around` is what alerts need too: prices, policy, sender, jobs. `limits` bound what one person may send.

    `replenish` says how the partner account may be replenished.
    """

    around: Surroundings
    limits: LimitSettings = field(default_factory=LimitSettings)
    replenish: ReplenishTerms = field(default_factory=ReplenishTerms)
    dashboard_url: str = WazzupSettings().dashboard_url
    """A client's dashboard at Wazzup; `{account_id}` is its number."""
    media_url: str | None = None
    """Where the provider fetches pictures; None where it could not reach us."""
