"""What went wrong with others' acknowledgements, as tests of ours. Each docstring names the peer and the lesson."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.alerts import claims
from bot.alerts import service as alerts
from bot.alerts.alert import Alert
from bot.directory import arrangements
from bot.errors import UserError
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ENV,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    messages,
    move_end,
    raised,
    renew,
    scan,
)
from tests.integration.chat_world import phone_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def only(conn: Connection) -> Alert:
    (found,) = alerts.open_alerts(conn, RIGA)
    return found


async def test_a_claim_stops_the_pages_that_are_still_queued(db: Database) -> None:
    """OnCall 4654 and 4760 (lesson 8): after an acknowledgement further pages went out all the same."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn)
        scan(conn)
        claims.claim(conn, only(conn).id, anna, now=NOW, env=ENV)
        assert [one.state for one in messages(conn, marta)] == ["cancelled"]
        assert [one.state for one in messages(conn, anna)] == ["queued"]

    await db.write(story)


async def test_a_claim_that_races_a_payment_does_not_reopen_it(db: Database) -> None:
    """OnCall 3161 (lesson 8): an acknowledgement that came after the resolution un-resolved the alert."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        found = only(conn)
        renew(conn, client, anna, now=NOW + HOUR)
        with pytest.raises(UserError, match="alert_settled"):
            claims.claim(conn, found.id, marta, now=NOW + HOUR, env=ENV)
        assert [one[2] for one in raised(conn) if one[0] == "ending"] == ["resolved"]
        assert claims.claims(conn, [client], NOW + HOUR) == {}

    await db.write(story)


async def test_an_old_claim_pages_nobody_months_later(db: Database) -> None:
    """OnCall 3111 (lesson 8): an alert acknowledged long ago paged again two months later."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, _ = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        claims.claim(conn, only(conn).id, anna, now=NOW, env=ENV)
        renew(conn, client, anna, now=NOW + HOUR)
        assert claims.claims(conn, [client], NOW + HOUR) == {}
        before = len(messages(conn))
        for days in range(1, 70):
            scan(conn, NOW + days * DAY)
        assert len(messages(conn)) == before

    await db.write(story)


async def test_a_claim_that_came_to_nothing_is_said_again_where_people_are(db: Database) -> None:
    """OnCall 1792: the reminder of an unfinished acknowledgement knew Slack only. Ours comes by the same chat."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn, now=datetime(2026, 12, 2, 7, 1, tzinfo=UTC))
        day = datetime(2026, 12, 2, 8, tzinfo=UTC)
        scan(conn, day)
        claims.claim(conn, only(conn).id, anna, now=day, env=ENV)
        scan(conn, day + 9 * HOUR)
        assert [messages(conn, one)[-1].template for one in (anna, marta)] == ["alerts/returned"] * 2

    await db.write(story)


async def test_whoever_is_told_of_a_claim_is_told_who_has_it(db: Database) -> None:
    """OnCall 527 and 2029: systems beside it did not hear of acknowledgements. Here the other curators do, by name."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn)
        scan(conn)
        phone_of(conn, anna).ask("I'm on it", f"claim:{only(conn).id}")
        assert "Anna" in messages(conn, marta)[-1].body
        assert phone_of(conn, marta).ask("I'm on it", f"claim:{only(conn).id}").text.count("Anna") == 1

    await db.write(story)


async def test_an_alert_left_to_one_person_goes_on_after_a_silence(db: Database) -> None:
    """PagerDuty's timeout and OnCall's chain: who is responsible and silent does not keep an alert to himself."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        phone_of(conn, anna).say("assign alfa to Anna")
        move_end(conn, client, datetime(2026, 11, 28, tzinfo=UTC).date(), now=NOW)
        scan(conn)
        told = [one for one in messages(conn, marta) if one.kind == "alert"]
        scan(conn, NOW + 5 * HOUR)
        after = [one for one in messages(conn, marta) if one.kind == "alert"]
        assert (len(told), len(after)) == (0, 1)

    await db.write(story)


@pytest.mark.parametrize("lost", [{"state": "sent", "unconfirmed": True}, {"state": "undelivered"}])
async def test_what_nobody_confirms_having_got_goes_to_somebody_else(db: Database, lost: dict[str, object]) -> None:
    """Evolution 2404 (lesson 10): taken with 2xx and never seen again. Without a receipt the others hear of it."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, anna)
        scan(conn)
        scan(conn, NOW + HOUR)
        assert messages(conn, marta) == []
        conn.execute(update(delivery).where(delivery.c.curator_id == anna).values(**lost))
        scan(conn, NOW + 2 * HOUR)
        assert [one.template for one in messages(conn, marta)] == ["alerts/ending"]

    await db.write(story)


async def test_buttons_of_an_old_alert_are_answered_with_what_is_so_now(db: Database) -> None:
    """Grafana's chat buttons on stale messages (OnCall 3161): a tap on yesterday's message opens nothing by mistake."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        found = only(conn)
        renew(conn, client, anna, now=NOW + HOUR)
        phone = phone_of(conn, marta)
        phone.now = NOW + 2 * HOUR
        answer = phone.ask("Renew", f"renew:{found.id}")
        assert (answer.template, "Anna" in answer.text) == ("replies/settled", True)

    await db.write(story)
