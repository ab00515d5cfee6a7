"""Killed with SIGKILL between the steps of subscribing a client first and paying then: all of it is there, or nothing.

The dying process works on a database file that outlives it; the next one finishes what waits.
"""

import asyncio
import functools
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.app.settling import settle
from bot.billing import charging, confirming, posting, repository, transfers
from bot.billing import service as billing
from bot.billing.gateways import book
from bot.ids import TransferId
from bot.storage.engine import Database
from bot.storage.tables import client, ledger_transaction, subscription, transfer
from tests.integration.alert_world import BETA, BOOK, ENV, NOW, RIGA, add_client, add_curator, add_partner
from tests.integration.chat_world import phone_of

STEPS: dict[str, tuple[Any, str]] = {
    "the postings": (posting, "write_transactions"),
    "the balances": (book, "post"),
    "the subscription": (book, "_write_subscription"),
    "its channels": (repository, "update_channels"),
    "started again": (charging, "start_again"),
    "the transfer": (transfers, "move_on"),
    "all but the receipts": (confirming, "_carry_out"),
}
"""What the unit does, in order; the process dies right after each."""
WINDOW = timedelta(seconds=60)
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.simulation.test_money_crashes"])


def live(url: str, step: str) -> None:
    """Post what waits, and die right after that step."""
    room, name = STEPS[step]
    setattr(room, name, _deadly(getattr(room, name)))
    with Database.open(url) as db:
        db.write_now(settle, NOW + WINDOW * 2, ENV)


def _deadly(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def then_die(*given: Any, **named: Any) -> Any:
        step(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return then_die


def guard_taken(conn: Connection) -> TransferId:
    """Anna takes the better way of a guard; a minute later it is to be posted."""
    add_partner(conn)
    anna = phone_of(conn, add_curator(conn))
    add_client(conn, BETA)
    anna.env = replace(anna.env, around=replace(anna.env.around, undo_seconds=WINDOW.seconds))
    question = anna.ask("topup beta 100")
    [held] = anna.tap(question, "Subscribe, then pay")
    assert held.template == "replies/pending_subscribe"
    return TransferId(conn.execute(select(transfer.c.id).where(transfer.c.state == "pending")).scalar_one())


def seen(conn: Connection) -> tuple[Any, ...]:
    """Balances, what is held, what is posted, bought and waiting."""
    kinds = conn.execute(select(ledger_transaction.c.kind).order_by(ledger_transaction.c.id)).scalars().all()
    states = sorted(conn.execute(select(transfer.c.state)).scalars())
    bought = conn.execute(select(subscription.c.id)).all()
    own = billing.partner_accounts(conn, RIGA)[0]
    who = conn.execute(select(client.c.id)).scalar_one()
    stands = billing.standing(conn, who, NOW, BOOK)
    return own.balance, own.held, kinds, states, len(bought), stands.balance


@pytest.mark.parametrize("step", STEPS)
async def test_killed_after(step: str, sqlite_url: str) -> None:
    with Database.open(sqlite_url) as db:
        db.write_now(guard_taken)
        before = db.read_now(seen)
    process = _PROCESSES.Process(target=live, args=(sqlite_url, step))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, f"{step} was never reached"
    with Database.open(sqlite_url) as db:
        assert db.read_now(seen) == before
        assert db.read_now(billing.check).ok
        db.write_now(settle, NOW + WINDOW * 2, ENV)
        balance, held, kinds, states, bought, left = db.read_now(seen)
        assert (str(balance), held.minor, bought, left.minor) == ("1147.35 EUR", 0, 1, 0)
        assert kinds[-2:] == ["topup", "subscribe"]
        assert states == ["posted", "voided"]
        assert db.write_now(settle, NOW + WINDOW * 3, ENV) == []
        assert db.read_now(billing.check).ok
