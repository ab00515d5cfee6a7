"""Alerts, answers and lists say as of when: those of a partner whose clients live elsewhere, not of the book."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

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

    await db.write(story)


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
