"""What the chat door needs from outside, built once by the app."""

from dataclasses import dataclass, field

from bot.alerts.surroundings import Surroundings
from bot.config import LimitSettings


@dataclass(frozen=True, slots=True)
class Env:
    """`around` is what alerts need too: prices, policy, sender, jobs. `limits` bound what one person may send."""

    around: Surroundings
    limits: LimitSettings = field(default_factory=LimitSettings)
