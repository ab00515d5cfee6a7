"""Polled accounts on both databases: they enter like a table, page by page; trouble with one leaves the rest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from bot.alerts import watch
from bot.app import account_polls
from bot.app.vital_signs import alarms, measure
from bot.app.wazzup import Wazzup
from bot.billing import service as billing
from bot.billing.gateways.wazzup import polls
from bot.billing.gateways.wazzup.accounts_api import BUSY_WAIT, AccountsApi, retry_at
from bot.clock import Clock
from bot.directory import service as directory
from bot.directory.partners import set_roads
from bot.imports.apply import import_table
from bot.imports.reader import read_table
from bot.jobs.local import LocalJobs
from bot.scheduler import entries
from bot.settings import OperationsSettings
from bot.storage.engine import Database
from bot.storage.tables import client, curator, dashboard_task, delivery, import_run, wazzup_channel
from tests.integration.alert_world import BOOK, ENV, GAMMA, NOW, RIGA, add_client, add_curator, surroundings
from tests.integration.chat_world import phone_of
from tests.integration.wazzup_world import (
    LOGIN,
    PASSWORD,
    TECH,
    Hurried,
    Wire,
    account,
    dump,
    many,
    other_account,
    settings,
    world,
)

HOUR = timedelta(hours=1)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(url__startswith=f"{TECH}/v2/accounts/").mock(side_effect=made.answer)
        yield made


class Polling:
    """A process that polls; made anew it is one that was started again."""

    def __init__(self, db: Database, clock: Clock, **changes: object) -> None:
        self.db, self.clock = db, clock
        self.jobs = LocalJobs(db, clock, worker="test")
        self.house = Wazzup(settings(**changes), db, clock, self.jobs, surroundings(self.jobs))
        for name, handler in self.house.polls.handlers().items():
            self.jobs.handle(name, handler)

    async def tick(self) -> None:
        """What the timetable does every half hour, and all that follows at once."""
        await self.db.write(lambda conn: self.jobs.enqueue(conn, entries.POLL, entries.POLL, self.clock.now()))
        await self.rest()

    async def rest(self) -> None:
        """Do what is due."""
        await self.jobs.run_until_quiet()

    async def close(self) -> None:
        await self.house.close()


async def polled(db: Database, clock: Clock, **changes: object) -> None:
    """One round by a process that ends then."""
    process = Polling(db, clock, **changes)
    await process.tick()
    await process.close()


async def state(db: Database) -> polls.Poll:
    return await db.read(polls.load, RIGA)


async def test_a_poll_enters_like_a_table(db: Database, wire: Wire) -> None:
    clock = Hurried(NOW + HOUR)
    await db.write(world)
    wire.answers["48210033"] = account(unheard_of={"x": 1})
    await polled(db, clock)

    def look(conn: Connection) -> None:
        [one] = directory.list_clients(conn, RIGA)
        stands = billing.standing(conn, one.id, NOW, BOOK)
        assert (str(stands.balance), stands.next_end) == ("12.50 EUR", date(2027, 5, 26))
        assert len(stands.channels) == 3
        assert one.as_of == clock.now()
        assert one.missing_since is None
        assert conn.execute(select(wazzup_channel.c.id)).scalars().all() == ["c-0", "c-1", "c-2"]
        assert len(conn.execute(select(import_run.c.id)).all()) == 1

    await db.read(look)
    clock.advance(minutes=30)
    await polled(db, clock)

    def look_again(conn: Connection) -> None:
        assert len(conn.execute(select(import_run.c.id)).all()) == 1
        assert conn.execute(select(client.c.as_of)).scalar_one() == clock.now()

    await db.read(look_again)
    assert wire.asked[0].url.query == b"expand=billing%2Cchannels%2Csubscriptions"
    assert wire.asked[0].headers["Authorization"].startswith("Basic ")
    done = await state(db)
    assert (done.read, done.not_read, done.last_account, done.finished_at) == (1, 0, None, clock.now())


async def test_a_channel_that_the_account_has_no_more_is_forgotten(db: Database, wire: Wire) -> None:
    clock = Hurried(NOW + HOUR)
    await db.write(world)
    wire.answers["48210033"] = account()
    await polled(db, clock)
    clock.advance(minutes=30)
    kept = [{"channel_id": "c-2", "transport": "whatsapp", "status": "active"}]
    wire.answers["48210033"] = account(channels=kept)
    await polled(db, clock)
    assert await db.read(lambda conn: conn.execute(select(wazzup_channel.c.id)).scalars().all()) == ["c-2"]


async def test_a_poll_confirms_a_task(db: Database, wire: Wire) -> None:
    def ask(conn: Connection) -> None:
        world(conn)
        anna = phone_of(conn, directory.list_curators(conn, RIGA)[0].id)
        [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
        anna.tap(todo, "Done")

    await db.write(ask)
    clock = Hurried(NOW + HOUR)
    wire.answers["48210033"] = account(subscriptions=[{"endDate": "2026-11-25"}])
    await polled(db, clock)
    assert await db.read(lambda conn: conn.execute(select(dashboard_task.c.state)).scalar_one()) == "open"
    clock.advance(minutes=30)
    wire.answers["48210033"] = account()
    await polled(db, clock)
    assert await db.read(lambda conn: conn.execute(select(dashboard_task.c.state)).scalar_one()) == "confirmed"
    told = await db.read(lambda conn: conn.execute(select(delivery.c.template, delivery.c.body)).all())
    texts = {row.template: row.body.splitlines() for row in told}
    assert texts["tasks/reopened_polled"][1] == "Wazzup, polled 26 Nov 10:00, still shows till 25 Nov 2026"
    assert texts["tasks/confirmed_polled"][1] == "Wazzup, polled 26 Nov 10:30. You paid €465.73. W-1 closed."


async def test_after_a_poll_the_next_one_is_to_prove_what_was_done(db: Database, wire: Wire) -> None:
    wire.answers["48210033"] = account(subscriptions=[{"endDate": "2026-11-25"}])
    await db.write(world)
    await polled(db, Hurried(NOW + HOUR))

    def done(conn: Connection) -> None:
        anna = phone_of(conn, directory.list_curators(conn, RIGA)[0].id)
        [todo] = anna.tap(anna.ask("topup gamma 100"), "Only top up")
        assert anna.tap(todo, "Done")[0].text.endswith("*not confirmed*: I check when Wazzup is polled next.")

    await db.write(done)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_account_that_cannot_be_read_leaves_the_others(db: Database, wire: Wire, status: int) -> None:
    def two(conn: Connection) -> None:
        world(conn)
        add_client(conn, replace(GAMMA, account_id="48210001", company="Delta"))

    await db.write(two)
    wire.answers["48210001"] = httpx.Response(status)
    wire.answers["48210033"] = account()
    await polled(db, Hurried(NOW + HOUR))
    missing = await db.read(lambda conn: conn.execute(select(client.c.missing_since)).scalars().all())
    assert missing == [None, None]
    done = await state(db)
    assert (done.read, done.not_read, dict(done.problems)) == (1, 1, {"48210001": f"wazzup: HTTP {status}"})
    assert done.finished_at is not None
    ends = await db.read(lambda conn: billing.standing(conn, directory.list_clients(conn, RIGA)[1].id, NOW, BOOK))
    assert ends.next_end == date(2027, 5, 26)


async def test_a_refused_login_stops_everything_and_is_told_once(db: Database, wire: Wire) -> None:
    def people(conn: Connection) -> None:
        many(conn, 3)
        add_curator(conn, "Olga", role="owner")

    await db.write(people)
    clock = Hurried(NOW + HOUR)
    for n in range(3):
        wire.answers[f"49{n:06d}"] = httpx.Response(401)
    wire.answers["48210033"] = httpx.Response(401)
    process = Polling(db, clock)
    with capture_logs() as logs:
        for _ in range(3):
            await process.tick()
            clock.advance(minutes=30)
    assert wire.accounts == ["48210033"]
    assert [one["log_level"] for one in logs if one["event"] == "wazzup.login_refused"] == ["error"]
    await process.close()

    def told(conn: Connection) -> list[tuple[str, str]]:
        query = select(delivery.c.body, curator.c.name).join(curator, curator.c.id == delivery.c.curator_id)
        query = query.where(delivery.c.template == "wazzup/login_refused")
        return [(row.body, row.name) for row in conn.execute(query)]

    assert await db.read(told) == [
        (
            "*Wazzup refuses the login* since 26 Nov 10:00: the e-mail or the password is wrong\n"
            "I have stopped asking. Balances and end dates stay as they were seen last; a table still counts.\n"
            "Please ask whoever runs the bot to enter the login anew and to start it again.",
            "Olga",
        )
    ]
    await polled(db, clock)
    assert len(wire.asked) == 2
    assert len(await db.read(told)) == 1
    clock.advance(minutes=1)
    wire.answers["48210033"] = account()
    for n in range(3):
        wire.answers[f"49{n:06d}"] = other_account(f"49{n:06d}")
    await polled(db, clock)
    assert (await state(db)).refused_at is None
    assert (await state(db)).read == 4


async def test_a_round_goes_on_where_it_was_cut_short(
    db: Database, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_polls, "PAGE", 2)
    await db.write(many, 5)
    for n in range(5):
        wire.answers[f"49{n:06d}"] = other_account(f"49{n:06d}")
    wire.answers["48210033"] = account()
    clock = Hurried(NOW + HOUR)
    process = Polling(db, clock)

    def broken(*_: object) -> None:
        raise RuntimeError("the process dies")

    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(polls, "went_on", broken)
        await process.tick()
    await process.close()
    assert wire.accounts == ["48210033", "49000000"]
    clock.advance(minutes=2)
    other = Polling(db, clock)
    await other.rest()
    await other.close()
    assert wire.accounts[2:] == ["48210033", *(f"49{n:06d}" for n in range(5))]
    done = await state(db)
    assert (done.read, done.not_read, done.last_account) == (6, 0, None)


@pytest.mark.parametrize("header", ["600", format_datetime(NOW + HOUR + timedelta(seconds=600.1), usegmt=True)])
async def test_too_many_requests_are_waited_out(db: Database, wire: Wire, header: str) -> None:
    await db.write(many, 2)
    wire.answers["48210033"] = account()
    wire.answers["49000000"] = httpx.Response(429, headers={"Retry-After": header})
    wire.answers["49000001"] = other_account("49000001")
    clock = Hurried(NOW + HOUR)
    process = Polling(db, clock)
    await process.tick()
    assert wire.accounts == ["48210033", "49000000"]
    waiting = await state(db)
    assert waiting.not_before is not None
    assert timedelta(seconds=599) <= waiting.not_before - clock.now() <= timedelta(seconds=600)
    clock.advance(minutes=5)
    await process.tick()
    assert len(wire.asked) == 2
    wire.answers["49000000"] = other_account("49000000")
    clock.advance(minutes=6)
    await process.rest()
    await process.close()
    assert wire.accounts[2:] == ["49000000", "49000001"]
    assert (await state(db)).read == 3


@pytest.mark.parametrize("header", [None, "", "soon", "-3", "٣", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 40])
def test_an_odd_time_to_come_again_is_a_sane_one(header: str | None) -> None:
    assert timedelta(seconds=1) <= retry_at(header, NOW) - NOW <= timedelta(hours=6)
    assert retry_at(None, NOW) == NOW + BUSY_WAIT


async def test_when_wazzup_is_away_the_round_is_put_off(db: Database, wire: Wire) -> None:
    await db.write(many, 9)
    for n in range(9):
        wire.answers[f"49{n:06d}"] = httpx.Response(502)
    wire.answers["48210033"] = account()
    clock = Hurried(NOW + HOUR)
    process = Polling(db, clock)
    await process.tick()
    assert len(wire.asked) == 1 + 5
    assert (await state(db)).error == "wazzup: HTTP 502"
    for n in range(9):
        wire.answers[f"49{n:06d}"] = other_account(f"49{n:06d}")
    clock.advance(minutes=5)
    await process.rest()
    await process.close()
    done = await state(db)
    assert (done.read, done.not_read, done.last_account) == (5, 5, None)


async def test_nothing_is_asked_without_a_login(db: Database, wire: Wire) -> None:
    await db.write(world)
    await polled(db, Hurried(NOW), login=None, password=None)
    assert wire.asked == []


async def test_nothing_is_asked_of_clients_in_the_book(db: Database, wire: Wire) -> None:
    def book(conn: Connection) -> None:
        world(conn)
        set_roads(conn, RIGA, gateway="book")

    await db.write(book)
    await polled(db, Hurried(NOW))
    assert wire.asked == []


async def test_the_pace_stays_below_the_limit_whoever_asks(wire: Wire) -> None:
    clock = wire.clock = Hurried(NOW)
    api = AccountsApi(TECH, LOGIN, PASSWORD, clock, timeout_seconds=1)
    wire.answers = {f"{n}": account() for n in range(600)}
    await asyncio.gather(*(api.account(str(n)) for n in range(600)))
    await api.close()
    assert len(wire.at) == 600
    window = timedelta(seconds=5)
    assert max(sum(start <= at < start + window for at in wire.at) for start in wire.at) <= 500
    assert clock.now() - NOW >= timedelta(seconds=59)


async def test_the_newest_sight_wins_between_table_and_poll(db: Database, wire: Wire) -> None:
    head = "ID,Company,Balance,Currency,Subscription end date\n"

    def bring(conn: Connection, end: str, at: str) -> int:
        table = read_table(f"{head}48210033,Gamma Travel,12.50,EUR,{end}\n".encode())
        moment = NOW.replace(hour=int(at[:2]), minute=int(at[3:]))
        report = import_table(conn, RIGA, table, env=ENV, now=clock.now(), by="operator", yes=True, as_of=moment)
        return len(report.rejected)

    def end(conn: Connection) -> date | None:
        [one] = directory.list_clients(conn, RIGA)
        return billing.standing(conn, one.id, NOW, BOOK).next_end

    clock = Hurried(NOW + HOUR)
    await db.write(world)
    wire.answers["48210033"] = account()
    await polled(db, clock)
    clock.advance(minutes=5)
    assert await db.write(bring, "2026-11-25", "07:15") == 1
    assert await db.read(end) == date(2027, 5, 26)
    assert await db.write(bring, "2027-11-26", "08:02") == 0
    assert await db.read(end) == date(2027, 11, 26)


async def test_a_table_that_comes_while_accounts_are_read_stays(db: Database, wire: Wire) -> None:
    """The account was read at eight; at a minute past a table said more; what was read is written after that."""
    clock = Hurried(NOW + HOUR)
    await db.write(world)

    def later(conn: Connection) -> None:
        conn.execute(update(client).values(as_of=clock.now() + timedelta(minutes=1)))

    await db.write(later)
    wire.answers["48210033"] = account()
    await polled(db, clock)

    def look(conn: Connection) -> None:
        [one] = directory.list_clients(conn, RIGA)
        assert billing.standing(conn, one.id, NOW, BOOK).next_end != date(2027, 5, 26)
        assert one.as_of == clock.now() + timedelta(minutes=1)

    await db.read(look)


async def test_a_source_is_stale_when_nothing_is_read_for_a_day(db: Database, wire: Wire) -> None:
    clock = Hurried(NOW + HOUR)
    await db.write(world)
    wire.answers["48210033"] = account()

    async def stale() -> list[str]:
        found = await db.read(lambda conn: watch.find(conn, RIGA, now=clock.now(), env=ENV))
        return [one.kind.value for one in found if one.kind.value == "source_stale"]

    for _ in range(3):
        await polled(db, clock)
        clock.advance(hours=20)
        assert await stale() == []
    wire.answers["48210033"] = httpx.Response(500)
    await polled(db, clock)
    clock.advance(hours=5)
    assert await stale() == ["source_stale"]
    signs = await db.read(measure, clock.now())
    assert signs.unpolled == ((RIGA, "48210033: wazzup: HTTP 500"),)
    assert [one.name for one in alarms(signs, OperationsSettings()) if "unpolled" in one.name] == [f"unpolled:{RIGA}"]
    wire.answers["48210033"] = account()
    await polled(db, clock)
    assert (await db.read(measure, clock.now())).unpolled == ()


async def test_login_and_password_are_told_to_nobody(
    db: Database, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await db.write(many, 3)
    wire.answers["48210033"] = account()
    wire.answers["49000000"] = httpx.Response(500, text=f"{LOGIN}:{PASSWORD}")
    wire.answers["49000001"] = httpx.Response(200, text=f"<html>{PASSWORD}")
    wire.answers["49000002"] = httpx.Response(401, text=PASSWORD)
    with capture_logs() as logs:
        await polled(db, Hurried(NOW + HOUR))
    everything = await db.read(dump)
    assert len(everything) > 1000
    for secret in (PASSWORD, LOGIN, "cGFydG5lckBleGFtcGxlLmNvbTpzM2NyZXQtd29yZA"):
        assert secret not in everything
        assert secret not in str(logs) + caplog.text
    assert PASSWORD not in repr(settings())
