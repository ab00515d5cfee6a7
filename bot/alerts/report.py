"""What a scan did, in numbers. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ScanReport:
    """`clients` were looked at, `due` rungs had been reached, `alerts` were raised, `messages` written.

    `suppressed` counts by reason the (alert, curator) pairs that were not told, and under `superseded` and `forgotten`
    the rungs that a bigger alert or age left unsaid. `held` clients wait for an owner's yes or no. `more`: the limit
    was reached, another scan has work at once.
    """

    clients: int = 0
    due: int = 0
    alerts: int = 0
    messages: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    more: bool = False
    held: int = 0

    def __add__(self, other: "ScanReport") -> "ScanReport":
        return ScanReport(
            clients=self.clients + other.clients,
            due=self.due + other.due,
            alerts=self.alerts + other.alerts,
            messages=self.messages + other.messages,
            suppressed=dict(Counter(self.suppressed) + Counter(other.suppressed)),
            more=self.more or other.more,
            held=self.held + other.held,
        )
