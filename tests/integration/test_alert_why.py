"""`why`: every curator and rule has exactly one explained outcome, whatever happened."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.alert import WATCHED, Kind
from bot.alerts.policy import Brake
from bot.alerts.why import Outcome, why
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.messaging.templates import render
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    NOW,
    POLICY,
    add_client,
    add_curator,
    add_partner,
    charge,
    move_end,
    scan,
    top_up,
)

DAY = timedelta(days=1)


def _of(conn: Connection, client_id: ClientId, curator_id: CuratorId, kind: Kind = Kind.ENDING) -> Outcome:
    outcomes = why(conn, client_id, now=NOW)
    pairs = [(one.curator_id, one.kind) for one in outcomes]
    assert len(pairs) == len(set(pairs))
    return next(one for one in outcomes if (one.curator_id, one.kind) == (curator_id, kind))


async def test_what_was_sent_and_what_comes_next(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        before = _of(conn, client, anna)
        assert (before.verdict, before.reason, before.stage, before.at) == ("waiting", "next_scan", 7, NOW)
        assert (before.next_stage, before.next_at) == (3, NOW + 4 * DAY)
        scan(conn)
        after = _of(conn, client, anna)
        assert (after.verdict, after.stage, after.at, after.delivery_state) == ("sent", 7, NOW, "queued")
        assert (after.next_stage, after.next_at, after.next_reason) == (3, NOW + 4 * DAY, None)
        assert _of(conn, client, anna, Kind.RUNNING_OUT).reason == "no_daily_payments"
        assert _of(conn, client, anna, Kind.STOPPED).reason == "channels_run"
        assert len(why(conn, client, now=NOW)) == len(WATCHED)

    await db.write(story)


async def test_who_was_not_told_is_told_why(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, silent = add_curator(conn), add_curator(conn, "Pēteris", consent=None)
        client = add_client(conn)
        other = add_client(conn, replace(ALFA, account_id="48210044", ends=date(2027, 1, 1)))
        stranger = add_curator(conn, "Olga", client_id=other)
        directory.mute(conn, anna, client, NOW)
        scan(conn)
        late = add_curator(conn, "Late")
        assert (_of(conn, client, anna).verdict, _of(conn, client, anna).reason) == ("not_sent", "muted")
        assert _of(conn, client, anna).next_reason == "muted"
        assert _of(conn, client, silent).reason == "no_consent"
        assert _of(conn, client, late).reason == "added_later"
        assert stranger not in {one.curator_id for one in why(conn, client, now=NOW)}

    await db.write(story)


async def test_settled_and_superseded_are_told_as_such(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        charge(conn, NOW + 9 * DAY)
        scan(conn, NOW + 9 * DAY)
        assert _of(conn, client, anna, Kind.STOPPED).verdict == "sent"
        assert _of(conn, client, anna, Kind.ENDED).reason == "superseded"
        move_end(conn, client, date(2027, 12, 3), now=NOW + 9 * DAY)
        ending = _of(conn, client, anna)
        assert (ending.verdict, ending.next_stage) == ("nothing_due", 14)

    await db.write(story)


async def test_while_an_owner_is_asked_nobody_is_told_that_nothing_is_due(db: Database) -> None:
    braking = replace(ENV, policy=replace(POLICY, brake=Brake(over=1, times=3)))

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn, role="owner")
        client = add_client(conn)
        muted = add_curator(conn, "Marta")
        directory.mute(conn, muted, client, NOW)
        add_client(conn, replace(ALFA, account_id="48210044", company="Delta"))
        assert alerts.scan(conn, now=NOW, env=braking).held == 2
        held = _of(conn, client, anna)
        assert (held.verdict, held.reason, held.stage, held.next_stage) == ("not_sent", "held", 7, 3)
        assert _of(conn, client, muted).reason == "muted"

    await db.write(story)


async def test_who_was_added_later_is_told_so_and_not_the_id_of_what_settled_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, BETA)
        scan(conn)
        late = add_curator(conn, "Late")
        top_up(conn, client, "400.00", late, now=NOW)
        assert {one.reason for one in why(conn, client, now=NOW) if one.verdict == "not_sent"} <= {
            "added_later",
            "settled",
        }
        assert _of(conn, client, late, Kind.RUNNING_OUT).reason == "added_later"

    await db.write(story)


def test_how_far_a_message_came_is_said_in_the_readers_language() -> None:
    rule = {"kind": "ending", "verdict": "sent", "reason": None, "at": NOW.isoformat(), "next_at": None}
    rules = [
        {**rule, "state": state, "stage": 7, "next_stage": None, "next_reason": None} for state in ("read", "failed")
    ]
    facts = {
        "company": "Alfa",
        "account_id": "48210017",
        "people": [{"name": "Anna", "rules": rules, "idle": []}],
        "claimed_by": None,
        "done": [],
        "zone": "Europe/Riga",
    }
    body = render("care/why", "ru", facts).body
    assert "(прочитано)" in body
    assert "(не дошло)" in body
