"""`import_table` on both databases: people, money, subscriptions, alerts and the record of a run."""

import asyncio
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import pytest
from sqlalchemy import Connection, func, select

from bot.alerts import service as alerts
from bot.alerts.policy import policy
from bot.alerts.surroundings import Surroundings
from bot.billing import ledger
from bot.billing import service as billing
from bot.directory import service as directory
from bot.directory.people import Client
from bot.errors import UserError
from bot.ids import Address, PartnerId
from bot.imports.apply import How, import_in_units, import_table
from bot.imports.reader import read_table
from bot.imports.report import ImportReport
from bot.imports.samples import sample_table
from bot.jobs import queue
from bot.money import Money
from bot.storage import tables
from bot.storage.engine import Database
from tests.unit.billing_book import shipped_book

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
"""Thursday 26 Nov 2026, nine in the morning in Riga."""
TODAY = date(2026, 11, 26)
NORD = PartnerId("nord")
ALFA = "48210017"
T = TypeVar("T")
Args = TypeVarTuple("Args")
HEADING = "ID,Company,Balance,Expires,Plan,Months,Channels,Daily charge,Time zone\n"


class QueuedJobs:
    """Leaves jobs in the table and runs none."""

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        queue.enqueue(conn, name, key, run_after, priority, payload, NOW)

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        queue.enqueue_many(conn, name, run_after, priority, NOW)


ENV = Surroundings(
    book=shipped_book(),
    policy=policy(tomllib.loads((Path(__file__).parents[2] / "config" / "alerts.toml").read_text(encoding="utf-8"))),
    sender=Address("whatsapp:+14155238886"),
    jobs=QueuedJobs(),
)


@pytest.fixture
async def world(db: Database) -> Database:
    """A database with the partner Nord."""

    def build(conn: Connection) -> None:
        directory.create_partner(conn, "Nord", now=NOW, time_zone="Europe/Riga")

    await db.write(build)
    return db


async def take(db: Database, data: bytes | str, now: datetime = NOW, **how: Any) -> ImportReport:
    """Import as the command does."""
    table = read_table(data.encode() if isinstance(data, str) else data)

    def unit(conn: Connection) -> ImportReport:
        return import_table(conn, NORD, table, env=ENV, now=now, by="operator", **how)

    return await db.write(unit)


def counts(report: ImportReport) -> tuple[int, int, int, int, int, int]:
    found = report.as_json()
    names = ("read", "added", "changed", "unchanged", "missing")
    return (*(found[name] for name in names), len(found["rejected"]))


def client(conn: Connection, account_id: str = ALFA) -> Client:
    found = directory.client_by_account(conn, NORD, account_id)
    assert found is not None
    return found


def standing(conn: Connection, account_id: str = ALFA, now: datetime = NOW) -> billing.Standing:
    return billing.standing(conn, client(conn, account_id).id, now, ENV.book)


