"""What went wrong with others' alerts, as tests of ours. Each docstring names the peer and the lesson."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.alerts import claims
from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.policy import Levels
from bot.alerts.why import why
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.directory import service as directory
from bot.ids import ClientId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import alert, alert_due, delivery, notification
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    POLICY,
    RIGA,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    charge,
    imported,
    messages,
    move_end,
    outcomes,
    raised,
    scan,
    top_up,
)
from tests.integration.chat_world import phone_of

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WORKING = replace(ENV, policy=replace(POLICY, respect_hours=True))


def adjust(conn: Connection, client_id: ClientId, balance: str, now: datetime) -> None:
    """A table shows another balance."""
    changes = billing.adjust_balance(
        conn, RIGA, client_id, of(balance, "EUR"), reason="table", by="import", key=now.isoformat(), now=now
    )
    alerts.apply(conn, changes, now=now, env=ENV)


def everything_left(conn: Connection) -> None:
    conn.execute(update(delivery).where(delivery.c.state == "queued").values(state="delivered"))


async def test_days_without_a_scan_lose_no_stage_and_say_only_the_last(db: Database) -> None:
    """PHPNuxBill (lesson 2) asks "ends in exactly 7, 3 or 1 days?": a cron that missed the day lost it."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn)
        scan(conn)
        scan(conn, NOW + 6 * DAY + HOUR)
        assert [one[:2] for one in raised(conn)] == [("ending", 7), ("ending", 1)]
        assert len(messages(conn, anna)) == 2

    await db.write(story)


async def test_two_scans_at_once_say_it_once(db: Database) -> None:
    """Bedolaga and PHPNuxBill (lesson 2) check, send, then record: two workers sent twice. FOSSBilling claims first."""

    def world(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)

    await db.write(world)
    await asyncio.gather(*(db.write(scan) for _ in range(8)))
    assert len(await db.read(messages)) == 1


async def test_what_was_raised_is_not_raised_again_by_the_same_table(db: Database) -> None:
    """Flexprice 2155, Kill Bill 310 (lesson 2): duplicates, because the same due date was queued once more."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        scan(conn)
        for n in range(1, 4):
            imported(conn, [client], NOW + n * HOUR)
            assert scan(conn, NOW + n * HOUR).due == 0
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_a_rung_that_two_processes_took_is_raised_once(db: Database) -> None:
    """Polar's key (lesson 2): whoever read the same rung before it was taken off the ladder raises nothing new."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn)
        rungs = [dict(row) for row in conn.execute(select(alert_due).where(alert_due.c.due_at <= NOW)).mappings()]
        scan(conn)
        conn.execute(insert(alert_due), rungs)
        assert scan(conn, NOW + MINUTE).alerts == 0
        assert len(raised(conn)) == len(messages(conn, anna)) == 1

    await db.write(story)


async def test_what_is_raised_is_queued_in_the_same_breath(db: Database) -> None:
    """Lago (lesson 3) writes the alert, commits, and only then asks for the webhook: a crash between loses it."""

    def world(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)

    def dies(conn: Connection) -> None:
        scan(conn)
        raise KeyError("the process ends before the commit")

    await db.write(world)
    with pytest.raises(KeyError):
        await db.write(dies)
    assert (await db.read(raised), await db.read(messages)) == ([], [])
    assert (await db.write(scan)).messages == 1
    assert (len(await db.read(raised)), len(await db.read(messages))) == (1, 1)


async def test_a_balance_on_the_threshold_does_not_fire_again_and_again(db: Database) -> None:
    """Akash 3896, Lago (lesson 5): ten "credits low" mails in a week, each one correct. One a level and cooldown."""
    low = Levels(balance={"EUR": (20,)})
    hovering = replace(ENV, policy=replace(POLICY, of_client={"48210088": low}))

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, Wanted("48210088", "Hover Ltd", balance="25.00"))
        now = NOW
        for n in range(28):
            now += 6 * HOUR
            balance = of("19.00" if n % 2 == 0 else "21.00", "EUR")
            changes = billing.adjust_balance(
                conn, RIGA, client, balance, reason="table", by="import", key=str(n), now=now
            )
            alerts.apply(conn, changes, now=now, env=hovering)
            alerts.scan(conn, now=now, env=hovering)
            everything_left(conn)
        told = [one.template for one in messages(conn, anna)]
        assert sorted(told) == ["alerts/low_balance", "alerts/recovered"]
        assert ("suppressed", "cooldown") in outcomes(conn)

    await db.write(story)


