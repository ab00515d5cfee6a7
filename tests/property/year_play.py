"""A year of many clients and a few people, played on the production jobs: time steps from moment to moment."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select, text, update

from bot.alerts import brake, claims, postponing
from bot.alerts import service as alerts
from bot.alerts.policy import Levels
from bot.alerts.surroundings import Surroundings
from bot.app.workers import Workers
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.clock import ManualClock
from bot.directory import arrangements
from bot.directory import service as directory
from bot.errors import UserError
from bot.handlers.env import Env
from bot.ids import AlertId, ClientId, CuratorId, JobId
from bot.jobs.port import Job
from bot.messaging.outbox import WAITING
from bot.messaging.relay import Relay
from bot.money import of
from bot.storage.engine import Database
from bot.storage.reading import Reading
from bot.storage.tables import alert, alert_due, client_day, delivery, hold, notification
from bot.storage.writing import Writing
from tests.integration.alert_world import BOOK, ENV, RIGA, SHIPPED, Wanted, add_client, add_curator, add_partner

START = datetime(2026, 9, 1, 4, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OCEANS = ("Europe/Riga", "America/Sao_Paulo", "Pacific/Auckland")
LAND = ("Europe/Madrid", "Europe/Moscow", "Asia/Almaty")
"""Two halves of the world, played apart: each has its own moments, and one of them the clocks of the south."""
NAMES = ("Olga", "Pavel", "Carmen", "Bruno", "Mia", "Aigul")
OWNER = NAMES[0]
DOWN = ((datetime(2026, 10, 22, 3, tzinfo=UTC), 7 * DAY), (datetime(2027, 3, 26, 12, tzinfo=UTC), 3 * DAY))
"""Nothing runs in these times; the first holds the night on which Europe changes its clocks."""
RATE = 200
"""Minor units that a channel on daily payments costs a day."""
LEVELS = (20, 5)
_OPEN = text("alert.state = 'open'")
_SHORT = Reading(select(alert.c.client_id).where(_OPEN, alert.c.kind.in_(["running_out", "stopped"])))
_QUESTION = Reading(
    select(alert.c.id).where(alert.c.client_id.is_(None), alert.c.state == "open", alert.c.kind == "brake")
)
_TAKEABLE = Reading(
    select(alert.c.id, alert.c.client_id)
    .where(_OPEN, alert.c.client_id.is_not(None))
    .order_by(alert.c.raised_at.desc(), alert.c.id)
    .limit(500)
)
_ARRIVE = Writing(update(delivery).where(WAITING, delivery.c.state == "queued").values(state="delivered"))


@dataclass(slots=True)
class Life:
    """One client's facts as they came: what the oracle goes by."""

    client_id: ClientId
    zone: str
    ends: list[tuple[datetime, date]] = field(default_factory=list)
    hovers: bool = False

    @property
    def subscribed(self) -> bool:
        return bool(self.ends)


