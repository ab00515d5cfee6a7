"""Facts that change: what settles alerts, what is taken back, and who gets which receipt."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection, select

from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.due import due_list
from bot.billing import reversing
from bot.billing.changed import Changed
from bot.directory import service as directory
from bot.storage.engine import Database
from bot.storage.tables import alert, ledger_transaction
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    charge,
    imported,
    messages,
    move_end,
    outcomes,
    raised,
    renew,
    scan,
    top_up,
)

DAY = timedelta(days=1)


async def test_a_moved_end_date_settles_the_alert_and_takes_its_message_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client_id = add_client(conn)
        scan(conn)
        move_end(conn, client_id, date(2027, 12, 3))
        assert raised(conn) == [("ending", 7, "resolved")]
        assert [row.state for row in messages(conn)] == ["cancelled"]
        assert conn.execute(select(alert.c.resolution)).scalar_one() == "imported"
        assert scan(conn, NOW + 7 * DAY).messages == 0
        assert alerts.open_alerts(conn, RIGA) == []

    await db.write(story)


async def test_an_end_date_moved_back_is_another_cycle_and_the_old_one_is_not_said_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client_id = add_client(conn)
        scan(conn)
        move_end(conn, client_id, date(2026, 12, 4))
        move_end(conn, client_id, date(2026, 12, 3))
        assert scan(conn, NOW + timedelta(hours=1)).messages == 0
        scan(conn, NOW + 4 * DAY)
        assert [(stage, state) for _, stage, state in raised(conn)] == [(7, "resolved"), (3, "open")]

    await db.write(story)


async def test_the_same_facts_again_change_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client_id = add_client(conn)
        scan(conn)
        for _ in range(3):
            imported(conn, [client_id])
            scan(conn)
        assert raised(conn) == [("ending", 7, "open")]
        assert [row.state for row in messages(conn)] == ["queued"]

    await db.write(story)


async def test_a_summary_is_taken_back_only_when_nothing_in_it_is_left(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        alfa = add_client(conn)
        omega = add_client(conn, replace(ALFA, account_id="48210099", company="Omega"))
        scan(conn)
        move_end(conn, alfa, date(2027, 12, 3))
        assert [row.state for row in messages(conn)] == ["queued"]
        move_end(conn, omega, date(2027, 12, 3))
        assert [row.state for row in messages(conn)] == ["cancelled"]

    await db.write(story)


async def test_renewing_settles_the_alert_and_notes_by_which_transfer(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn)
        scan(conn)
        renew(conn, client_id, anna)
        assert raised(conn) == [("ending", 7, "resolved"), ("renewed", 0, "resolved")]
        assert outcomes(conn) == [("sent", None), ("sent", None)]
        resolution = conn.execute(select(alert.c.resolution).where(alert.c.kind == "ending")).scalar_one()
        assert resolution.startswith("renewed:")

    await db.write(story)


async def test_renewing_gives_the_asker_the_whole_receipt_and_the_others_the_news(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta", language="ru")
        client_id = add_client(conn)
        own = add_curator(conn, "Ilze", client_id=client_id)
        renew(conn, client_id, anna)
        full, short, owned = (messages(conn, one)[0] for one in (anna, marta, own))
        number = full.body.rsplit(" ", 1)[1]
        assert full.body.splitlines() == [
            "*Renewed: Alfa Dental* till 3 Dec 2027",
            "Client: deposit €1,440.00, renewal €1,440.00, left €0.00",
            "You: withdrawal €936.00, account €264.00",
            f"Anna, 26 Nov 09:00, receipt {number}",
        ]
        assert (full.kind, full.priority, full.template) == ("receipt", 10, "receipts/renewed")
        assert short.body.splitlines()[0] == "*Продлено: Alfa Dental* до 3 декабря 2027"
        assert f"Сделано: Anna, 26 ноября 09:00, квитанция {number}." in short.body
        assert owned.template == "receipts/renewed_by"
        for one in (short, owned):
            assert "936" not in one.body
            assert "264" not in one.body

    await db.write(story)


async def test_a_receipt_is_written_once_however_often_it_is_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, BETA)
        top_up(conn, client_id, "100.00", anna)
        transfer = conn.execute(select(alert.c.cycle).where(alert.c.kind == "topped_up")).scalar_one()
        again = [Changed(RIGA, client_id, "topped_up", transfer)]
        alerts.apply(conn, again, now=NOW, env=ENV)
        assert [row.template for row in messages(conn)] == ["receipts/topped_up"]
        assert messages(conn)[0].body.splitlines()[:3] == [
            "*Topped up: Beta Kids* €100.00",
            "Client: deposit €100.00, balance €109.00",
            "You: withdrawal €65.00, account €1,135.00",
        ]

    await db.write(story)


async def test_a_top_up_settles_money_that_runs_out_and_channels_that_stopped(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, BETA)
        scan(conn)
        later = NOW + 3 * DAY
        charge(conn, later)
        scan(conn, later)
        assert raised(conn)[-1] == ("stopped", 0, "open")
        top_up(conn, client_id, "200.00", anna, now=later)
        assert alerts.open_alerts(conn, RIGA) == []
        assert {row.state for row in messages(conn) if row.kind == "alert"} == {"cancelled"}
        assert scan(conn, later).messages == 0

    await db.write(story)


async def test_buying_a_subscription_settles_money_that_runs_out(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, BETA)
        scan(conn)
        assert raised(conn) == [("running_out", 3, "open")]
        renew(conn, client_id, anna)
        assert raised(conn) == [("running_out", 3, "resolved"), ("subscribed", 0, "resolved")]
        assert messages(conn)[-1].body.startswith("*Subscribed: Beta Kids* till 26 Dec 2026, no daily pay\n")

    await db.write(story)


async def test_channels_stopped_for_weeks_are_told_when_the_money_comes_and_goes_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, BETA)
        charge(conn, NOW + 3 * DAY)
        scan(conn, NOW + 3 * DAY)
        top_up(conn, client_id, "5.00", anna, now=NOW + 10 * DAY)
        charge(conn, NOW + 12 * DAY)
        scan(conn, NOW + 12 * DAY)
        assert [kind for kind, _, _ in raised(conn)] == ["stopped", "topped_up", "stopped"]

    await db.write(story)


async def test_who_runs_out_when(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        for wanted in (ALFA, BETA, GAMMA, replace(GAMMA, account_id="48210034", ends=date(2020, 1, 1))):
            add_client(conn, wanted)
        charge(conn, NOW)
        found = due_list(conn, RIGA, now=NOW, env=ENV, within_days=14)
        assert [(one.account_id, one.reason, one.day.isoformat()) for one in found] == [
            ("48210033", Kind.STOPPED, "2026-11-25"),
            ("48210025", Kind.RUNNING_OUT, "2026-11-28"),
            ("48210017", Kind.ENDING, "2026-12-03"),
        ]
        assert [one.account_id for one in due_list(conn, RIGA, now=NOW, env=ENV, within_days=2)] == [
            "48210033",
            "48210025",
        ]
        alfa = found[2]
        assert alfa.ends_at is not None
        assert alfa.ends_at.isoformat() == "2026-12-03T22:00:00+00:00"

    await db.write(story)


async def test_one_partner_never_sees_another_ones_alerts(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        other = directory.create_partner(conn, "Other", now=NOW)
        directory.add_curator(conn, other.id, name="Olga", phone="+37129999999", now=NOW, consent="asked")
        assert scan(conn, partner_id=other.id).alerts == 0
        assert scan(conn, partner_id=RIGA).messages == 1
        assert alerts.open_alerts(conn, other.id) == []
        assert {row.partner_id for row in messages(conn)} == {RIGA}

    await db.write(story)


async def test_a_top_up_that_is_taken_back_is_told_again(db: Database) -> None:
    """It settled what had been said, so it stays the beginning of a cycle: the same is said anew, once."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        who = add_client(conn, BETA)
        scan(conn)
        top_up(conn, who, "100", anna)
        [posted] = conn.execute(select(ledger_transaction.c.id).where(ledger_transaction.c.kind == "topup")).scalars()
        later = NOW + timedelta(minutes=10)
        changes = reversing.reverse(conn, RIGA, posted, reason="wrong client", by="operator", now=later)
        alerts.apply(conn, changes, now=later, env=ENV)
        for minutes in (1, 2):
            scan(conn, later + timedelta(minutes=minutes))
        said = [("running_out", 3, "resolved"), ("topped_up", 0, "resolved"), ("running_out", 3, "open")]
        assert raised(conn) == said
        assert [one.template for one in messages(conn)].count("alerts/running_out") == 2

    await db.write(story)
