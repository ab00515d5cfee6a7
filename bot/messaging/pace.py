"""How fast a sender may go: a bucket that fills at a rate and empties with each message. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Bucket:
    """`rate` messages a second, up to one second's worth at once. Full at first."""

    rate: float
    _level: float = -1.0
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
        """When `number` of them (at most a second's worth) may go at once."""
        self._fill(now)
        missing = min(number, self._size) - self._level
        return now + timedelta(seconds=max(missing, 0.0) / self.rate)

    @property
    def _size(self) -> float:
        return max(self.rate, 1.0)

    def _fill(self, now: datetime) -> None:
        if self._at is None:
            self._level = self._size
        elif now > self._at:
            self._level = min(self._size, self._level + (now - self._at).total_seconds() * self.rate)
        self._at = now if self._at is None else max(now, self._at)
