"""What went wrong with others' messages, as tests of ours. Each docstring names the peer and the lesson."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, select

from bot.billing import service as billing
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.errors import UserError
from bot.handlers.dispatcher import handle_next
from bot.handlers.env import Env
from bot.ids import Address
from bot.messaging import inbox
from bot.messaging.message import Inbound
from bot.messaging.template_filters import plain
from bot.messaging.templates import registry
from bot.storage.engine import Database
from bot.storage.tables import delivery
from bot.storage.tables import inbox as inbox_table
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import (
    NOW,
    RIGA,
    SENDER,
    Remembered,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    scan,
    surroundings,
)
from tests.integration.chat_world import phone_of
from tests.integration.messaging_support import NOW as THEN
from tests.integration.messaging_support import alert, inbound, put, report, row_of, states
from tests.integration.test_messaging_crash import Fuse, Provider, come_back, live_and_die
from tests.integration.test_messaging_statuses import sent

ENV = Env(surroundings())


def heard(address: Address) -> Inbound:
    return Inbound("twilio", "SM" + "7" * 32, address, SENDER, "balance alfa", NOW)


async def test_the_same_message_twice_in_a_second_has_one_effect_and_one_reply(db: Database) -> None:
    """OpenWA 464 (lesson 1): delivered twice within a second, and a dedup that was not atomic doubled the records."""

    def world(conn: Connection) -> Address:
        add_partner(conn)
        address = directory.get_curator(conn, add_curator(conn)).address
        add_client(conn)
        assert address is not None
        return address

    address = await db.write(world)
    await asyncio.gather(*(db.write(inbox.accept, heard(address), Remembered()) for _ in range(4)))
    answered = await asyncio.gather(*(db.write(partial(handle_next, now=NOW, env=ENV), address) for _ in range(2)))
    assert sum(answered) == 1
    assert len(await db.read(lambda conn: conn.execute(select(delivery.c.id)).all())) == 1


async def test_a_message_is_seen_only_once_it_was_acted_upon(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evolution 1762 and 2110 (lesson 1): marked as seen before it was processed, so that a failure lost it."""

    def world(conn: Connection) -> Address:
        add_partner(conn)
        address = directory.get_curator(conn, add_curator(conn)).address
        assert address is not None
        inbox.accept(conn, heard(address), Remembered())
        return address

    def fails(*_: object, **__: object) -> None:
        raise KeyError("in the middle of it")

    address = await db.write(world)
    with monkeypatch.context() as broken:
        broken.setattr("bot.handlers.dispatcher.outbox.enqueue", fails)
        with pytest.raises(KeyError):
            await db.write(partial(handle_next, now=NOW, env=ENV), address)
    states_then = await db.read(lambda conn: list(conn.execute(select(inbox_table.c.state)).scalars()))
    assert states_then == ["received"]
    assert await db.write(partial(handle_next, now=NOW, env=ENV), address)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(8))
async def test_whatever_moment_it_is_killed_at_nothing_is_lost(step: int, after: bool) -> None:
    """Lago's gap after the commit, Bedolaga's check-send-record (lesson 3): a kill between lost or doubled it."""
    with fresh_sqlite() as db:
        clock = ManualClock(THEN)
        provider = Provider(clock)
        await db.write(lambda conn: put(conn, alert("one")))
        await live_and_die(db, provider, clock, Fuse(step, after))
        await come_back(db, provider, clock)
        assert await states(db) == {"one": "delivered"}
        assert len(provider.sent) == 1


@pytest.mark.parametrize("order", [["failed", "delivered"], ["delivered", "failed"]])
async def test_reports_that_contradict_each_other_come_to_one_state_and_are_shown(
    db: Database, order: list[str]
) -> None:
    """Chatwoot 13377 (lesson 10): shown as delivered while 131026 said that it could not be."""

    def story(conn: Connection) -> None:
        made = sent(conn)
        for status in order:
            report(conn, status, d=made, code=63024 if status == "failed" else None)
        row = row_of(conn, made)
        assert (row.state, row.contradicted) == ("delivered", True)

    await db.write(story)


async def test_an_answer_of_two_hundred_is_no_delivery(db: Database) -> None:
    """Evolution 2404 (lesson 10): 201 was answered and the buttons never came. Taken is `sent`, no more."""

    def story(conn: Connection) -> None:
        made = sent(conn)
        assert row_of(conn, made).state == "sent"
        report(conn, "sent", d=made)
        assert row_of(conn, made).state == "sent"
        report(conn, "delivered", d=made)
        assert row_of(conn, made).state == "delivered"

    await db.write(story)


async def test_a_failure_is_seen_and_not_only_logged(db: Database) -> None:
    """Chatwoot 8503, hermes-agent 80056: failures outside of the window were invisible to the people concerned."""

    def story(conn: Connection) -> None:
        inbox.accept_many(conn, [inbound()], Remembered())
        made = sent(conn)
        report(conn, "undelivered", d=made, code=63024)
        row = row_of(conn, made)
        assert (row.state, row.error_code) == ("undelivered", 63024)

    await db.write(story)


def test_no_text_has_more_than_three_buttons() -> None:
    """Evolution 1036 (lesson 11): a fourth reply button was dropped by WhatsApp, or the whole message was."""
    texts = registry()
    assert max(len(texts.entry(name).buttons) for name in texts.names()) == 3


async def test_a_list_of_more_than_ten_is_paged_by_number(db: Database) -> None:
    """Typebot 1481 (lesson 11): a list holds ten rows; the rest must be reachable all the same."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        for n in range(23):
            add_client(conn, Wanted(f"482300{n:02d}", f"Firm {n:02d}"), told=False)
        phone = phone_of(conn, anna)
        pages = [phone.ask("clients").text, phone.ask("clients 2").text, phone.ask("clients 3").text]
        names = [f"Firm {n:02d}" for n in range(23)]
        assert [sum(name in page for name in names) for page in pages] == [10, 10, 3]

    await db.write(story)


@pytest.mark.parametrize(
    ("sign", "length"),
    [("e\u0301", 2), ("\U0001f44d\U0001f3fd", 2), ("\U0001f1f1\U0001f1fb", 2), ("ш\u0306", 2)],
)
def test_a_long_name_is_cut_between_signs_that_a_reader_sees(sign: str, length: int) -> None:
    """Lesson 11: cut in the middle of a sign, a name ends in half a flag or a bare accent."""
    for before in range(8):
        shown = plain("x" * before + sign * 20, 12)
        assert len(shown) <= 12
        whole = shown.removesuffix("…")[before:]
        assert len(whole) % length == 0


async def test_an_alert_does_not_ride_on_the_channel_it_watches(db: Database) -> None:
    """Purelymail 166, Wazzup's own rule (lesson 12): the warning went to the mailbox that had been switched off."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        firm = add_client(conn, Wanted("48230099", "Firm", channels=1))
        billing.set_channels(conn, RIGA, firm, [("whatsapp", "371 200-00-555")], None, False, NOW)
        with pytest.raises(UserError, match="phone_is_channel"):
            directory.add_curator(conn, RIGA, name="Rider", phone="+37120000555", now=NOW, consent="asked")

    await db.write(story)


async def test_a_person_learns_nothing_before_agreeing(db: Database) -> None:
    """PHPNuxBill and the like write to any number in the table; here an alert waits for a yes."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "New", consent=None)
        add_client(conn)
        scan(conn)
        assert not list(conn.execute(select(delivery.c.id).where(delivery.c.kind == "alert")))

    await db.write(story)
