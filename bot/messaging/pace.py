"""How fast messages may go: buckets that fill at a rate and empty with each message. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

RECOVERY = 0.02
"""Share of its full rate that a slowed bucket wins back each second."""
SLOWEST = 0.05
"""Share of its full rate that a bucket keeps however often it is slowed."""
PERSON_PER_SECOND = 1 / 6
"""WhatsApp takes about one message in six seconds for one person …"""
PERSON_BURST = 45
"""… after a burst of so many (Meta, pair rate limit)."""
_PEOPLE_MAX = 10_000


@dataclass(slots=True)
class Bucket:
    """`full_rate` messages a second, up to `burst` at once (a second's worth unless given). Full at first."""

    full_rate: float
    burst: float | None = None
    _rate: float = -1.0
    _level: float = 0.0
    _at: datetime | None = None

    def available(self, now: datetime) -> int:
        """How many messages may go now."""
        self._fill(now)
        return int(self._level)

    def take(self, number: int, now: datetime) -> None:
        """So many go now."""
        self._fill(now)
        self._level -= number

    def next_at(self, number: int, now: datetime) -> datetime:
        """When `number` of them (at most a burst) may go at once."""
        self._fill(now)
        missing = min(number, self._size) - self._level
        return now + timedelta(seconds=max(missing, 0.0) / self._rate)

    def slow_down(self, now: datetime) -> None:
        """The provider says we are too fast: half the rate, won back little by little; nothing more at once."""
        self._fill(now)
        self._rate = max(self._rate / 2, self.full_rate * SLOWEST)
        self._level = min(self._level, 0.0)

    @property
    def rate(self) -> float:
        """Messages a second at present."""
        return self.full_rate if self._at is None else self._rate

    @property
    def _size(self) -> float:
        return max(self.burst or self.full_rate, 1.0)

    def _fill(self, now: datetime) -> None:
        if self._at is None:
            self._at, self._rate, self._level = now, self.full_rate, self._size
            return
        seconds = (now - self._at).total_seconds()
        if seconds > 0:
            self._level = min(self._size, self._level + seconds * self._rate)
            self._rate = min(self.full_rate, self._rate + seconds * self.full_rate * RECOVERY)
            self._at = now


@dataclass(slots=True)
class PeoplePace:
    """A bucket for each person lately written to."""

    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def wait_until(self, person: str, now: datetime) -> datetime | None:
        """Take one message for a person; or, when that would be too fast, when to try again."""
        bucket = self._buckets.get(person)
        if bucket is None:
            self._forget_idle(now)
            bucket = self._buckets[person] = Bucket(PERSON_PER_SECOND, PERSON_BURST)
        if bucket.available(now) < 1:
            return bucket.next_at(1, now)
        bucket.take(1, now)
        return None

    def _forget_idle(self, now: datetime) -> None:
        if len(self._buckets) >= _PEOPLE_MAX:
            busy = {person: one for person, one in self._buckets.items() if one.available(now) < PERSON_BURST}
            self._buckets = busy if len(busy) < _PEOPLE_MAX else {}