async def test_recovered_is_said_once_a_cooldown_however_often_it_recovers(db: Database) -> None:
    """Akash 3896 (lesson 5): each fall to another level is told; that it is fine again is told once a week at most."""
    low = Levels(balance={"EUR": (20, 10, 5)})
    hovering = replace(ENV, policy=replace(POLICY, of_client={"48210088": low}))

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, Wanted("48210088", "Hover Ltd", balance="25.00"))
        for n, balance in enumerate(("19.00", "25.00", "9.00", "25.00", "4.00", "25.00"), start=1):
            now = NOW + n * 6 * HOUR
            changes = billing.adjust_balance(
                conn, RIGA, client, of(balance, "EUR"), reason="table", by="import", key=str(n), now=now
            )
            alerts.apply(conn, changes, now=now, env=hovering)
            alerts.scan(conn, now=now, env=hovering)
            everything_left(conn)
        told = Counter(one.template for one in messages(conn, anna))
        assert told == {"alerts/low_balance": 3, "alerts/recovered": 1}

    await db.write(story)


async def test_an_amount_and_days_left_both_fire_and_both_leave_a_trace(db: Database) -> None:
    """OpenMeter 3200 (lesson 6): thresholds given as amounts never fired, relative ones did; nothing was logged."""
    low = Levels(balance={"EUR": (50,)})
    both = replace(ENV, policy=replace(POLICY, of_client={"48210089": low}))

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(BETA, account_id="48210089", balance="12.00"), told=False)
        alerts.apply(conn, [Changed(RIGA, client, "imported")], now=NOW, env=both)
        alerts.scan(conn, now=NOW, env=both)
        assert {one[:2] for one in raised(conn) if one[2] == "open"} == {("low_balance", 50), ("running_out", 3)}
        explained = {one.kind: one.verdict for one in why(conn, client, now=NOW, env=ENV)}
        assert (explained[Kind.LOW_BALANCE], explained[Kind.RUNNING_OUT]) == ("sent", "sent")

    await db.write(story)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Riga", date(2026, 10, 25)),
        ("Europe/Riga", date(2027, 3, 28)),
        ("America/Sao_Paulo", date(2026, 10, 25)),
        ("Pacific/Auckland", date(2026, 9, 27)),
        ("Pacific/Auckland", date(2027, 4, 4)),
    ],
)
async def test_a_day_is_the_clients_own_also_on_the_night_when_clocks_change(
    db: Database, zone: str, day: date
) -> None:
    """Lago 1074, Kill Bill 150 (lesson 7): a day counted in UTC made two of one, or looped."""
    at = datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)
    born = datetime.combine(day - DAY, time(1), ZoneInfo(zone)).astimezone(UTC)

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, time_zone=zone)
        add_client(conn, replace(ALFA, zone=zone, ends=day + DAY), now=born)
        scan(conn, at - MINUTE)
        before = len([one for one in raised(conn) if one[1] == 1])
        scan(conn, at)
        assert (before, len([one for one in raised(conn) if one[1] == 1])) == (0, 1)

    await db.write(story)


async def test_a_silence_that_expires_does_not_replay_what_it_hid(db: Database) -> None:
    """Alertmanager 730 and 2320: the end of a silence is worth hearing, not all that it hid, stage by stage."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "Marta")
        client = add_client(conn)
        directory.mute(conn, anna, client, NOW)
        for days in (0, 4, 6):
            scan(conn, NOW + days * DAY)
        assert messages(conn, anna) == []
        now = NOW + 6 * DAY + HOUR
        directory.unmute(conn, anna, client)
        assert alerts.catch_up(conn, anna, now=now, env=ENV, client_id=client) == 1
        scan(conn, now)
        scan(conn, now + HOUR)
        (told,) = messages(conn, anna)
        assert told.template == "alerts/ending"
        assert "in 1 day" in told.body.splitlines()[0]

    await db.write(story)


async def test_a_silence_over_something_settled_brings_nothing(db: Database) -> None:
    """OpenStreetMap operations 865 (Alertmanager): silence until it clears, then be armed again; not a late alarm."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "Marta")
        client = add_client(conn)
        directory.mute(conn, anna, client, NOW)
        scan(conn)
        move_end(conn, client, date(2027, 1, 10), now=NOW + DAY)
        directory.unmute(conn, anna, client)
        assert alerts.catch_up(conn, anna, now=NOW + DAY, env=ENV, client_id=client) == 0
        scan(conn, NOW + 31 * DAY)
        assert [one.template for one in messages(conn, anna)] == ["alerts/ending"]

    await db.write(story)


