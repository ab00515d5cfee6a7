"""With how many people a sender may open a conversation within a day: WhatsApp's tier, which all its numbers share."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from bot.clock import Clock
from bot.ids import Address
from bot.messaging.window import Mode
from bot.storage.engine import Database
from bot.storage.tables import attempt, delivery

DAY = timedelta(hours=24)
_RELOAD = timedelta(minutes=1)
"""So often it is looked up what other processes have sent."""
_QUEUED_MAX = timedelta(days=2)
"""Messages wait no longer than this, as a rule; so the query can use the index of when they were made."""


class Reach:
    """Counts the people that a sender has opened a conversation with in the last 24 hours."""

    def __init__(self, db: Database, clock: Clock, people_per_day: int | None) -> None:
        """None: no limit, and nothing is counted."""
        self._db = db
        self._clock = clock
        self._limit = people_per_day
        self._people: dict[Address, dict[str, datetime]] = {}
        self._loaded_at: dict[Address, datetime] = {}
        self._loading = asyncio.Lock()

    async def wait_until(self, sender: Address, person: Address) -> datetime | None:
        """Count a person in; or, when the day's number is reached, when there is room again."""
        if self._limit is None:
            return None
        now = self._clock.now()
        people = await self._lately(sender, now)
        if person not in people and len(people) >= self._limit:
            return sorted(people.values())[len(people) - self._limit] + DAY
        people[person] = now
        return None

    async def _lately(self, sender: Address, now: datetime) -> dict[str, datetime]:
        async with self._loading:
            await self._load(sender, now)
        people = self._people[sender]
        for person in [person for person, at in people.items() if now - at >= DAY]:
            del people[person]
        return people

    async def _load(self, sender: Address, now: datetime) -> None:
        people = self._people.setdefault(sender, {})
        if (loaded := self._loaded_at.get(sender)) is None or now - loaded >= _RELOAD:
            self._loaded_at[sender] = now
            for person, at in (await self._db.read(people_reached, sender, now - DAY)).items():
                people[person] = max(at, people.get(person, at))


def people_reached(conn: Connection, sender: Address, since: datetime) -> dict[str, datetime]:
    """Everybody who was sent a template since then, and when last."""
    by_template = and_(attempt.c.delivery_id == delivery.c.id, attempt.c.mode == Mode.TEMPLATE)
    query = select(delivery.c.to_address, func.max(attempt.c.started_at)).join(attempt, by_template)
    query = query.where(
        delivery.c.created_at >= since - _QUEUED_MAX,
        delivery.c.sender == sender,
        attempt.c.started_at >= since,
        attempt.c.outcome.in_(["accepted", "unknown"]),
    )
    return {person: at for person, at in conn.execute(query.group_by(delivery.c.to_address))}