async def everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row but those that tell of the import itself."""
    told = {"client": "as_of"}

    def read(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for table in tables.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != told.get(table.name)]
            if table.name not in ("import_run", "job"):
                found[table.name] = sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)
        return found

    return await db.read(read)


async def test_the_sample_partner_stands_as_the_story_has_it(world: Database) -> None:
    report = await take(world, sample_table(TODAY))
    assert counts(report) == (41, 41, 0, 0, 0, 0)

    def check(conn: Connection) -> None:
        alfa = standing(conn)
        assert (alfa.balance, alfa.next_end, alfa.plan, alfa.renewal) == (
            Money(0, "EUR"),
            date(2026, 12, 3),
            "inbox",
            Money(144_000, "EUR"),
        )
        assert len(alfa.channels) == 5
        beta = standing(conn, "48210025")
        assert (beta.balance, beta.daily_total, beta.runs_out_on) == (
            Money(900, "EUR"),
            Money(400, "EUR"),
            date(2026, 11, 28),
        )
        gamma = standing(conn, "48210033")
        assert (gamma.next_end, gamma.ended_on, gamma.renewal) == (None, date(2026, 11, 25), Money(72_900, "EUR"))
        assert standing(conn, "48210124").balance == Money(-600, "EUR")
        assert client(conn).as_of == NOW
        assert billing.check(conn, NORD).ok

    await world.read(check)


async def test_the_same_file_twice_changes_nothing(world: Database) -> None:
    await take(world, sample_table(TODAY))
    before = await everything(world)
    later = NOW + timedelta(hours=1)
    report = await take(world, sample_table(TODAY), later)
    assert counts(report) == (41, 0, 0, 41, 0, 0)
    assert report.differences == ()
    assert await everything(world) == before
    assert (await world.read(client)).as_of == later


async def test_a_dry_run_changes_nothing(world: Database) -> None:
    before = await everything(world)
    report = await take(world, sample_table(TODAY), dry_run=True)
    assert (counts(report), report.run_id) == ((41, 41, 0, 0, 0, 0), None)
    assert await everything(world) == before

    def look(conn: Connection) -> ImportReport:
        return import_table(conn, NORD, read_table(sample_table(TODAY)), env=ENV, now=NOW, by="x", dry_run=True)

    assert counts(await world.read(look)) == (41, 41, 0, 0, 0, 0)


async def test_a_bad_row_stays_out_and_the_good_ones_go_in(world: Database) -> None:
    report = await take(world, f"{HEADING}{ALFA},Alfa,5 EUR,2026-12-03,,,,,\n48210025,Beta,ten,,,,,,\n")
    assert counts(report) == (2, 1, 0, 0, 0, 1)
    assert report.as_json()["rejected"] == [
        {"line": 3, "column": "Balance", "reason": "“ten” is no amount: write it as 1440.50"}
    ]


async def test_an_absent_client_is_flagged_and_comes_back(world: Database) -> None:
    both = f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n48210025,Beta,5 EUR,,,,,,\n"
    await take(world, both)
    report = await take(world, f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n", NOW + timedelta(hours=1))
    assert [one.account_id for one in report.missing] == ["48210025"]
    await take(world, f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n", NOW + timedelta(hours=2))
    missed = await world.read(client, "48210025")
    assert (missed.missing_since, missed.as_of) == (NOW + timedelta(hours=1), NOW)
    back = await take(world, both, NOW + timedelta(hours=3))
    assert [(one.account_id, one.fields) for one in back.changes] == [("48210025", ("missing_since",))]
    assert (await world.read(client, "48210025")).missing_since is None


async def open_alerts(db: Database) -> list[tuple[str, str]]:
    def read(conn: Connection) -> list[tuple[str, str]]:
        rows = conn.execute(select(tables.alert.c.kind, tables.alert.c.state).order_by(tables.alert.c.id))
        return [tuple(row) for row in rows]

    return await db.read(read)


async def scan(db: Database, now: datetime = NOW) -> None:
    await db.write(lambda conn: alerts.scan(conn, now=now, env=ENV))


async def test_a_moved_end_date_closes_the_alerts_that_it_settles(world: Database) -> None:
    await take(world, f"{HEADING}{ALFA},Alfa,0 EUR,2026-12-03,Pro,1,1,,Europe/Riga\n")
    await scan(world)
    assert await open_alerts(world) == [("ending", "open")]
    report = await take(
        world, f"{HEADING}{ALFA},Alfa,0 EUR,2027-12-03,Pro,1,1,,Europe/Riga\n", NOW + timedelta(hours=1)
    )
    assert [one.fields for one in report.changes] == [("subscription_end",)]
    assert await open_alerts(world) == [("ending", "resolved")]
    assert (await world.read(standing)).next_end == date(2027, 12, 3)
    await scan(world, NOW + timedelta(hours=2))
    assert await open_alerts(world) == [("ending", "resolved")]


async def test_a_later_balance_is_reported_and_left_unless_adjusted(world: Database) -> None:
    await take(world, f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n")
    other = f"{HEADING}{ALFA},Alfa,7.50 EUR,,,,,,\n"
    report = await take(world, other)
    assert [(one.ours, one.table) for one in report.differences] == [("5.00 EUR", "7.50 EUR")]
    assert (await world.read(standing)).balance == Money(500, "EUR")
    with pytest.raises(UserError, match="import_reason_missing"):
        await take(world, other, adjust=True)
    adjusted = await take(world, other, adjust=True, reason="counted again")
    assert ([one.fields for one in adjusted.changes], adjusted.differences) == ([("balance",)], ())
    assert (await world.read(standing)).balance == Money(750, "EUR")
    assert counts(await take(world, other, adjust=True, reason="again")) == (1, 0, 0, 1, 0, 0)

    def notes(conn: Connection) -> list[Any]:
        wanted = tables.ledger_transaction.c.kind == "adjust"
        return list(conn.execute(select(tables.ledger_transaction.c.note).where(wanted)).scalars())

    assert await world.read(notes) == ["counted again (operator)"]
    assert (await world.read(billing.check, NORD)).ok


async def test_a_debt_is_opened_and_grows_only_by_adjusting(world: Database) -> None:
    await take(world, f"{HEADING}{ALFA},Alfa,-6 EUR,,,,,,\n")
    deeper = f"{HEADING}{ALFA},Alfa,-9 EUR,,,,,,\n"
    await take(world, deeper, adjust=True, reason="more debt")
    assert (await world.read(standing)).balance == Money(-900, "EUR")
    assert (await world.read(billing.check, NORD)).ok


async def test_a_client_first_seen_without_balance_is_opened_later(world: Database) -> None:
    await take(world, f"ID,Company,Currency\n{ALFA},Alfa,EUR\n")
    report = await take(world, f"ID,Company,Balance\n{ALFA},Alfa,5 EUR\n")
    assert ([one.fields for one in report.changes], report.differences) == ([("balance",)], ())
    assert (await world.read(standing)).balance == Money(500, "EUR")


async def test_an_old_table_does_not_undo_a_renewal_made_here(world: Database) -> None:
    table = f"{HEADING}{ALFA},Alfa,90 EUR,2026-12-03,Pro,1,2,,Europe/Riga\n"
    await take(world, table)
    await world.write(_renew)
    renewed = await world.read(standing)
    assert renewed.next_end == date(2027, 1, 3)
    report = await take(world, table, NOW + timedelta(hours=1))
    assert counts(report) == (1, 0, 0, 1, 0, 0)
    assert {one.field for one in report.differences} == {"balance", "subscription_end"}
    assert (await world.read(standing)).next_end == date(2027, 1, 3)
    await take(world, table, NOW + timedelta(hours=2), adjust=True, reason="the table is right", yes=True)
    forced = await world.read(standing)
    assert (forced.next_end, forced.balance) == (date(2026, 12, 3), Money(9000, "EUR"))


def _renew(conn: Connection) -> None:
    anna = directory.add_curator(conn, NORD, name="Anna", phone="+37120000101", now=NOW, consent="in person")
    address = anna.addresses[0]
    who = {"asked_by": anna.id, "asked_from": address}
    quote = billing.quote_renewal(conn, ENV.book, partner_id=NORD, client_id=client(conn).id, now=NOW, **who)  # type: ignore[arg-type]
    billing.confirm(conn, transfer_id=quote.id, curator_id=anna.id, address=address, now=NOW)


async def test_a_table_that_moves_too_much_asks_first_and_changes_nothing(world: Database) -> None:
    await take(world, sample_table(TODAY))
    before = await everything(world)
    moved = sample_table(TODAY + timedelta(days=30))
    with pytest.raises(UserError) as refused:
        await take(world, moved)
    assert refused.value.key == "import_many_changes"
    assert (refused.value.facts["ends"], refused.value.facts["ends_of"]) == (35, 41)
    assert await everything(world) == before
    assert (await take(world, moved, dry_run=True)).as_json()["needs_yes"] is True
    report = await take(world, moved, yes=True)
    assert len(report.changes) == 35
    assert (await world.read(standing)).next_end == date(2027, 1, 2)


async def test_in_another_gateway_the_newest_table_wins(world: Database) -> None:
    await world.write(_elsewhere)
    await take(world, f"{HEADING}{ALFA},Alfa,5 EUR,2026-12-03,,,,,\n")
    report = await take(world, f"{HEADING}{ALFA},Alfa,7 EUR,2026-12-01,,,,,\n")
    assert [one.fields for one in report.changes] == [("balance", "subscription_end")]
    assert (await world.read(standing)).balance == Money(700, "EUR")


async def test_money_that_went_with_a_later_end_date_bought_it(world: Database) -> None:
    """So a forecast of use leaves it out; money that went alone was used."""
    await world.write(_elsewhere)
    for row in ("90 EUR,2026-12-03", "80 EUR,2026-12-03", "20 EUR,2027-01-03"):
        await take(world, f"{HEADING}{ALFA},Alfa,{row},,,,,\n", yes=True)
    query = select(tables.ledger_transaction.c.key).where(tables.ledger_transaction.c.kind == "adjust")
    keys = await world.read(lambda conn: conn.execute(query.order_by(tables.ledger_transaction.c.id)).scalars().all())
    assert [one.endswith(ledger.BOUGHT) for one in keys] == [False, True]


def _elsewhere(conn: Connection) -> None:
    conn.execute(tables.partner.update().values(gateway="wazzup"))


async def test_plan_channels_and_daily_charge_follow_the_table(world: Database) -> None:
    await take(world, f"{HEADING}{ALFA},Alfa,9 EUR,,,,2,4 EUR,Europe/Riga\n")
    assert (await world.read(standing)).daily_total == Money(400, "EUR")
    report = await take(world, f"{HEADING}{ALFA},Alfa,9 EUR,2026-12-26,Pro,1,3,,Europe/Riga\n")
    assert report.changes[0].fields == ("subscription_end", "plan", "months", "channels", "daily_charge")
    now = await world.read(standing)
    assert (now.plan, len(now.channels), now.daily_total) == ("pro", 3, Money(0, "EUR"))
    narrower = await take(world, f"ID,Company\n{ALFA},Alfa\n")
    assert counts(narrower) == (1, 0, 0, 1, 0, 0)
    assert counts(await take(world, f"{HEADING}{ALFA},Alfa,9 EUR,2026-12-26,Pro,1,3,,Europe/Riga\n")) == (
        1,
        0,
        0,
        1,
        0,
        0,
    )


async def test_a_run_is_recorded(world: Database) -> None:
    data = f"ID,Company,Currency,Mood\n{ALFA},Alfa,EUR,fine\n".encode()
    report = await take(world, data, file_name="clients.csv")

    def read(conn: Connection) -> Any:
        return conn.execute(select(tables.import_run)).one()

    run = await world.read(read)
    assert (run.id, run.file_name, run.done_by, run.at) == (report.run_id, "clients.csv", "operator", NOW)
    assert (run.checksum, run.report["ignored"], run.report["added"]) == (read_table(data).digest, ["Mood"], 1)


async def test_nothing_of_another_partner_is_touched(world: Database) -> None:
    table = read_table(f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n".encode())

    def other(conn: Connection) -> PartnerId:
        found = directory.create_partner(conn, "Sud", now=NOW)
        import_table(conn, found.id, table, env=ENV, now=NOW, by="operator")
        return found.id

    sud = await world.write(other)
    await take(world, f"{HEADING}48210025,Beta,5 EUR,,,,,,\n")

    def read(conn: Connection) -> list[Client]:
        return directory.list_clients(conn, sud)

    (alfa,) = await world.read(read)
    assert (alfa.account_id, alfa.missing_since) == (ALFA, None)


async def test_an_unknown_partner(db: Database) -> None:
    with pytest.raises(UserError, match="partner_unknown"):
        await take(db, f"{HEADING}{ALFA},Alfa,5 EUR,,,,,,\n")


async def test_many_units_come_to_the_same_as_one(world: Database) -> None:
    table = read_table(sample_table(TODAY))
    report = await asyncio.to_thread(
        import_in_units, world.write_now, NORD, table, env=ENV, now=NOW, how=How("operator"), size=7
    )
    assert counts(report) == (41, 41, 0, 0, 0, 0)
    assert counts(await take(world, sample_table(TODAY))) == (41, 0, 0, 41, 0, 0)
    assert (await world.read(standing, "48210025")).balance == Money(900, "EUR")
    assert (await world.read(billing.check, NORD)).ok


async def test_an_import_cut_short_is_finished_by_the_next(world: Database) -> None:
    table = read_table(sample_table(TODAY))
    units = 0

    def dies(fn: Callable[[Connection, *Args], T], /, *args: *Args) -> T:
        nonlocal units
        units += 1
        if units == 4:
            raise ConnectionError("gone")
        return world.write_now(fn, *args)

    with pytest.raises(ConnectionError):
        await asyncio.to_thread(import_in_units, dies, NORD, table, env=ENV, now=NOW, how=How("operator"), size=7)
    rest = await take(world, sample_table(TODAY))
    assert counts(rest) == (41, 27, 0, 14, 0, 0)
    assert rest.differences == ()
    assert counts(await take(world, sample_table(TODAY))) == (41, 0, 0, 41, 0, 0)


async def test_two_imports_at_once_add_each_client_once(world: Database) -> None:

    reports = await asyncio.gather(*(take(world, sample_table(TODAY)) for _ in range(3)))
    assert sorted(len(report.added) for report in reports) == [0, 0, 41]

    def count(conn: Connection) -> int:
        return conn.execute(select(func.count()).select_from(tables.client)).scalar_one()

    assert await world.read(count) == 41
