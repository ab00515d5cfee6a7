"""The scan on a real database: who is told of what, once, in one message, and what the report counts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from bot.alerts import service as alerts
from bot.alerts.unreachable import unreachable
from bot.directory import service as directory
from bot.ids import CuratorId
from bot.messaging.claims import claim
from bot.storage.engine import Database
from bot.storage.tables import alert_due, delivery
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
    messages,
    outcomes,
    raised,
    scan,
)

DAY = timedelta(days=1)


async def test_one_client_is_told_in_full(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn)
        report = scan(conn)
        assert (report.clients, report.due, report.alerts, report.messages) == (1, 2, 1, 1)
        (only,) = messages(conn)
        assert (only.kind, only.state, only.priority, only.curator_id) == ("alert", "queued", 50, anna)
        assert only.body.splitlines() == [
            "Finances: *Alfa Dental* ends in 7 days",
            "ID 48210017, subscription till Thu 3 Dec 2026",
            "Now: Inbox, 5 channels, balance €0.00",
            "Renewal for 12 months: €1,440.00",
            "Contact: Ilze, +371 20 000 017",
            "Ask the client first, or tap a button.",
        ]
        (one,) = alerts.open_alerts(conn, RIGA)
        assert [payload for _, payload in only.buttons] == [f"renew:{one.id}", f"claim:{one.id}", f"later:{one.id}"]

    await db.write(story)


async def test_run_twice_nothing_is_said_twice(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        scan(conn)
        again = scan(conn, NOW + timedelta(hours=1))
        assert (again.clients, again.alerts, again.messages) == (0, 0, 0)
        assert len(messages(conn)) == 1

    await db.write(story)


async def test_two_nodes_scanning_at_once_tell_once(db: Database) -> None:
    def setting(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        for wanted in (ALFA, BETA, GAMMA):
            add_client(conn, wanted)

    await db.write(setting)
    reports = await asyncio.gather(*(db.write(scan) for _ in range(4)))
    assert sum(report.alerts for report in reports) == 3
    assert sum(report.messages for report in reports) == 1
    assert len(await db.read(messages)) == 1


async def test_a_skipped_week_says_the_most_advanced_stage_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        report = scan(conn, NOW + 6 * DAY)
        assert (report.due, report.alerts, report.messages) == (4, 1, 1)
        assert raised(conn) == [("ending", 1, "open")]
        assert messages(conn)[0].body.startswith("Finances: *Alfa Dental* ends in 1 day\n")
        scan(conn, NOW + 7 * DAY)
        assert raised(conn) == [("ending", 1, "open"), ("ending", 0, "open")]

    await db.write(story)


async def test_a_subscription_that_ended_with_no_money_stops_the_channels_and_says_only_that(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        scan(conn)
        later = NOW + 8 * DAY
        charge(conn, later)
        scan(conn, later)
        assert raised(conn)[-2:] == [("stopped", 0, "open"), ("ended", 0, "resolved")]
        last = messages(conn)[-1]
        assert last.body.splitlines()[:3] == [
            "Finances: *Alfa Dental* channels stopped",
            "ID 48210017, subscription ended Thu 3 Dec 2026",
            "Stopped: 5 channels, Inbox, balance €0.00",
        ]
        scan(conn, later + 30 * DAY)
        assert len(messages(conn)) == 2

    await db.write(story)


async def test_money_that_runs_out_is_told_then_the_stop(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn, BETA)
        for days in range(4):
            charge(conn, NOW + days * DAY)
            scan(conn, NOW + days * DAY)
        assert [(kind, stage) for kind, stage, _ in raised(conn)] == [
            ("running_out", 3),
            ("running_out", 1),
            ("stopped", 0),
        ]
        first, second, third = messages(conn)
        assert first.body.splitlines() == [
            "Finances: *Beta Kids* money for 2 more days",
            "ID 48210025, channels stop in the night to Sun 29 Nov",
            "Balance: €9.00, daily payments €4.00, 2 channels",
            "Contact: Ilze, +371 20 000 017",
            "Ask the client first, or tap a button.",
        ]
        assert second.body.startswith("Finances: *Beta Kids* money for 1 more day\n")
        assert third.body.startswith("Finances: *Beta Kids* channels stopped\n")
        assert "ID 48210025, the money lasted till Sat 28 Nov 2026" in third.body
        assert [title for title, _ in third.buttons] == ["Subscribe", "Top up", "I'm on it"]

    await db.write(story)


async def test_what_ended_long_ago_is_no_news(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn, replace(GAMMA, ends=date(2024, 1, 5)))
        charge(conn, NOW)
        report = scan(conn)
        assert report.alerts == 0
        assert set(report.suppressed) == {"forgotten"}
        assert messages(conn) == []

    await db.write(story)


async def test_several_clients_are_one_line_with_a_list_to_show(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, igor = add_curator(conn), add_curator(conn, "Igor", language="ru")
        for wanted in (ALFA, BETA, GAMMA):
            add_client(conn, wanted)
        report = scan(conn)
        assert (report.alerts, report.messages) == (3, 2)
        english, russian = messages(conn, anna)[0], messages(conn, igor)[0]
        assert english.body.startswith("Finances: *3 clients* need you, first Gamma Travel, ")
        assert russian.body.startswith("Финансы: *3 клиента ждут вас*, первый: Gamma Travel, ")
        ((title, payload),) = english.buttons
        assert title == "Show list"
        name, _, shown = payload.partition(":")
        assert name == "show"
        listed = alerts.told_together(conn, shown, anna)
        assert [one.facts["company"] for one in listed] == ["Gamma Travel", "Beta Kids", "Alfa Dental"]

    await db.write(story)


@pytest.mark.parametrize(
    ("silence", "reason"),
    [
        (lambda conn, who, client: directory.mute(conn, who, client, NOW), "muted"),
        (lambda conn, who, client: directory.stop(conn, who, NOW), "stopped"),
        (lambda conn, who, client: directory.set_finances(conn, who, False), "finances_off"),
    ],
)
async def test_who_does_not_want_to_hear_is_counted_with_the_reason(
    db: Database, silence: Callable[[Connection, CuratorId, str], object], reason: str
) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_curator(conn, "Pēteris", consent=None)
        client = add_client(conn)
        silence(conn, anna, client)
        report = scan(conn)
        assert report.suppressed == {reason: 1, "no_consent": 1}
        assert [row.curator_id for row in messages(conn)] == [marta]
        assert sorted(outcomes(conn), key=str) == sorted(
            [("sent", None), ("suppressed", reason), ("suppressed", "no_consent")], key=str
        )

    await db.write(story)


async def test_an_alert_that_nobody_hears_is_counted_and_stays_open(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_client(conn)
        report = scan(conn)
        assert (report.alerts, report.messages, report.suppressed) == (1, 0, {"nobody": 1})
        assert len(alerts.open_alerts(conn, RIGA)) == 1

    await db.write(story)


async def test_a_clients_own_curator_hears_of_that_client_only_and_of_no_partners_money(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        alfa, _ = add_client(conn), add_client(conn, GAMMA)
        own = add_curator(conn, "Ilze", client_id=alfa)
        viewer = add_curator(conn, "Vita", role="viewer")
        scan(conn)
        assert messages(conn, anna)[0].template == "alerts/several"
        (note,) = messages(conn, own)
        assert note.template == "alerts/ending_own"
        assert note.buttons == []
        assert note.body.splitlines() == [
            "Finances: *Alfa Dental*, your subscription ends in 7 days",
            "ID 48210017, your subscription is paid till Thu 3 Dec 2026",
            "Now: Inbox, 5 channels, your balance €0.00",
            "To keep your channels on, tell your partner, Riga, in time.",
        ]
        assert "Gamma" not in note.body
        assert "1,440" not in note.body
        assert messages(conn, viewer)[0].template == "alerts/several"
        assert len(alerts.open_alerts(conn, RIGA)) == 2

    await db.write(story)


async def test_a_rehearsal_counts_the_same_and_writes_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_curator(conn, "Marta", consent=None)
        for wanted in (ALFA, BETA, GAMMA):
            add_client(conn, wanted)
        rehearsed = scan(conn, dry_run=True)
        assert messages(conn) == []
        assert raised(conn) == []
        assert scan(conn) == rehearsed

    await db.write(story)


async def test_a_scan_in_small_pieces_is_still_one_message(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        for n in range(7):
            add_client(conn, replace(ALFA, account_id=f"4821010{n}", company=f"Client {n}"))
        pieces = 0
        while (report := scan(conn, limit=3)).more:
            pieces += 1
            assert report.messages == 0
        assert pieces == 2
        (only,) = messages(conn)
        assert only.body.startswith("Finances: *7 clients* need you")

    await db.write(story)


async def test_facts_are_a_snapshot(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client_id = add_client(conn)
        scan(conn)
        directory.update_client(conn, client_id, replace(directory.get_client(conn, client_id).data, company="Omega"))
        (one,) = alerts.open_alerts(conn, RIGA)
        assert one.facts["company"] == "Alfa Dental"
        assert one.facts["balance"] == {"amount": "0.00", "currency": "EUR", "minor": 0}

    await db.write(story)


@pytest.mark.parametrize(
    ("zone", "before", "at"),
    [
        ("Europe/Riga", "2026-11-26T06:59", "2026-11-26T07:00"),
        ("America/Sao_Paulo", "2026-11-26T11:59", "2026-11-26T12:00"),
        ("Asia/Almaty", "2026-11-26T03:59", "2026-11-26T04:00"),
    ],
)
async def test_a_stage_counts_days_of_the_clients_own_calendar(db: Database, zone: str, before: str, at: str) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        early = NOW - 3 * DAY
        add_client(conn, replace(ALFA, zone=zone, ends=date(2026, 12, 3)), now=early)
        scan(conn, early)
        assert scan(conn, datetime.fromisoformat(before).replace(tzinfo=UTC)).alerts == 0
        assert scan(conn, datetime.fromisoformat(at).replace(tzinfo=UTC)).alerts == 1

    await db.write(story)


async def test_only_what_is_due_is_looked_at(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        for n in range(5):
            add_client(conn, replace(ALFA, account_id=f"4821020{n}", ends=date(2027, 6, 1)))
        add_client(conn)
        report = scan(conn)
        assert (report.clients, report.alerts) == (1, 1)
        left = conn.execute(select(func.count()).select_from(alert_due).where(alert_due.c.due_at <= NOW)).scalar()
        assert left == 0

    await db.write(story)


async def test_what_could_not_be_sent_before_the_next_stage_is_not_said_any_more(db: Database) -> None:
    """Nothing leaves for days: then people hear how it stands, not how it stood; the last stage waits for ever."""

    def told(conn: Connection) -> list[tuple[int, str]]:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        for day in range(12):
            scan(conn, NOW + timedelta(days=day))
        last = NOW + timedelta(days=12)
        taken = claim(conn, ENV.sender, last, 100).taken
        query = select(delivery.c.state, delivery.c.attempts, delivery.c.expires_at, delivery.c.id)
        rows = conn.execute(query.where(delivery.c.kind == "alert").order_by(delivery.c.id)).all()
        assert [row.id for row in rows if row.state == "sending"] == [one.id for one in taken if one.kind == "alert"]
        assert unreachable(conn, RIGA, now=last, sender=ENV.sender) == []
        assert all((row.expires_at is None) is (row.state == "sending") for row in rows)
        return [(n, row.state) for n, row in enumerate(rows)]

    found = await db.write(told)
    assert len(found) > 2
    assert [state for _, state in found[:-1]] == ["expired"] * (len(found) - 1)
    assert found[-1][1] == "sending"
