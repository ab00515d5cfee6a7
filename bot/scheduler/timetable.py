"""When something is due: named cron times, and the latest of them that a clock has passed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable: at these times, enqueue this job.

    `period` is about the time between two fires: how far back a late clock looks, since only the last fire counts.
    """

    name: str
    job: str
    trigger: CronTrigger
    period: timedelta

    def latest(self, after: datetime, now: datetime) -> datetime | None:
        """The last fire time in (after, now], or None. Missed ones collapse into the last."""
        start = max(after, now - 2 * self.period)
        found = None
        while (fire := self.trigger.get_next_fire_time(None, start + _INSTANT)) is not None and fire <= now:
            found = start = fire.astimezone(UTC)
        return found


def every_seconds(name: str, job: str, seconds: int) -> Entry:
    """An entry on each multiple of so many seconds of the minute."""
    return Entry(name, job, CronTrigger(second=f"*/{seconds}", timezone=UTC), timedelta(seconds=seconds))


def every_minute(name: str, job: str) -> Entry:
    """An entry on each full minute."""
    return Entry(name, job, CronTrigger(second=0, timezone=UTC), timedelta(minutes=1))


def every_minutes(name: str, job: str, minutes: int) -> Entry:
    """An entry on each multiple of so many minutes of the hour."""
    return Entry(name, job, CronTrigger(minute=f"*/{minutes}", second=0, timezone=UTC), timedelta(minutes=minutes))


def hourly(name: str, job: str, minute: int) -> Entry:
    """An entry once an hour."""
    return Entry(name, job, CronTrigger(minute=minute, second=0, timezone=UTC), timedelta(hours=1))


@dataclass(slots=True)
class Timetable:
    """All entries, and up to when each was looked at."""

    entries: Sequence[Entry]
    since: datetime
    _seen: dict[str, datetime] = field(default_factory=dict)

    def due(self, now: datetime) -> list[tuple[Entry, datetime]]:
        """Entries with a fire time since the last `passed`, each with that time."""
        found = [(entry, entry.latest(self._seen.get(entry.name, self.since), now)) for entry in self.entries]
        return [(entry, at) for entry, at in found if at is not None]

    def passed(self, fires: Sequence[tuple[Entry, datetime]]) -> None:
        """Remember that these fires are durable; until then they come again."""
        for entry, at in fires:
            self._seen[entry.name] = at
