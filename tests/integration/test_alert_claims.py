"""Claims: one at a time, they stop what is on its way to others, end with the alert, and return when time is up."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.alerts import service as alerts
from bot.alerts.alert import Alert
from bot.alerts.claims import claim, claims, release, return_due
from bot.alerts.postponing import promised, snooze
from bot.directory import service as directory
from bot.errors import UserError
from bot.ids import AlertId
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ENV,
    GAMMA,
    NOW,
    POLICY,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    charge,
    messages,
    move_end,
    renew,
    scan,
)

DAY = timedelta(days=1)


def _only(conn: Connection) -> Alert:
    (found,) = alerts.open_alerts(conn, RIGA)
    return found


async def test_a_claim_lasts_to_the_next_stage_and_others_see_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        made = claim(conn, _only(conn).id, marta, now=NOW, env=ENV)
        assert (made.news, made.until, made.others) == (True, NOW + 4 * DAY, (anna,))
        assert claims(conn, [client], NOW)[client].curator_id == marta
        assert claims(conn, [client], NOW + 4 * DAY) == {}
        assert not claim(conn, _only(conn).id, marta, now=NOW, env=ENV).news
        with pytest.raises(UserError, match="already_claimed") as refused:
            claim(conn, _only(conn).id, anna, now=NOW, env=ENV)
        assert refused.value.facts["who"] == "Marta"

    await db.write(story)


async def test_oncall_4654_a_claim_takes_back_every_message_that_others_have_not_got(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta, igor = add_curator(conn), add_curator(conn, "Marta"), add_curator(conn, "Igor")
        add_client(conn)
        scan(conn)
        conn.execute(update(delivery).where(delivery.c.curator_id == igor).values(state="sent"))
        claim(conn, _only(conn).id, marta, now=NOW, env=ENV)
        assert {row.curator_id: row.state for row in messages(conn)} == {
            anna: "cancelled",
            marta: "queued",
            igor: "sent",
        }

    await db.write(story)


async def test_a_claim_leaves_messages_about_other_clients_alone(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn)
        scan(conn)
        first = _only(conn)
        add_client(conn, GAMMA)
        scan(conn)
        claim(conn, first.id, marta, now=NOW, env=ENV)
        assert sorted(row.state for row in messages(conn, anna)) == ["cancelled", "queued"]

    await db.write(story)


async def test_oncall_3161_a_claim_on_what_is_settled_is_refused_and_settles_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        scan(conn)
        found = _only(conn)
        renew(conn, client, anna)
        with pytest.raises(UserError, match="alert_settled") as refused:
            claim(conn, found.id, anna, now=NOW, env=ENV)
        assert str(refused.value.facts["resolution"]).startswith("renewed:")
        with pytest.raises(UserError, match="alert_unknown"):
            claim(conn, AlertId("none"), anna, now=NOW, env=ENV)
        assert claims(conn, [client], NOW) == {}

    await db.write(story)


async def test_oncall_3111_a_claim_ends_with_its_alert_and_never_comes_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        scan(conn)
        claim(conn, _only(conn).id, anna, now=NOW, env=ENV)
        move_end(conn, client, date(2027, 12, 3))
        assert claims(conn, [client], NOW) == {}
        before = len(messages(conn))
        assert return_due(conn, now=NOW + 60 * DAY, env=ENV) == 0
        assert len(messages(conn)) == before

    await db.write(story)


async def test_from_stage_one_on_a_claim_ends_with_the_working_day_and_returns_to_everybody(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta", language="ru")
        client = add_client(conn)
        late = NOW + 6 * DAY
        scan(conn, late)
        made = claim(conn, _only(conn).id, anna, now=late, env=ENV)
        assert made.until == datetime(2026, 12, 2, 16, 0, tzinfo=UTC)
        assert return_due(conn, now=made.until - timedelta(minutes=1), env=ENV) == 0
        assert return_due(conn, now=made.until, env=ENV) == 1
        assert return_due(conn, now=made.until, env=ENV) == 0
        back = [row for row in messages(conn) if row.template == "alerts/returned"]
        assert {row.curator_id for row in back} == {anna, marta}
        assert back[0].body.splitlines() == [
            "Finances: *Alfa Dental* needs somebody again: till Thu 3 Dec",
            "ID 48210017. It was with Anna, but is not settled yet.",
            "Contact: Ilze, +371 20 000 017",
            "Tap the button to see the whole alert.",
        ]
        assert claim(conn, _only(conn).id, marta, now=made.until, env=ENV).news
        assert claims(conn, [client], made.until)[client].curator_id == marta

    await db.write(story)


async def test_that_a_claim_came_back_waits_for_the_morning_and_is_taken_back_when_it_is_paid(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "Liu", time_zone="Asia/Shanghai")
        client = add_client(conn)
        late = NOW + 6 * DAY
        hours = replace(ENV, policy=replace(POLICY, respect_hours=True))
        scan(conn, late)
        made = claim(conn, _only(conn).id, anna, now=late, env=hours)
        assert made.until is not None
        return_due(conn, now=made.until, env=hours)
        back = {row.curator_id == anna: row for row in messages(conn) if row.template == "alerts/returned"}
        assert back[True].not_before == made.until
        assert back[False].not_before == datetime(2026, 12, 3, 1, 0, tzinfo=UTC)
        move_end(conn, client, date(2027, 12, 3), now=made.until)
        assert {row.state for row in messages(conn) if row.template == "alerts/returned"} == {"cancelled"}

    await db.write(story)


async def test_that_a_claim_came_back_waits_for_what_the_client_promised_and_for_who_put_it_off(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, GAMMA)
        hours = replace(ENV, policy=replace(POLICY, respect_hours=True))
        alerts.scan(conn, now=NOW, env=hours)
        made = claim(conn, _only(conn).id, anna, now=NOW, env=hours)
        assert made.until == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
        promised(conn, client, anna, day=date(2026, 11, 30), now=NOW, env=hours)
        snooze(conn, client, marta, until=NOW + 5 * DAY, now=NOW)
        return_due(conn, now=made.until, env=hours)
        back = {row.curator_id: row.not_before for row in messages(conn) if row.template == "alerts/returned"}
        assert back == {
            anna: datetime(2026, 11, 30, 7, 0, tzinfo=UTC),
            marta: datetime(2026, 12, 1, 7, 0, tzinfo=UTC),
        }

    await db.write(story)


async def test_the_next_stage_goes_to_everybody_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn)
        scan(conn)
        claim(conn, _only(conn).id, anna, now=NOW, env=ENV)
        scan(conn, NOW + 4 * DAY)
        last = [row for row in messages(conn, marta) if row.state == "queued"]
        assert [row.body.splitlines()[0] for row in last] == ["Finances: *Alfa Dental* ends in 3 days"]

    await db.write(story)


async def test_a_claim_can_be_given_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        claim(conn, _only(conn).id, anna, now=NOW, env=ENV)
        assert not release(conn, client, marta, now=NOW)
        assert release(conn, client, anna, now=NOW)
        assert claim(conn, _only(conn).id, marta, now=NOW, env=ENV).news

    await db.write(story)


async def test_a_person_who_left_may_be_followed_by_another(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        claim(conn, _only(conn).id, anna, now=NOW, env=ENV)
        directory.remove_curator(conn, anna, NOW)
        charge(conn, NOW)
        assert claim(conn, _only(conn).id, marta, now=NOW + 4 * DAY, env=ENV).news
        assert claims(conn, [client], NOW + 4 * DAY)[client].curator_id == marta

    await db.write(story)
