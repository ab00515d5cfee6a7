"""What operations see of the canary: how long its alerts take, when one arrived last, and whether it is late."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection

from bot.app.canary_rounds import LOOPBACK, REAL, Rounds, look
from bot.app.vital_signs import Alarm
from bot.settings import CanarySettings

_ROADS = {"loopback": LOOPBACK, "real": REAL}
_RECIPE = "curatorbot deliveries --partner {partner} says how far it came; does a worker run, is sending paused?"


class CanaryWatch:
    """Measures both roads of the canary; a road that is not used has no figures."""

    def __init__(self, settings: CanarySettings, registry: CollectorRegistry, since: datetime) -> None:
        """`since`: before that nobody looked, so that nothing could be late."""
        self._settings = settings
        self._since = since
        self._lag = Gauge(
            "curatorbot_canary_lag_seconds",
            "From the canary's threshold to its message on the phone, in the last round that arrived",
            ("road",),
            registry=registry,
        )
        self._age = Gauge(
            "curatorbot_canary_age_seconds",
            "Since the last round that arrived; while none has, since the first one began or this process did",
            ("road",),
            registry=registry,
        )

    def measure(self, conn: Connection) -> dict[str, Rounds]:
        """What came of the rounds, by road; nothing while the canary is off."""
        return {road: look(conn, partner) for road, partner in _ROADS.items()} if self._settings.enabled else {}

    def show(self, found: dict[str, Rounds], now: datetime) -> list[Alarm]:
        """Set the metrics; what of it is alarming."""
        for road, rounds in found.items():
            if rounds.arrived is not None:
                self._lag.labels(road).set(rounds.arrived.lag_seconds)
            if road == "loopback" or self._settings.address is not None or rounds.newest is not None:
                self._age.labels(road).set(max((now - rounds.heard_at(self._since)).total_seconds(), 0.0))
        if not found:
            return []
        alarms = (
            [_late("canary_late", LOOPBACK, "no alert about the canary arrived")] if self._is_late(found, now) else []
        )
        if self._is_real_late(found, now):
            alarms.append(
                _late("canary_real_late", REAL, "today's alert about the canary did not arrive by the real road")
            )
        return alarms

    def _is_late(self, found: dict[str, Rounds], now: datetime) -> bool:
        """Whether nothing arrived for too long, whatever is to blame: nobody may even have begun a round."""
        last = found["loopback"].arrived
        since = max(self._since, last.crossed_at) if last is not None else self._since
        return now - since > self._patience

    def _is_real_late(self, found: dict[str, Rounds], now: datetime) -> bool:
        newest = found["real"].newest
        waits = newest is not None and newest.arrived_at is None and now - newest.crossed_at > self._patience
        return waits and self._settings.address is not None

    @property
    def _patience(self) -> timedelta:
        return timedelta(minutes=self._settings.late_minutes)


def _late(name: str, partner: str, title: str) -> Alarm:
    return Alarm(name, title, _RECIPE.format(partner=partner))
