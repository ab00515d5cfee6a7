"""What people said and were told can be blanked; what happened stays, and nothing blank is ever sent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.messaging import contacts, deliveries, inbox, resend
from bot.messaging.forgetting import BLANK, Forgotten, addresses_of, forget, forget_name, forget_old
from bot.messaging.message import Kind
from bot.messaging.transport import Accepted
from bot.storage import audit, migrate
from bot.storage.engine import Database
from bot.storage.tables import attempt, contact_window, conversation, curator, curator_address, delivery, status_event
from bot.storage.tables import audit as audit_table
from bot.storage.tables import inbox as inbox_table
from tests.integration.alert_world import add_curator, add_partner
from tests.integration.messaging_support import (
    ANNA,
    BORIS,
    NOW,
    SENDER,
    THROTTLED,
    RecordingJobs,
    alert,
    inbound,
    put,
    record,
    report,
    row_of,
    take,
)  # fmt: skip

LATER = NOW + timedelta(hours=1)


def told(conn: Connection) -> dict[str, Any]:
    """One arrived for Anna and one for Boris, one is on its way to Anna, one waits; both have written."""
    jobs: Any = RecordingJobs()
    ids = {"anna": put(conn, alert("anna", ANNA)), "boris": put(conn, alert("boris", BORIS))}
    for number, claimed in enumerate(take(conn)):
        asked = {"form": {"To": claimed.to, "Body": claimed.body}}
        record(conn, claimed, Accepted(f"SM{number}", "queued", 201))
        exchanged = {"request": asked, "response": {"body": {"to": claimed.to}}}
        conn.execute(update(attempt).where(attempt.c.delivery_id == claimed.id).values(exchanged))
        report(conn, "delivered", sid=f"SM{number}", d=claimed.id)
    ids["way"] = put(conn, alert("way", ANNA))
    record(conn, take(conn)[0], Accepted("SM7", "queued", 201))
    ids["waits"] = put(conn, alert("waits", ANNA, kind=Kind.RECEIPT))
    for sid, sender in (("IN1", ANNA), ("IN2", BORIS)):
        inbox.accept(conn, inbound(sid, sender, "my secret"), jobs)
        message = inbox.next_for(conn, sender)
        assert message is not None
        inbox.finish(conn, message.id, "help", None, None, NOW)
        conn.execute(insert(conversation).values(address=sender))
    return ids


def everything(conn: Connection) -> str:
    tables = (delivery, attempt, status_event, inbox_table, conversation, contact_window, audit_table)
    return " ".join(repr(row) for table in tables for row in conn.execute(select(table)))


async def test_one_person_is_forgotten(db: Database) -> None:
    def story(conn: Connection) -> None:
        ids = told(conn)
        boris = row_of(conn, ids["boris"])
        done = forget(conn, [ANNA], partner_id=None, who="olga", reason="asked for", now=LATER)
        assert done == Forgotten(sent=2, received=1, left=1)
        shown = deliveries.show(conn, ids["anna"])
        assert shown is not None
        kept = shown.delivery
        assert (kept.body, kept.buttons, kept.state, kept.kind, kept.template) == (
            BLANK, [], "delivered", "alert", "alerts/ending",
        )  # fmt: skip
        assert kept.delivered_at == NOW
        assert [(one.outcome, one.request, one.response) for one in shown.attempts] == [("accepted", None, None)]
        assert row_of(conn, ids["waits"]).state == "cancelled"
        assert not resend.retry(conn, ids["waits"], LATER, RecordingJobs())
        assert row_of(conn, ids["boris"]) == boris
        way = row_of(conn, ids["way"])
        assert (way.to_address, way.body == BLANK) == (ANNA, False)
        report(conn, "delivered", sid="SM7", d=ids["way"], now=LATER)
        again = forget(conn, [ANNA], partner_id=None, who="olga", reason="the rest", now=LATER)
        assert again == Forgotten(sent=1, received=0, left=0)
        assert ANNA.removeprefix("whatsapp:") not in everything(conn)
        assert BORIS in everything(conn)
        last, first = audit.records(conn, None)
        assert (first.action, first.who, first.facts["reason"]) == ("messages.forgotten", "olga", "asked for")
        assert last.facts["left"] == 0

    await db.write(story)


async def test_what_is_waited_for_no_more_is_forgotten_and_never_goes_again(db: Database) -> None:
    """A message without reports stays `sent` for ever; one that fails after all is not sent in its blank form."""

    def story(conn: Connection) -> None:
        way = put(conn, alert("way", ANNA))
        record(conn, take(conn)[0], Accepted("SM7", "queued", 201))
        conn.execute(update(delivery).values(unconfirmed=True, claimed_until=None))
        assert forget_old(conn, LATER, LATER) == 1
        assert row_of(conn, way).body == BLANK
        report(conn, "failed", sid="SM7", d=way, code=63018, now=LATER)
        assert take(conn, LATER + timedelta(days=1)) == []
        assert row_of(conn, way).state in ("expired", "failed")

    await db.write(story)


async def test_who_was_taken_off_every_list_is_found_and_loses_the_name(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        boris, olga = add_curator(conn, "Boris"), add_curator(conn, "Olga")
        for who, address in ((boris, BORIS), (olga, ANNA)):
            put(conn, alert(f"to {who}", address, curator_id=who))
        conn.execute(curator_address.delete().where(curator_address.c.curator_id == boris))
        conn.execute(update(curator).where(curator.c.id == boris).values(removed_at=NOW))
        assert addresses_of(conn, boris) == [BORIS]
        forget(conn, [BORIS], partner_id=None, who="o", reason="r", now=LATER)
        forget(conn, [ANNA], partner_id=None, who="o", reason="r", now=LATER)
        assert sorted(conn.execute(select(curator.c.name)).scalars()) == [BLANK, "Olga"]
        assert (forget_name(conn, boris), forget_name(conn, olga)) == (True, False)

    await db.write(story)


def test_the_files_forget_too(tmp_path: Path) -> None:
    """SQLite leaves what was overwritten in free pages and in its log unless it is told otherwise."""
    with Database.open(f"sqlite:///{tmp_path / 'a.sqlite3'}") as db:
        migrate.upgrade(db)
        db.write_now(told)
        both = [ANNA, BORIS]
        db.write_now(lambda conn: forget(conn, both, partner_id=None, who="o", reason="r", now=LATER))
        assert db.fold()
        assert not any(b"my secret" in file.read_bytes() for file in tmp_path.iterdir())


async def test_a_stop_is_kept(db: Database) -> None:
    def story(conn: Connection) -> None:
        contacts.stop_contacts(
            conn, [{"sender": SENDER, "address": ANNA, "stopped_at": NOW, "stopped_reason": "recipient"}]
        )
        forget(conn, [ANNA], partner_id=None, who="o", reason="r", now=LATER)
        assert contacts.stopped(conn) == 1

    await db.write(story)


async def test_old_messages_are_blanked_in_chunks(db: Database) -> None:
    def story(conn: Connection) -> None:
        for n in range(5):
            put(conn, alert(f"old{n}", ANNA, expires_at=NOW))
        take(conn, NOW)  # they are too late
        put(conn, alert("refused", BORIS))
        record(conn, take(conn)[0], THROTTLED)
        new = put(conn, alert("new", ANNA, expires_at=NOW), now=LATER)
        take(conn, LATER)
        before, done = LATER - timedelta(minutes=1), []
        while n := forget_old(conn, before, LATER, limit=2):
            done.append(n)
        assert done == [2, 2, 1]
        bodies = {key: body for key, body in conn.execute(select(delivery.c.key, delivery.c.body))}
        assert {key for key, body in bodies.items() if body == BLANK} == {f"old{n}" for n in range(5)}
        assert row_of(conn, new).forgotten_at is None

    await db.write(story)
