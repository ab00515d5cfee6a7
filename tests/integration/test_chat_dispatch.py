"""The dispatcher itself: all or nothing, three tries, an apology, order, and two workers at one conversation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, select

from bot.clock import ManualClock
from bot.directory import service as directory
from bot.errors import TransientError, UserError
from bot.handlers.commands import Help, Stop
from bot.handlers.context import Context
from bot.handlers.dispatcher import ROUTER, dispatch, handle_next
from bot.handlers.env import Env
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.ids import Address
from bot.messaging import inbox
from bot.messaging.message import Inbound
from bot.storage.engine import Database
from bot.storage.tables import delivery
from bot.storage.tables import inbox as inbox_table
from tests.integration.alert_world import NOW, SENDER, Remembered, add_curator, add_partner, surroundings

ENV = Env(surroundings())


def _world(conn: Connection) -> Address:
    add_partner(conn)
    address = directory.get_curator(conn, add_curator(conn)).address
    assert address is not None
    return address


def _receive(conn: Connection, address: Address, *texts: str) -> None:
    for n, text in enumerate(texts):
        row = Inbound("twilio", f"SM{n:032d}", address, SENDER, text, NOW.replace(microsecond=n))
        inbox.accept(conn, row, Remembered())


def _states(conn: Connection) -> list[tuple[str, int, str | None]]:
    query = select(inbox_table.c.state, inbox_table.c.attempts, inbox_table.c.outcome)
    return [(row.state, row.attempts, row.outcome) for row in conn.execute(query.order_by(inbox_table.c.received_at))]


def _templates(conn: Connection) -> list[str]:
    return list(conn.execute(select(delivery.c.template).order_by(delivery.c.id)).scalars())


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Iterator[list[int]]:
    """`help` stops the person and then breaks."""
    tries: list[int] = []

    def handler(ctx: Context, command: Help) -> Replies:
        tries.append(1)
        directory.stop(ctx.conn, ctx.curator.id, ctx.now)
        raise error

    with monkeypatch.context() as patch:
        patch.setitem(ROUTER._commands, Help, handler)
        yield tries


async def test_what_waits_is_handled_in_order_once(db: Database) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, "stop", "start", "help")
    await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert await db.read(_templates) == ["people/stopped", "people/started", "replies/help"]
    assert [state for state, _, _ in await db.read(_states)] == ["handled"] * 3
    await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert len(await db.read(_templates)) == 3


async def test_a_broken_handler_is_tried_three_times_then_apologised_for(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, "help", "start")
    with broken(monkeypatch, ZeroDivisionError()) as tries:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
        await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert len(tries) == 3
    assert await db.read(_states) == [("dead", 3, "failed"), ("handled", 0, "start")]
    assert await db.read(_templates) == ["replies/trouble", "people/started"]
    curators = await db.read(directory.identify, address)
    assert curators[0].stopped_at is None


async def test_a_refusal_leaves_nothing_of_what_the_handler_did(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, "help")
    with broken(monkeypatch, UserError("quote_expired")):
        await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert await db.read(_states) == [("handled", 0, "refused:quote_expired")]
    assert await db.read(_templates) == ["replies/error_quote_expired"]
    curators = await db.read(directory.identify, address)
    assert curators[0].stopped_at is None


async def test_a_reason_without_words_is_apologised_for(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, "help")
    with broken(monkeypatch, UserError("never_heard_of")):
        await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert await db.read(_templates) == ["replies/trouble"]


async def test_a_passing_failure_is_left_to_the_job(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, "help")
    with broken(monkeypatch, TransientError()), pytest.raises(TransientError):
        await dispatch(db, address, clock=ManualClock(NOW), env=ENV)
    assert await db.read(_states) == [("received", 0, None)]


async def test_two_workers_at_one_conversation_answer_each_message_once(db: Database) -> None:
    address = await db.write(_world)
    await db.write(_receive, address, *["help"] * 10)
    one = partial(handle_next, now=NOW, env=ENV)
    done = await asyncio.gather(*(db.write(one, address) for _ in range(16)))
    assert sum(done) == 10
    assert await db.read(_templates) == ["replies/help"] * 10
    assert [state for state, _, _ in await db.read(_states)] == ["handled"] * 10


async def test_an_unknown_number_that_breaks_something_gets_no_apology(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    stranger = Address("whatsapp:+4915112345678")
    await db.write(_receive, stranger, "hi")
    monkeypatch.setattr("bot.handlers.middleware.refuse_unknown", fail)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await dispatch(db, stranger, clock=ManualClock(NOW), env=ENV)
    await dispatch(db, stranger, clock=ManualClock(NOW), env=ENV)
    assert await db.read(_states) == [("dead", 3, "failed")]
    assert await db.read(_templates) == []


def test_a_command_has_one_handler() -> None:
    router = Router()

    @router.command(Stop)
    def stop(ctx: Context, command: Stop) -> Replies:
        return [Reply("people/stopped")]

    with pytest.raises(ValueError, match="already"):
        router.command(Stop)(stop)
    assert router.find(Stop()) is stop
    assert router.find(Help()) is None
    assert router.name(Stop()) == "stop"
