"""What went wrong with others' money, as tests of ours. Each docstring names the peer and the lesson."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from bot.billing import service as billing
from bot.billing.charging import charge_due, is_waiting
from bot.errors import UserError
from bot.ids import ClientId
from bot.storage.engine import Database
from tests.integration import alert_world as world
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BOOK,
    BORIS,
    BORISES,
    NORD,
    NOW,
    ask_renewal,
    ask_top_up,
    balance_of,
    euro,
    partner_money,
    say_yes,
    start,
)

DAY = timedelta(days=1)


async def test_sixteen_withdrawals_at_once_overdraw_nothing(db: Database) -> None:
    """Section 3, envato 114 (lesson 4): read, compare, withdraw: sixteen of sixteen were accepted and left -14,040."""
    client_id = await db.write(start, ALFA, "936.00")
    quotes = [await db.write(lambda conn: ask_top_up(conn, client_id, euro("1440"))) for _ in range(16)]
    results = await asyncio.gather(*(db.write(say_yes, quote) for quote in quotes), return_exceptions=True)
    assert [type(one) for one in results].count(UserError) == 15
    assert await db.read(partner_money) == (euro("0"), euro("0"))
    assert (await db.read(billing.check)).ok


async def test_one_key_twice_is_one_payment(db: Database) -> None:
    """Formance 1464 and 1633: the same payment applied twice, or the same key twice in a batch, crashed."""
    client_id = await db.write(start, ALFA, "1000.00")
    quote = await db.write(lambda conn: ask_top_up(conn, client_id, euro("100")))
    done = await asyncio.gather(*(db.write(say_yes, quote) for _ in range(4)))
    assert len({one.receipt for one in done}) == 1
    assert await db.read(balance_of, client_id) == euro("100")


async def test_who_has_enough_is_never_told_that_it_is_not(db: Database) -> None:
    """BTCPay 7108 (lesson 6): subscribers with enough credit got "insufficient" mail, and expired."""

    def story(conn: Connection) -> None:
        world.add_partner(conn)
        world.add_curator(conn)
        client = world.add_client(conn, replace(world.ALFA, balance="1440.00", ends=date(2026, 12, 3)))
        world.scan(conn)
        (told,) = world.messages(conn)
        assert "Renewal" in told.body
        assert not [word for word in ("short", "lacks", "not enough") if word in told.body]
        found = billing.standing(conn, client, world.NOW, world.BOOK)
        assert found.renewal is not None
        assert found.available.minor >= found.renewal.minor

    await db.write(story)


async def test_days_that_were_added_stop_the_daily_charge(db: Database) -> None:
    """Bedolaga 2896 (lesson 6): the daily charge went on although days had been added."""

    def story(conn: Connection) -> None:
        world.add_partner(conn)
        client = world.add_client(conn, replace(world.BETA, balance="100.00", ends=date(2026, 11, 27), channels=1))
        world.move_end(conn, client, date(2026, 12, 10), now=world.NOW + DAY)
        for days in range(1, 10):
            while is_waiting(conn, world.NOW + days * DAY):
                charge_due(conn, world.BOOK, world.NOW + days * DAY)
        assert billing.standing(conn, client, world.NOW + 9 * DAY, world.BOOK).balance == euro("100.00")

    await db.write(story)


def _tap(conn: Connection, token: str, who: str, where: str, late: timedelta) -> None:
    curator = ANNA if who == "anna" else BORIS
    address = ANNAS if where == "anna" else BORISES
    billing.confirm(conn, token=token, curator_id=curator, address=address, now=NOW + late)


@pytest.mark.parametrize(
    ("who", "where", "late", "reason"),
    [
        ("boris", "anna", timedelta(), "quote_not_yours"),
        ("anna", "boris", timedelta(), "quote_not_yours"),
        ("boris", "boris", timedelta(), "quote_not_yours"),
        ("anna", "anna", timedelta(minutes=10), "quote_expired"),
    ],
)
async def test_a_confirmation_by_a_stranger_or_too_late_moves_nothing(
    db: Database, who: str, where: str, late: timedelta, reason: str
) -> None:
    """hermes-agent 81388, fak 2266 (lesson 9): any member of the chat could approve another's request, at any time."""
    client_id = await db.write(start, ALFA, "1000.00")
    quote = await db.write(lambda conn: ask_top_up(conn, client_id, euro("100")))
    with pytest.raises(UserError, match=reason):
        await db.write(_tap, quote.token, who, where, late)
    assert await db.read(balance_of, client_id) == euro("0")


async def test_a_confirmation_after_the_facts_have_changed_is_refused(db: Database) -> None:
    """Lesson 9: pressed after the price or the end date moved, it must not buy what nobody was shown."""

    def boris_was_first(conn: Connection, client_id: ClientId) -> None:
        quote = billing.quote_renewal(
            conn, BOOK, partner_id=NORD, client_id=client_id, asked_by=BORIS, asked_from=BORISES, now=NOW
        )
        billing.confirm(conn, token=quote.token, curator_id=BORIS, address=BORISES, now=NOW)

    client_id = await db.write(start, ALFA, "5000.00")
    annas = await db.write(lambda conn: ask_renewal(conn, client_id))
    await db.write(boris_was_first, client_id)
    with pytest.raises(UserError, match="quote_stale"):
        await db.write(say_yes, annas)
    assert (await db.read(billing.standing, client_id, NOW, BOOK)).next_end == date(2027, 12, 3)