@dataclass(slots=True)
class Spans:
    """When somebody's silence, or something about a client, held: closed spans and open ones by key."""

    over: dict[Any, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    open: dict[Any, datetime] = field(default_factory=dict)

    def begin(self, key: Any, now: datetime) -> None:
        self.open.setdefault(key, now)

    def end(self, key: Any, now: datetime) -> None:
        if key in self.open:
            self.over[key].append((self.open.pop(key), now))

    def held(self, key: Any, at: datetime) -> bool:
        """Whether it was so at that moment, its borders included."""
        return any(start <= at <= end for start, end in self.over.get(key, ()))

    def inside(self, key: Any, at: datetime) -> bool:
        """Whether it was so and went on."""
        return any(start <= at < end for start, end in self.over.get(key, ()))


@dataclass(slots=True)
class Year:
    """What was played: clients, people, the moments at which clients were looked at, and who was silent when."""

    chance: Random
    zones: dict[str, str] = field(default_factory=dict)
    """Of each person by name; a client's own person lives where the client does."""
    lives: list[Life] = field(default_factory=list)
    people: dict[str, CuratorId] = field(default_factory=dict)
    own: dict[CuratorId, ClientId] = field(default_factory=dict)
    steps: list[datetime] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    muted: Spans = field(default_factory=Spans)
    stopped: Spans = field(default_factory=Spans)
    away: Spans = field(default_factory=Spans)
    assigned: Spans = field(default_factory=Spans)
    held_days: int = 0


class Play:
    """Lives through the year. Whatever the product does is done by its own jobs, commands' functions and rules."""

    def __init__(self, db: Database, seed: int, clients: int, days: int, zones: Sequence[str]) -> None:
        self.db = db
        self.clock = ManualClock(START)
        self.year = Year(Random(seed), {name: zones[n % len(zones)] for n, name in enumerate(NAMES)})
        self.zones = zones
        self.daily_zones = (zones[0], zones[-1])
        """Where clients pay by the day: their midnights are moments at which something happens."""
        self.upcoming: list[datetime] = []
        self.clients = clients
        self.ends = START + days * DAY
        self.answered = False
        levels = {f"7{n:07d}": Levels(balance={"EUR": LEVELS}) for n in range(19, clients, 20)}
        self.env: Surroundings = replace(
            ENV, policy=replace(SHIPPED, respect_hours=True, public_holidays=False, of_client=levels)
        )
        self.workers = Workers(db, self.clock, Env(self.env), cast(Relay, None))

    def run(self) -> Year:
        self.db.write_now(self._open)
        asyncio.run(self._live())
        for spans in (self.year.muted, self.year.stopped, self.year.away, self.year.assigned):
            for key in list(spans.open):
                spans.end(key, self.clock.now())
        return self.year

    async def _live(self) -> None:
        while (now := self._next()) < self.ends:
            self.clock.move_to(now)
            self.year.steps.append(now)
            await self.workers.charge(_job("charge"))
            self.db.write_now(self._people_act)
            await self.workers.scan(_job("scan"))
            if not self.db.write_now(self._afterwards):
                self.year.looks.append(now)

    def _afterwards(self, conn: Connection) -> bool:
        """The wire and the owner, and what comes next; whether the scan was held back."""
        _ARRIVE.run(conn)
        held = self._owner_answers(conn)
        self.upcoming = _next_due(conn, self.clock.now())
        return held

    def _owner_answers(self, conn: Connection) -> bool:
        """The owner says yes, in working hours, to whatever waits for it."""
        asked = _QUESTION.one(conn)
        if asked is None:
            return False
        self.year.held_days += 1
        local = self.clock.now().astimezone(ZoneInfo(self.year.zones[OWNER]))
        if 9 <= local.hour < 18 and local.isoweekday() < 6:
            brake.answer(conn, AlertId(asked.id), self.year.people[OWNER], yes=True, now=self.clock.now())
            self.answered = True
        return True

    def _next(self) -> datetime:
        """The next moment at which something is due: for a client, a person, a message; at the latest in six hours."""
        now = self.clock.now()
        if self.answered:
            self.answered = False
            return now + timedelta(minutes=1)
        wanted = min([*self.upcoming, _hour(now, self.year.zones[OWNER], time(9)), now + timedelta(hours=12)])
        for start, lasts in DOWN:
            if start <= wanted < start + lasts:
                return start + lasts
        return wanted

    def _open(self, conn: Connection) -> None:
        add_partner(conn, "900000.00")
        for name, zone in self.year.zones.items():
            role = "owner" if name == OWNER else "curator"
            self.year.people[name] = add_curator(conn, name, time_zone=zone, role=role)
        arrangements.set_hours(conn, self.year.people["Bruno"], alert_hour=time(10, 30), working_days="123456")
        for n in range(self.clients):
            self.year.lives.append(self._client(conn, n))
        changes = [Changed(RIGA, one.client_id, "imported") for one in self.year.lives]
        alerts.apply(conn, changes, now=START, env=self.env)
        for life in self.year.lives[:8]:
            own = add_curator(conn, f"Own {life.client_id}", client_id=life.client_id, time_zone=life.zone)
            self.year.own[own] = life.client_id
            self.year.people[str(own)] = own

    def _client(self, conn: Connection, n: int) -> Life:
        chance, zone = self.year.chance, self.year.chance.choice(self.zones)
        kind = n % 20
        account = f"{7 if kind == 19 else 4}{n:07d}"
        wanted = Wanted(account, f"Firm {n}", zone=zone, channels=1, balance="0.00")
        if kind < 16:
            ends = _billing_day((START + chance.randrange(-2, 300) * DAY).date())
            made = add_client(conn, replace(wanted, ends=ends, plan="Inbox", months=12), now=START, told=False)
            return Life(made, zone, [(START, ends)])
        zone = self.daily_zones[n % 2]
        wanted = replace(wanted, zone=zone)
        money = f"{chance.randrange(4, 60)}.{chance.randrange(100):02d}"
        made = add_client(conn, replace(wanted, balance=money, daily="2.00"), now=START, told=False)
        return Life(made, zone, hovers=kind == 19)

    def _people_act(self, conn: Connection) -> None:
        """What people do at this moment: mostly nothing, now and then everything."""
        chance, now = self.year.chance, self.clock.now()
        for person in list(self.year.stopped.open):
            if chance.random() < 0.05:
                directory.start(conn, person)
                self.year.stopped.end(person, now)
                alerts.catch_up(conn, person, now=now, env=self.env)
        doings = (*[self._renew] * 5, *[self._pay] * 2, self._hover, self._mute, *[self._take] * 2, self._silence)
        for _ in range(chance.choice((0, 0, 1, 1))):
            chance.choice(doings)(conn, now)
        if chance.random() < 0.1:
            self._table(conn, now)

    def _renew(self, conn: Connection, now: datetime) -> None:
        """A table shows a new end of a client who is about to end, or has ended; sometimes the end moves back."""
        life = self.year.chance.choice(self.year.lives)
        soon = [one for one in self.year.lives if one.subscribed and one.ends[-1][1] < now.date() + 9 * DAY]
        if soon and self.year.chance.random() < 0.9:
            life = self.year.chance.choice(soon)
        if not life.subscribed:
            return
        ends = now.date() + self.year.chance.choice((3, 31, 92, 183, 365)) * DAY
        ends = ends if ends < now.date() + 9 * DAY else _billing_day(ends)
        if ends in [one for _, one in life.ends]:
            return
        life.ends.append((now, ends))
        billing.set_subscription(conn, RIGA, life.client_id, plan=None, end_date=ends, months=None, as_of=now, now=now)
        changed = [Changed(RIGA, life.client_id, "imported")]
        alerts.apply(conn, changed, now=now, env=self.env)

    def _table(self, conn: Connection, now: datetime) -> None:
        """Half of those who are over for longer than a week were renewed elsewhere, as a table shows."""
        over = [one for one in self.year.lives if one.subscribed and one.ends[-1][1] < now.date() - 7 * DAY]
        renewed = [one for one in over if self.year.chance.random() < 0.5]
        for life in renewed:
            ends = _billing_day(now.date() + self.year.chance.choice((61, 92, 183, 365)) * DAY)
            life.ends.append((now, ends))
            billing.set_subscription(
                conn, RIGA, life.client_id, plan=None, end_date=ends, months=None, as_of=now, now=now
            )
        changed = [Changed(RIGA, one.client_id, "imported") for one in renewed]
        alerts.apply(conn, changed, now=now, env=self.env)

    def _pay(self, conn: Connection, now: datetime) -> None:
        """Somebody tops up a client who pays by the day, the poorest first."""
        chance = self.year.chance
        some = [one for one in self.year.lives if not one.subscribed and not one.hovers]
        short = {row.client_id for row in _SHORT.rows(conn)}
        poor = [one for one in some if one.client_id in short]
        life = chance.choice(poor if poor and chance.random() < 0.9 else some)
        asker = self.year.people[chance.choice(list(NAMES))]
        address = directory.get_curator(conn, asker).addresses[0]
        amount = of(str(chance.choice((2, 14, 40, 60, 120))), "EUR")
        quote = billing.quote_top_up(
            conn, BOOK, partner_id=RIGA, client_id=life.client_id, amount=amount, asked_by=asker, asked_from=address,
            now=now,
        )  # fmt: skip
        try:
            done = billing.confirm(conn, transfer_id=quote.id, curator_id=asker, address=address, now=now)
        except UserError:
            return
        alerts.apply(conn, done.changes, now=now, env=self.env)

    def _hover(self, conn: Connection, now: datetime) -> None:
        """A table shows another balance, around the levels that are told of."""
        life = self.year.chance.choice([one for one in self.year.lives if one.hovers])
        balance = of(f"{self.year.chance.choice((3, 4, 5, 6, 19, 20, 21, 30))}.00", "EUR")
        changes = billing.adjust_balance(
            conn, RIGA, life.client_id, balance, reason="table", by="import", key=now.isoformat(), now=now
        )
        alerts.apply(conn, changes, now=now, env=self.env)

    def _mute(self, conn: Connection, now: datetime) -> None:
        person = self.year.people[self.year.chance.choice(list(NAMES))]
        life = self.year.chance.choice(self.year.lives)
        key = (person, life.client_id)
        if key in self.year.muted.open:
            directory.unmute(conn, person, life.client_id)
            self.year.muted.end(key, now)
            alerts.catch_up(conn, person, now=now, env=self.env, client_id=life.client_id)
        else:
            directory.mute(conn, person, life.client_id, now)
            self.year.muted.begin(key, now)

    def _take(self, conn: Connection, now: datetime) -> None:
        """Somebody works on a client: a claim, a promise, a snooze, or is made responsible."""
        chance = self.year.chance
        person = self.year.people[chance.choice(list(NAMES))]
        found = _TAKEABLE.rows(conn)
        if not found:
            return
        one = chance.choice(found)
        match chance.randrange(5):
            case 0 | 1:
                _quietly(lambda: claims.claim(conn, one.id, person, now=now, env=self.env))
            case 2:
                day = now.date() + chance.randrange(1, 6) * DAY
                _quietly(lambda: postponing.promised(conn, one.client_id, person, day=day, now=now, env=self.env))
            case 3:
                postponing.snooze(conn, one.client_id, person, until=now + chance.randrange(1, 5) * DAY, now=now)
            case _:
                whom = None if one.client_id in self.year.assigned.open else person
                arrangements.assign(conn, one.client_id, whom)
                if whom is None:
                    self.year.assigned.end(one.client_id, now)
                else:
                    self.year.assigned.begin(one.client_id, now)

    def _silence(self, conn: Connection, now: datetime) -> None:
        """Seldom: STOP, or some days away with a stand-in."""
        chance = self.year.chance
        name = chance.choice(list(NAMES))
        person = self.year.people[name]
        if name != OWNER and chance.random() < 0.2 and person not in self.year.stopped.open:
            directory.stop(conn, person, now)
            self.year.stopped.begin(person, now)
        elif chance.random() < 0.3:
            other = self.year.people[chance.choice([one for one in NAMES if one != name])]
            until = now + chance.randrange(1, 12) * DAY
            arrangements.set_away(conn, person, until, other)
            self.year.away.over[person].append((now, until))


def _next_due(conn: Connection, now: datetime) -> list[datetime]:
    """The next moments that stand in the database: rungs, client days, waiting messages, holds."""
    return [one for one in _EARLIEST.one(conn, now=now) if one is not None]


def _first_after(column: Any, *conditions: Any) -> Any:
    return select(func.min(column)).where(column > bindparam("now"), *conditions).scalar_subquery()


_EARLIEST = Reading(
    select(
        _first_after(alert_due.c.due_at),
        _first_after(client_day.c.next_at),
        _first_after(notification.c.send_at, text("notification.outcome = 'waiting'")),
        _first_after(hold.c.until, text("hold.ended_at IS NULL")),
    )
)


def _hour(now: datetime, zone: str, at: time) -> datetime:
    """The next time that a zone's clock shows this hour."""
    day = now.astimezone(ZoneInfo(zone)).date()
    first = datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
    return first if first > now else datetime.combine(day + DAY, at, ZoneInfo(zone)).astimezone(UTC)


def _billing_day(day: date) -> date:
    """Subscriptions mostly end on the same few days of a month."""
    return day.replace(day=1 if day.day < 10 else 10 if day.day < 20 else 20)


def _quietly(act: Any) -> None:
    try:
        act()
    except UserError:
        return


def _job(name: str) -> Job:
    return Job(JobId(name), name, name, 1)