async def test_who_was_spared_the_alert_is_spared_its_end(db: Database) -> None:
    """Alertmanager 226: a resolved notice went out for what had been silenced."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, BETA)
        directory.mute(conn, anna, client, NOW)
        scan(conn)
        everything_left(conn)
        adjust(conn, client, "500.00", NOW + DAY)
        scan(conn, NOW + DAY)
        assert messages(conn, anna) == []
        assert [one.template for one in messages(conn, marta)] == ["alerts/running_out", "alerts/recovered"]

    await db.write(story)


async def test_whose_alert_was_taken_back_is_spared_its_end_too(db: Database) -> None:
    """Alertmanager 226 once more: somebody was on it before the message left, so that there is nothing to resolve."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, BETA)
        scan(conn)
        claims.claim(conn, alerts.open_alerts(conn, RIGA)[0].id, marta, now=NOW, env=ENV)
        everything_left(conn)
        adjust(conn, client, "500.00", NOW + DAY)
        scan(conn, NOW + DAY)
        assert [one.state for one in messages(conn, anna)] == ["cancelled"]
        assert [one.template for one in messages(conn, marta)] == ["alerts/running_out", "alerts/recovered"]

    await db.write(story)


async def test_no_alert_goes_missing_without_a_word(db: Database) -> None:
    """OnCall 3898: alerts were missing and nobody could say why. Here each silence has its name."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "New", consent=None)
        client = add_client(conn)
        directory.stop(conn, anna, NOW)
        assert scan(conn).suppressed["nobody"] == 1
        found = [one for one in why(conn, client, now=NOW, env=ENV) if one.kind == "ending"]
        told = {one.curator: (one.verdict, one.reason) for one in found}
        assert told == {"Anna": ("not_sent", "stopped"), "New": ("not_sent", "no_consent")}

    await db.write(story)


async def test_two_reasons_in_one_second_are_one_digest(db: Database) -> None:
    """Novu 2569 and 1633: two triggers in a second made two digests, and delayed ones were sent as many copies."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        night = datetime(2026, 11, 26, 3, tzinfo=UTC)
        for wanted in (ALFA, GAMMA, BETA):
            add_client(conn, wanted, now=night)
            alerts.scan(conn, now=night, env=WORKING)
        for minute in range(4):
            alerts.scan(conn, now=NOW + minute * MINUTE, env=WORKING)
        assert [one.template for one in messages(conn, anna)] == ["alerts/several"]

    await db.write(story)


