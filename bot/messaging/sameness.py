"""How often the same words may go, for providers that take repetition for spam. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

_TEXTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times the same text `within` a time; `per_person`: to the same person, else to anybody."""

    count: int
    within: timedelta
    per_person: bool


@dataclass(slots=True)
class Sameness:
    """Remembers what went lately, by a digest of its words."""

    limits: Sequence[Limit]
    _sent: dict[tuple[int, bytes], deque[datetime]] = field(default_factory=dict)

    def wait_until(self, person: str, text: str, now: datetime) -> datetime | None:
        """Note that a text goes to a person now; or, when that would be too often, when it may."""
        keys = [(n, _digest(text, person if limit.per_person else "")) for n, limit in enumerate(self.limits)]
        waits = [until for key in keys if (until := self._free_at(key, now)) is not None]
        if waits:
            return max(waits)
        for key in keys:
            self._sent.setdefault(key, deque()).append(now)
        self._forget_old(now)
        return None

    def _free_at(self, key: tuple[int, bytes], now: datetime) -> datetime | None:
        limit, sent = self.limits[key[0]], self._sent.get(key)
        while sent and sent[0] + limit.within <= now:
            sent.popleft()
        return sent[-limit.count] + limit.within if sent and len(sent) >= limit.count else None

    def _forget_old(self, now: datetime) -> None:
        if len(self._sent) > _TEXTS_MAX:
            live = {key: sent for key, sent in self._sent.items() if sent and sent[-1] + self._longest() > now}
            self._sent = live

    def _longest(self) -> timedelta:
        return max(limit.within for limit in self.limits)


def _digest(text: str, person: str) -> bytes:
    return blake2b(f"{person}\0{text}".encode(), digest_size=16).digest()
