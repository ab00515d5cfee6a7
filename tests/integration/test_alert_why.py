"""`why`: every curator and rule has exactly one explained outcome, whatever happened."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection, update

from bot.alerts import service as alerts
from bot.alerts.alert import WATCHED, Kind
from bot.alerts.policy import Brake
from bot.alerts.why import Outcome, why
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.messaging.templates import render
from bot.storage.engine import Database
from bot.storage.tables import delivery
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
    messages,
    move_end,
    scan,
    top_up,
)
from tests.integration.chat_world import phone_of

DAY = timedelta(days=1)


def _of(conn: Connection, client_id: ClientId, curator_id: CuratorId, kind: Kind = Kind.ENDING) -> Outcome:
    outcomes = why(conn, client_id, now=NOW, env=ENV)
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
        assert len(why(conn, client, now=NOW, env=ENV)) == len(WATCHED)

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
        assert stranger not in {one.curator_id for one in why(conn, client, now=NOW, env=ENV)}

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
        assert (ending.verdict, ending.reason, ending.next_stage) == ("not_sent", "superseded", 14)

    await db.write(story)


async def test_stages_that_a_later_one_stands_for_are_explained(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        before = _of(conn, client, anna)
        assert [(one.stage, one.reason, one.instead) for one in before.passed] == [(14, "passed_over", 7)]
        scan(conn)
        scan(conn, NOW + 6 * DAY)
        found = _of(conn, client, anna)
        assert [(one.stage, one.verdict, one.reason) for one in found.stages] == [
            (1, "sent", None),
            (3, "not_sent", "passed_over"),
            (7, "sent", None),
            (14, "not_sent", "passed_over"),
        ]
        assert [(one.stage, one.instead) for one in found.passed] == [(3, 1)]
        text = phone_of(conn, anna).ask("why alfa").text
        assert "– subscription ends: stage 3 days: passed over, because 1 day was due by then" in text

    await db.write(story)


async def test_what_was_settled_before_anybody_looked_is_explained_and_may_come_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        move_end(conn, client, date(2027, 12, 3))
        found = _of(conn, client, anna)
        assert (found.verdict, found.reason, found.stage, found.next_stage) == ("not_sent", "settled", 7, 14)
        assert [(one.stage, one.reason) for one in found.stages] == [(7, "settled"), (14, "passed_over")]
        move_end(conn, client, date(2026, 12, 3))
        scan(conn)
        assert [one.template for one in messages(conn, anna)] == ["alerts/ending"]

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
        assert {one.reason for one in why(conn, client, now=NOW, env=ENV) if one.verdict == "not_sent"} <= {
            "added_later",
            "settled",
        }
        assert _of(conn, client, late, Kind.RUNNING_OUT).reason == "added_later"

    await db.write(story)


async def test_a_message_that_did_not_arrive_is_told_with_its_code_and_what_it_means(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        scan(conn)

        def came_to(state: str, code: int | None, reason: str | None) -> tuple[object, str | None]:
            conn.execute(update(delivery).values(state=state, error_code=code, reason=reason))
            found = _of(conn, client, anna)
            assert found.delivery_state == state
            return found.error_code, found.failure

        assert came_to("undelivered", 63024, None) == (63024, "the recipient is not valid")
        text = phone_of(conn, anna).ask("why alfa").text
        assert "sent 26 Nov 09:00 (did not arrive: 63024, the recipient is not valid)" in text
        assert (
            came_to("failed", None, "window_closed")[1] == "the 24-hour window is closed and this text is no template"
        )
        assert came_to("queued", 63018, None) == (63018, "over the sender's rate or tier")
        assert came_to("delivered", 63024, None) == (None, None)

    await db.write(story)


def test_how_far_a_message_came_is_said_in_the_readers_language() -> None:
    rule: dict[str, object] = {"kind": "ending", "verdict": "sent", "reason": None, "at": NOW.isoformat()}
    rule |= {"next_at": None, "next_told_at": None, "code": None, "means": None}
    rules = [
        {**rule, "state": state, "stage": 7, "next_stage": None, "next_reason": None} for state in ("read", "failed")
    ]
    facts = {
        "company": "Alfa",
        "account_id": "48210017",
        "people": [{"name": "Anna", "zone": "Europe/Riga", "rules": rules, "idle": []}],
        "passed": [],
        "client_zone": "Europe/Riga",
        "claimed_by": None,
        "done": [],
        "zone": "Europe/Riga",
    }
    body = render("care/why", "ru", facts).body
    assert "(прочитано)" in body
    assert "(не дошло)" in body
