"""What one curator is told in one message: the full alert, or the most urgent client and how many more. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.alerts.alert import Alert, Kind

_ORDER = {Kind.STOPPED: 0, Kind.ENDED: 1, Kind.NOT_RENEWED: 2}
"""What has happened comes before what will happen, what fails before what may go well; the rest by the days left."""


@dataclass(frozen=True, slots=True)
class Digest:
    """`first` is the alert of the most urgent client, `alerts` all that the message stands for, one a client."""

    first: Alert
    alerts: tuple[Alert, ...]

    @property
    def single(self) -> bool:
        """Whether it is about one client only."""
        return len(self.alerts) == 1


def urgency(alert: Alert) -> tuple[int, date, str]:
    """Sorts alerts by how soon somebody must act: over first, then by the last paid day, then by company."""
    return (_ORDER.get(alert.kind, 3), alert.last_day or date.max, str(alert.facts.get("company", "")).casefold())


def digest(alerts: Iterable[Alert]) -> Digest:
    """The message about these alerts, at least one; of several about one client only the most urgent is kept."""
    kept: dict[str, Alert] = {}
    for alert in sorted(alerts, key=urgency):
        kept.setdefault(alert.client_id, alert)
    ordered = tuple(kept.values())
    return Digest(ordered[0], ordered)
