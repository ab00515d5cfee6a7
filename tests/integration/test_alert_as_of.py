"""Alerts, answers and lists say as of when: those of a partner whose clients live elsewhere, not of the book."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from bot.messaging.templates import registry, render
from bot.storage.engine import Database
from bot.storage.tables import client, partner
from tests.integration.alert_world import (
    ALFA,
    BETA,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    imported,
    messages,
    scan,
)
from tests.integration.chat_world import phone_of

SEEN_AT = NOW - timedelta(hours=20)
TABLE = "Source: Wazzup table of yesterday 13:00"
POLL = "Source: Wazzup, read yesterday 13:00"


def world(conn: Connection, gateway: str, source: str = "import") -> None:
    add_partner(conn)
    conn.execute(update(partner).where(partner.c.id == RIGA).values(gateway=gateway))
    clients = [add_client(conn, GAMMA), add_client(conn, BETA)]
    conn.execute(update(client).values(as_of=SEEN_AT, source=source))
    imported(conn, clients)


@pytest.mark.parametrize(("source", "line"), [("import", TABLE), ("poll", POLL)])
async def test_clients_that_live_elsewhere(db: Database, source: str, line: str) -> None:
    def story(conn: Connection) -> None:
        world(conn, "wazzup", source)
        anna = phone_of(conn, add_curator(conn))
        scan(conn)
        (told,) = messages(conn)
        assert line in told.body
        for question in ("due", "clients", "balance beta", "1"):
            assert line in anna.ask(question).text, question
        assert anna.say("text beta")[1].text.splitlines() == [
            "Hello Ilze!",
            "The balance of Beta Kids (account 48210025) lasts till Sat 28 Nov 2026, then the channels stop.",
            "As of 25 Nov 13:00.",
            "Shall we top it up, or take a subscription?",
        ]
        conn.execute(update(client).values(language="ru", time_zone="Asia/Almaty"))
        assert "По состоянию на 25 ноября 16:00." in anna.say("text gamma")[1].text, "the client's language and zone"

    await db.write(story)


async def test_clients_of_the_book_are_as_they_are_now(db: Database) -> None:
    def story(conn: Connection) -> None:
        world(conn, "book")
        anna = phone_of(conn, add_curator(conn))
        scan(conn)
        (told,) = messages(conn)
        assert "Source" not in told.body
        for question in ("due", "clients", "balance beta", "renew gamma", "topup beta 100"):
            assert "Source" not in anna.ask(question).text, question
        assert "As of" not in anna.say("text beta")[1].text

    await db.write(story)


FOR_CLIENT = {
    "stopped": "Shall we switch everything on again?",
    "unpaid": "Shall we pay it?",
    "ended": "Shall we renew it?",
    "ending": "Shall we renew it in time?",
    "by_use": "Shall we top it up?",
    "running_out": "Shall we top it up, or take a subscription?",
    "fine": "As of 26 Nov 08:15.",
}


@pytest.mark.parametrize("what", FOR_CLIENT)
def test_every_text_for_a_client_says_as_of_when(what: str) -> None:
    sample = registry().entry("care/for_client").sample
    facts = {**sample, "what": what, "money_until": "2026-11-28", "as_of": "2026-11-26T08:15:00+02:00"}
    english = render("care/for_client", "en", facts).body.splitlines()
    assert "As of 26 Nov 08:15." in english
    assert english[-1] == FOR_CLIENT[what]
    assert "По состоянию на 26 ноября 08:15." in render("care/for_client", "ru", facts).body.splitlines()
    assert "As of" not in render("care/for_client", "en", {**facts, "as_of": ""}).body


def test_a_client_that_renews_by_itself_is_not_asked_to_pay() -> None:
    facts = {**registry().entry("care/for_client").sample, "by_itself": True}
    assert render("care/for_client", "en", facts).body.endswith("It renews by itself, you need not do anything.")


@pytest.mark.parametrize(
    ("balance", "said"),
    [("0.00", "€1,440.00"), ("40.00", "€1,440.00, €1,400.00 short"), ("1440.00", "€1,440.00")],
)
async def test_what_the_balance_lacks_for_the_coming_renewal(db: Database, balance: str, said: str) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn, replace(ALFA, balance=balance))
        scan(conn)
        (told,) = messages(conn)
        assert f"Renewal for 12 months: {said}" in told.body.splitlines()

    await db.write(story)
