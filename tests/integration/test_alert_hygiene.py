"""A balance that goes up and down: one alert per level and cooldown, one recovery; balances that were configured."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select, update

from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.policy import Levels
from bot.billing import service as billing
from bot.directory import arrangements
from bot.ids import ClientId, CuratorId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import alert, delivery, notification
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    NOW,
    POLICY,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    charge,
    imported,
    messages,
    move_end,
    raised,
    scan,
    top_up,
)

DAY = timedelta(days=1)


def _sent(conn: Connection) -> None:
    """Everything in the outbox went out."""
    conn.execute(update(delivery).where(delivery.c.state == "queued").values(state="delivered"))


def _adjust(conn: Connection, client_id: ClientId, target: str, now: datetime) -> None:
    """A table shows another balance."""
    changes = billing.adjust_balance(
        conn, RIGA, client_id, of(target, "EUR"), reason="table", by="import", key=now.isoformat(), now=now
    )
    alerts.apply(conn, changes, now=now, env=ENV)


async def test_akash_3896_a_balance_that_hovers_for_a_week_is_told_once_a_level(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, replace(BETA, balance="8.00"))
        now = NOW
        for _ in range(7):
            scan(conn, now)
            _sent(conn)
            top_up(conn, client, "4.00", anna, now=now + timedelta(hours=2))
            scan(conn, now + timedelta(hours=3))
            now += DAY
            charge(conn, now)
        told = Counter(row.body.splitlines()[0] for row in messages(conn) if row.kind == "alert")
        assert sum(told.values()) <= 2
        assert ("running_out", 3, "resolved") in raised(conn)

    await db.write(story)


async def test_who_comes_back_within_the_cooldown_is_not_told_the_same_level_again(db: Database) -> None:
    """The alert was raised while the person was away: that is over, but so is not the week since it heard the same."""
    env = replace(ENV, policy=replace(POLICY, of_client={"48210025": Levels(balance={"EUR": (20,)})}))

    def hovers(conn: Connection, client: ClientId, balance: str, now: datetime) -> None:
        _adjust(conn, client, "400.00", now)
        changes = billing.adjust_balance(
            conn, RIGA, client, of(balance, "EUR"), reason="table", by="import", key=f"{now} low", now=now
        )
        alerts.apply(conn, changes, now=now, env=env)
        alerts.scan(conn, now=now, env=env)

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, olga = add_curator(conn), add_curator(conn, "Olga", role="owner")
        client = add_client(conn, replace(BETA, balance="400.00"))
        hovers(conn, client, "19.00", NOW)
        arrangements.set_away(conn, anna, NOW + 5 * DAY, olga)
        hovers(conn, client, "18.00", NOW + 4 * DAY)
        alerts.scan(conn, now=NOW + 6 * DAY, env=env)
        assert _outcomes(conn, anna, "low_balance") == [("sent", None), ("suppressed", "cooldown")]
        arrangements.set_away(conn, anna, NOW + 12 * DAY, olga)
        hovers(conn, client, "19.00", NOW + 8 * DAY)
        alerts.scan(conn, now=NOW + 13 * DAY, env=env)
        assert _outcomes(conn, anna, "low_balance")[2:] == [("sent", None)], "a week later it is news again"

    await db.write(story)


async def test_what_is_told_to_nobody_is_not_left_to_one_from_whom_it_goes_on_to_the_others(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, replace(BETA, balance="8.00"))
        arrangements.assign(conn, client, anna)
        scan(conn)
        _sent(conn)
        top_up(conn, client, "4.00", anna, now=NOW + timedelta(hours=2))
        charge(conn, NOW + DAY)
        scan(conn, NOW + DAY)
        scan(conn, NOW + 3 * DAY)
        first, again, *_ = _outcomes(conn, marta, "running_out")
        assert (first, again) == (("suppressed", "assigned"), ("suppressed", "cooldown"))

    await db.write(story)


def _outcomes(conn: Connection, person: CuratorId, kind: str) -> list[tuple[str, str | None]]:
    """What came of telling a person of one kind of alerts, the oldest first."""
    query = (
        select(notification.c.outcome, notification.c.reason)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(notification.c.curator_id == person, alert.c.kind == kind)
        .order_by(alert.c.raised_at)
    )
    return [(row.outcome, row.reason) for row in conn.execute(query)]


async def test_channels_that_stop_again_are_told_again_after_a_day(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, BETA)
        stop = NOW + 3 * DAY
        charge(conn, stop)
        scan(conn, stop)
        top_up(conn, client, "4.00", anna, now=stop)
        charge(conn, stop + 2 * DAY)
        scan(conn, stop + 2 * DAY)
        assert [kind for kind, _, state in raised(conn) if state == "open"] == ["stopped"]
        assert len([row for row in messages(conn) if row.template == "alerts/out_of_money"]) == 2

    await db.write(story)


async def test_who_was_told_of_trouble_is_told_once_that_it_is_over(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, BETA)
        scan(conn)
        _sent(conn)
        late = add_curator(conn, "Late")
        _adjust(conn, client, "400.00", NOW + DAY)
        scan(conn, NOW + DAY)
        (news,) = [row for row in messages(conn) if row.template == "alerts/recovered"]
        assert (news.curator_id, news.kind) == (anna, "notice")
        assert news.body.startswith(
            "Finances: *Beta Kids* is fine again\nID 48210025, balance now: €400.00, money till "
        )
        assert late not in {row.curator_id for row in messages(conn)}
        for day in (2, 3, 4):
            _adjust(conn, client, "8.00", NOW + day * DAY)
            scan(conn, NOW + day * DAY)
            _sent(conn)
            _adjust(conn, client, "400.00", NOW + day * DAY + timedelta(hours=1))
            scan(conn, NOW + day * DAY + timedelta(hours=2))
        assert len([row for row in messages(conn) if row.template == "alerts/recovered"]) == 1

    await db.write(story)


async def test_nobody_is_told_of_a_recovery_who_was_not_told_of_the_trouble(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, BETA)
        scan(conn)
        _adjust(conn, client, "400.00", NOW)
        assert scan(conn, NOW).messages == 0
        assert [row.state for row in messages(conn)] == ["cancelled"]

    await db.write(story)


async def test_who_tops_up_gets_a_receipt_and_no_news_of_a_recovery(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, BETA)
        scan(conn)
        _sent(conn)
        top_up(conn, client, "300.00", anna)
        assert scan(conn, NOW + DAY).messages == 0
        assert [row.template for row in messages(conn)] == ["alerts/running_out", "receipts/topped_up"]

    await db.write(story)


async def test_channels_that_run_again_after_an_import_are_good_news(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(ALFA, ends=date(2026, 11, 25)))
        charge(conn, NOW)
        scan(conn)
        _sent(conn)
        move_end(conn, client, date(2027, 11, 25))
        scan(conn)
        assert [row.template for row in messages(conn)] == ["alerts/stopped", "alerts/recovered"]

    await db.write(story)


async def test_openmeter_3200_balances_that_were_configured_are_told_beside_the_days(db: Database) -> None:
    env = replace(ENV, policy=replace(POLICY, of_client={"48210025": Levels(balance={"EUR": (100, 20)})}))

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(BETA, balance="90.00"), told=False)
        imported(conn, [client])
        assert scan(conn).alerts == 0
        alerts.apply(conn, [billing.Changed(RIGA, client, "imported")], now=NOW, env=env)
        assert alerts.scan(conn, now=NOW, env=env).alerts == 1
        (told,) = messages(conn)
        assert told.body.splitlines()[:2] == [
            "Finances: *Beta Kids* has €90.00 left, below €100.00",
            "ID 48210025, money till Fri 18 Dec, daily payments €4.00, 2 channels",
        ]
        for day in range(1, 20):
            now = NOW + day * DAY
            while billing.is_waiting(conn, now):
                alerts.apply(conn, billing.charge_due(conn, env.book, now), now=now, env=env)
            alerts.scan(conn, now=now, env=env)
        kinds = [(kind, stage) for kind, stage, _ in raised(conn)]
        assert [one for one in kinds if one[0] == Kind.LOW_BALANCE.value] == [("low_balance", 100), ("low_balance", 20)]
        assert [one for one in kinds if one[0] == Kind.RUNNING_OUT.value][:2] == [
            ("running_out", 7),
            ("running_out", 3),
        ]

    await db.write(story)


async def test_days_are_counted_in_utc_nowhere(db: Database) -> None:
    """lago-api#1074: the same instant is another day elsewhere."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn, replace(ALFA, zone="Pacific/Auckland"), now=NOW - 3 * DAY)
        scan(conn, NOW - 3 * DAY)
        in_auckland = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
        assert scan(conn, in_auckland - timedelta(minutes=1)).alerts == 0
        assert scan(conn, in_auckland).alerts == 1
        assert messages(conn)[-1].body.startswith("Finances: *Alfa Dental* ends in 7 days\n")

    await db.write(story)
