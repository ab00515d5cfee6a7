"""What concerns a partner as a whole: told once while it is so, settled when it is over; the brake; signs of life."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, insert, update

from bot.alerts import brake, watch
from bot.alerts import service as alerts
from bot.alerts.concern import Concern
from bot.alerts.policy import Brake
from bot.alerts.signs import give_signs
from bot.billing import service as billing
from bot.directory import arrangements
from bot.directory import service as directory
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import alert, alert_due, channel, delivery, import_run, partner, tick
from tests.integration.alert_world import (
    ALFA,
    ENV,
    NOW,
    POLICY,
    RIGA,
    SHIPPED,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    messages,
    raised,
    scan,
)
from tests.integration.chat_world import phone_of

DAY = timedelta(days=1)
BRAKING = replace(ENV, policy=replace(POLICY, brake=Brake(over=3, times=3)))


def look(conn: Connection, now: datetime = NOW) -> Sequence[Concern]:
    """One look of the watch."""
    return watch.tell(conn, RIGA, watch.find(conn, RIGA, now=now, env=ENV), now=now, env=ENV)


def texts(conn: Connection, template: str) -> list[str]:
    return [one.body for one in messages(conn) if one.template == template]


async def test_an_account_that_is_short_for_the_coming_renewals_is_told_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn, money="600.00")
        add_curator(conn)
        add_client(conn, ALFA)
        assert [one.kind.value for one in look(conn)] == ["partner_short"]
        assert look(conn, NOW + timedelta(hours=1)) == []
        assert texts(conn, "watch/partner_short") == [
            "Finances: *your account* lacks €336.00 for the coming renewals\n"
            "Renewals within 7 days: €936.00 for 1 client\n"
            "Available on your account now: €600.00. To pay in, write *replenish* and the amount."
        ]
        billing.deposit(conn, RIGA, of("400.00", "EUR"), reason="bank", by="op", key="bank-2", now=NOW)
        assert look(conn, NOW + timedelta(hours=2)) == []
        assert [one[2] for one in raised(conn) if one[0] == "partner_short"] == ["resolved"]
        assert alerts.open_alerts(conn, RIGA) == []

    await db.write(story)


async def test_a_table_that_stays_away_is_told_of_and_one_import_is_no_habit(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)

        def imported(number: int, at: datetime) -> None:
            row = {"id": f"run{number}", "partner_id": RIGA, "checksum": "c", "at": at, "report": {}}
            conn.execute(insert(import_run).values(**row))

        imported(1, NOW - 2 * DAY)
        assert look(conn) == []
        imported(2, NOW - timedelta(hours=25))
        assert [one.kind.value for one in look(conn)] == ["source_stale"]
        assert "is 25 hours old" in texts(conn, "watch/source_stale")[0]
        assert "of 25 Nov 08:00" in texts(conn, "watch/source_stale")[0]
        imported(3, NOW)
        assert look(conn, NOW + timedelta(hours=1)) == []
        assert [one[2] for one in raised(conn)] == ["resolved"]

    await db.write(story)


async def test_who_cannot_be_reached_is_told_to_the_owner_and_not_to_that_number(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner, marta = add_curator(conn, "Olga", role="owner"), add_curator(conn, "Marta")
        for n in range(3):
            add_client(conn, Wanted(f"4821000{n}", f"Firm {n}", ends=date(2026, 12, 3), plan="Inbox", channels=1))
            scan(conn, NOW + timedelta(minutes=n))
        assert look(conn) == []
        conn.execute(update(delivery).where(delivery.c.curator_id == marta).values(state="undelivered"))
        (found,) = look(conn)
        assert (found.kind.value, found.about) == ("unreachable", marta)
        notices = [one for one in messages(conn) if one.template == "watch/unreachable"]
        assert [one.curator_id for one in notices] == [owner]
        assert "the last 3 messages did not arrive" in notices[0].body

    await db.write(story)


async def test_free_channels_end_once_the_partnership_has(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        client = add_client(conn, ALFA, told=False)
        free = {"free": True, "free_until": "2026-12-03"}
        conn.execute(update(channel).where(channel.c.client_id == client).values(**free))
        assert "free_ending" not in [one.kind.value for one in look(conn)]
        conn.execute(update(partner).where(partner.c.id == RIGA).values(left_on="2026-11-20"))
        assert "free_ending" in [one.kind.value for one in look(conn)]
        assert "5 channels on your own accounts" in texts(conn, "watch/free_ending")[0]

    await db.write(story)


async def test_who_joins_returns_or_starts_again_hears_of_what_is_still_so(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn, money="600.00")
        add_curator(conn)
        marta, away = add_curator(conn, "Marta"), add_curator(conn, "Peter")
        directory.stop(conn, marta, NOW)
        arrangements.set_away(conn, away, NOW + 2 * DAY, None)
        add_client(conn, ALFA)

        def heard() -> dict[str, int]:
            people = {one.id: one.name for one in directory.list_curators(conn, RIGA)}
            found = [one for one in messages(conn) if one.template == "watch/partner_short"]
            return dict(Counter(people[one.curator_id] for one in found))

        assert [one.kind.value for one in look(conn)] == ["partner_short"]
        assert heard() == {"Anna": 1}
        add_curator(conn, "Olga", role="owner")
        directory.start(conn, marta)
        look(conn, NOW + timedelta(hours=1))
        assert heard() == {"Anna": 1, "Marta": 1, "Olga": 1}
        arrangements.set_away(conn, away, None, None)
        add_curator(conn, "Viewer", role="viewer")
        for hours in range(2, 30):
            assert look(conn, NOW + timedelta(hours=hours)) == []
        assert heard() == {"Anna": 1, "Marta": 1, "Olga": 1, "Peter": 1}
        billing.deposit(conn, RIGA, of("400.00", "EUR"), reason="bank", by="op", key="bank-2", now=NOW)
        look(conn, NOW + timedelta(hours=31))
        add_curator(conn, "Late")
        look(conn, NOW + timedelta(hours=32))
        assert sum(heard().values()) == 4

    await db.write(story)


async def test_when_all_are_away_they_are_told_all_the_same(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn, money="600.00")
        anna = add_curator(conn)
        arrangements.set_away(conn, anna, NOW + 9 * DAY, None)
        add_client(conn, ALFA)
        look(conn)
        assert len(texts(conn, "watch/partner_short")) == 1

    await db.write(story)


async def test_an_owner_who_joins_while_an_avalanche_waits_is_asked_too(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn, 5)
        alerts.scan(conn, now=NOW, env=BRAKING)
        late = add_curator(conn, "Late", role="owner")
        for minute in range(1, 4):
            alerts.scan(conn, now=NOW + timedelta(minutes=minute), env=BRAKING)
        (asked,) = messages(conn, late)
        assert asked.template == "watch/brake"
        assert phone_of(conn, late).ask(*asked.buttons[0]).template == "watch/released"

    await db.write(story)


def crowd(conn: Connection, count: int) -> None:
    for n in range(count):
        add_client(conn, Wanted(f"482200{n:02d}", f"Firm {n}", ends=date(2026, 12, 3), plan="Inbox", channels=1))


async def test_an_avalanche_waits_for_a_yes_and_is_told_afterwards(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner, marta = add_curator(conn, "Olga", role="owner"), add_curator(conn, "Marta")
        crowd(conn, 5)
        for minute in range(3):
            report = alerts.scan(conn, now=NOW + timedelta(minutes=minute), env=BRAKING)
            assert report.alerts == 0
        (asked,) = messages(conn)
        assert (asked.curator_id, asked.template) == (owner, "watch/brake")
        assert asked.body.startswith("Finances: *5 clients* need you all at once")
        title, payload = asked.buttons[0]
        assert title == "Tell them all"
        assert phone_of(conn, owner).ask("tell them all").template == "watch/released"
        assert phone_of(conn, owner).ask(title, payload).template == "replies/all_settled"
        report = alerts.scan(conn, now=NOW + timedelta(minutes=4), env=BRAKING)
        assert (report.alerts, report.messages) == (5, 2)
        assert [one.template for one in messages(conn, marta)] == ["alerts/several"]

    await db.write(story)


async def test_the_usual_number_is_not_held_back_and_a_false_alarm_ends_by_itself(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn, 5)
        assert alerts.scan(conn, now=NOW, env=replace(ENV, policy=replace(POLICY, brake=Brake(over=5, times=3)))).alerts
        later = NOW + 4 * DAY
        assert alerts.scan(conn, now=later, env=BRAKING).alerts == 5
        assert not [one for one in raised(conn) if one[0] == "brake"]

    await db.write(story)


async def test_a_braked_scan_without_its_cause_is_settled(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn, 5)
        alerts.scan(conn, now=NOW, env=BRAKING)
        conn.execute(alert_due.delete())
        alerts.scan(conn, now=NOW + timedelta(minutes=1), env=BRAKING)
        assert [one for one in raised(conn) if one[0] == "brake"] == [("brake", 0, "resolved")]
        assert [one.state for one in messages(conn)] == ["cancelled"]

    await db.write(story)


def test_the_shipped_policy_brakes() -> None:
    assert SHIPPED.brake == Brake(over=30, times=3)


async def test_nobody_else_may_say_yes(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        viewer = add_curator(conn, "Vera", role="viewer")
        crowd(conn, 5)
        alerts.scan(conn, now=NOW, env=BRAKING)
        found = conn.execute(alert.select().where(alert.c.kind == "brake")).one()
        assert phone_of(conn, viewer).ask("", f"release:{found.id}").template == "replies/viewer"
        assert brake.look(conn, now=NOW, env=BRAKING).held == {RIGA: 5}

    await db.write(story)


def looked(conn: Connection, at: datetime) -> None:
    conn.execute(insert(tick).values(name="scan", at=at))


async def test_with_nothing_due_it_still_says_so_once_a_day_to_who_wants_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        arrangements.set_hours(conn, anna, all_clear="daily")
        add_client(conn, Wanted("48210041", "Quiet Ltd", ends=date(2027, 6, 1), plan="Inbox", channels=1))
        assert give_signs(conn, RIGA, now=NOW, env=ENV) == 0
        looked(conn, NOW - timedelta(minutes=5))
        for minutes in (0, 5, 60):
            give_signs(conn, RIGA, now=NOW + timedelta(minutes=min(minutes, 9)), env=ENV)
        assert [one.body.splitlines()[0] for one in messages(conn, anna)] == [
            "Finances: *1 client* checked 08:55, none due."
        ]
        assert messages(conn, marta) == []
        monday = datetime(2026, 11, 30, 7, 10, tzinfo=UTC)
        looked(conn, monday)
        assert give_signs(conn, RIGA, now=monday, env=ENV) == 2

    await db.write(story)


async def test_four_processes_say_once_that_nothing_is_due(db: Database) -> None:
    def quiet(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        arrangements.set_hours(conn, anna, all_clear="daily")
        looked(conn, NOW)

    await db.write(quiet)
    signs = partial(give_signs, partner_id=RIGA, now=NOW, env=ENV)
    assert sum(await asyncio.gather(*(db.write(signs) for _ in range(4)))) == 1
    assert [row.template for row in await db.read(messages)] == ["watch/all_clear"]


async def test_who_hears_of_alerts_today_gets_no_all_clear(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        arrangements.set_hours(conn, anna, all_clear="daily")
        add_client(conn, ALFA)
        scan(conn)
        looked(conn, NOW)
        assert give_signs(conn, RIGA, now=NOW, env=ENV) == 0
        looked(conn, NOW + DAY)
        assert give_signs(conn, RIGA, now=NOW + DAY, env=ENV) == 1
        assert "nothing new, 1 still open" in messages(conn, anna)[-1].body
        assert give_signs(conn, RIGA, now=NOW + 2 * DAY, env=ENV) == 0

    await db.write(story)


async def test_the_week_says_what_messages_cost(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner = add_curator(conn, "Olga", role="owner")
        add_client(conn, ALFA)
        scan(conn)
        october = datetime(2026, 10, 20, tzinfo=UTC)
        paid = {"cost_micros": 55_000, "cost_currency": "EUR", "cost_source": "provider"}
        conn.execute(update(delivery).values(state="read", created_at=october, sent_at=october, **paid))
        monday = datetime(2026, 11, 30, 7, 10, tzinfo=UTC)
        looked(conn, monday)
        give_signs(conn, RIGA, now=monday, env=ENV)
        assert "Messages sent last month: 1 (€0.06). " in messages(conn, owner)[-1].body

    await db.write(story)


async def test_owners_get_the_week_on_mondays(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner = add_curator(conn, "Olga", role="owner")
        add_client(conn, ALFA)
        monday = datetime(2026, 11, 30, 7, 10, tzinfo=UTC)
        looked(conn, monday)
        assert give_signs(conn, RIGA, now=monday, env=ENV) == 1
        assert give_signs(conn, RIGA, now=monday, env=ENV) == 0
        lines = messages(conn, owner)[0].body.splitlines()
        assert lines[0] == "Finances: *your week*. Renewals need €936.00 within 7 days, €936.00 within 30 days."
        assert lines[1] == "On your account: €1,200.00. Kept last month: nothing. Owed by clients: nothing."
        assert lines[2] == "Channels stopped last month: 0 clients, the month before: 0."
        assert "Messages sent last month: 0. " in lines[3]
        assert directory.get_curator(conn, owner).all_clear == "mondays"

    await db.write(story)