async def test_a_second_reason_later_that_day_waits_for_the_next_digest(db: Database) -> None:
    """Novu 2569: one digest a person and day, also when something else comes due in the afternoon, after a restart."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn)
        alerts.scan(conn, now=NOW, env=WORKING)
        add_client(conn, replace(BETA, balance="30.00"), now=NOW + 4 * HOUR)
        for hour in range(4, 10):
            alerts.scan(conn, now=NOW + hour * HOUR, env=WORKING)
        assert len(messages(conn, anna)) == 1
        assert list(conn.execute(select(notification.c.send_at).where(notification.c.outcome == "waiting"))) == [
            (NOW + DAY,)
        ]
        alerts.scan(conn, now=NOW + DAY, env=WORKING)
        assert len(messages(conn, anna)) == 2

    await db.write(story)


@pytest.mark.parametrize(
    ("raised_at", "goes_at"),
    [
        pytest.param(datetime(2026, 11, 26, 1, tzinfo=UTC), NOW, id="night"),
        pytest.param(
            datetime(2026, 11, 27, 19, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC), id="friday evening"
        ),
        pytest.param(datetime(2026, 11, 28, 9, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC), id="saturday"),
        pytest.param(datetime(2026, 12, 24, 9, tzinfo=UTC), datetime(2026, 12, 28, 7, tzinfo=UTC), id="christmas"),
    ],
)
async def test_what_may_wait_waits_for_the_next_working_hour(
    db: Database, raised_at: datetime, goes_at: datetime
) -> None:
    """Bedolaga's fixed hours of UTC, Knock's window: it goes at the person's own next working hour, not at once."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn, replace(ALFA, ends=raised_at.date() + 7 * DAY), now=raised_at)
        alerts.scan(conn, now=raised_at, env=WORKING)
        assert messages(conn) == []
        assert conn.execute(select(notification.c.send_at)).scalar_one() == goes_at
        alerts.scan(conn, now=goes_at - MINUTE, env=WORKING)
        assert messages(conn) == []
        alerts.scan(conn, now=goes_at, env=WORKING)
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_what_comes_in_quiet_hours_waits_and_is_not_dropped(db: Database) -> None:
    """Novu's schedule skips what falls outside of the hours; Knock queues it. Ours waits for the morning."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        night = datetime(2026, 11, 26, 1, tzinfo=UTC)
        add_client(conn, now=night)
        alerts.scan(conn, now=night, env=WORKING)
        assert (messages(conn), outcomes(conn)) == ([], [("waiting", None)])
        alerts.scan(conn, now=NOW, env=WORKING)
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_what_is_late_does_not_ring_at_night_to_make_up_for_it(db: Database) -> None:
    """Bedolaga skips fixed hours of UTC; after an outage, too, the hours are the person's own."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        evening, night = datetime(2026, 11, 25, 20, tzinfo=UTC), datetime(2026, 11, 27, 1, tzinfo=UTC)
        add_client(conn, replace(ALFA, ends=date(2026, 12, 2)), now=evening)
        alerts.scan(conn, now=evening, env=WORKING)
        alerts.scan(conn, now=night, env=WORKING)
        assert messages(conn) == []
        alerts.scan(conn, now=night + 6 * HOUR, env=WORKING)
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_what_is_told_is_what_was_so_when_it_was_raised(db: Database) -> None:
    """OpenMeter's contract: the payload is a snapshot; looking up the present tells what nobody decided."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        night = datetime(2026, 11, 26, 3, tzinfo=UTC)
        client = add_client(conn, now=night)
        alerts.scan(conn, now=night, env=WORKING)
        data = replace(directory.get_client(conn, client).data, company="Renamed Ltd", contact_name="Somebody else")
        directory.update_client(conn, client, data)
        alerts.scan(conn, now=NOW, env=WORKING)
        (told,) = messages(conn)
        assert "Alfa Dental" in told.body
        assert "Ilze" in told.body

    await db.write(story)


@pytest.mark.parametrize(("wanted", "smaller"), [(BETA, None), (ALFA, "ended")])
async def test_a_bigger_alert_mutes_the_smaller_ones(db: Database, wanted: Wanted, smaller: str | None) -> None:
    """Alertmanager's inhibition, which the others lack (table, row 9): off for lack of money says it all."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn, wanted)
        gone = NOW + 9 * DAY
        charge(conn, gone)
        scan(conn, gone)
        assert [one[0] for one in raised(conn) if one[2] == "open"] == ["stopped"]
        assert [one[0] for one in raised(conn) if one[2] == "resolved"] == ([smaller] if smaller else [])
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_an_alert_is_not_repeated_because_its_forecast_moved(db: Database) -> None:
    """Polar's key is ids and an ISO date, "never a localized date"; a drifting forecast is no new episode."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(BETA, balance="20.00"))
        scan(conn)
        for n, balance in enumerate(("19.90", "19.80", "19.70"), start=1):
            adjust(conn, client, balance, NOW + n * HOUR)
            scan(conn, NOW + n * HOUR)
        keys = list(conn.execute(select(alert.c.key).where(alert.c.kind == "running_out")).scalars())
        assert len(keys) == len(messages(conn)) == 1

    await db.write(story)


async def test_a_payment_is_told_to_those_who_heard_of_the_trouble(db: Database) -> None:
    """Alertmanager leaves "who handles this" to people (1860, refused); here a payment ends it for all."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, BETA)
        scan(conn)
        top_up(conn, client, "200.00", anna, now=NOW + HOUR)
        assert [one.state for one in messages(conn) if one.kind == "alert"] == ["cancelled"] * 2
        assert messages(conn, marta)[-1].template == "receipts/topped_up_by"
        (button,) = [payload for title, payload in messages(conn, marta)[0].buttons if title == "I'm on it"]
        assert "settled" in phone_of(conn, marta).ask("I'm on it", button).template

    await db.write(story)
