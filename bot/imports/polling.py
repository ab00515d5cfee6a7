"""Accounts that were polled, as a Clients table: they enter by the same way as a table that a person brings."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup import channels
from bot.billing.gateways.wazzup.account_view import AccountView, ChannelView
from bot.directory import service as directory
from bot.directory.people import Client
from bot.ids import PartnerId
from bot.imports import repository
from bot.imports.apply import How, Write, import_in_units
from bot.imports.report import ImportReport
from bot.imports.sights import look_at_tasks
from bot.imports.table import POLL, Channels, ClientRow, Table

BY = "wazzup"
"""Who brings these tables."""
_HEADINGS = {
    "balance": "billing",
    "currency": "currency",
    "subscription_end": "subscriptions",
    "plan": "plan",
    "months": "months",
    "channels": "channels",
}


def table_of(views: Sequence[AccountView]) -> Table:
    """What a poll found: some of the clients, so that the others are not missing. What was not understood stands among
    the ignored. Pure.

    Channels count only: which of ours each is, is known by Wazzup's ids.
    """
    rows = tuple(_row(line, one) for line, one in enumerate(views, start=1))
    told = [name for name in _HEADINGS if any(getattr(row, name) is not None for row in rows)]
    digest = hashlib.sha256(repr([(row, told) for row in rows]).encode()).hexdigest()
    headings = {"account_id": "account_id"} | {name: _HEADINGS[name] for name in told}
    ignored = sorted({name for view in views for name in view.unread})
    return Table(rows, (), headings, tuple(ignored), POLL, digest)


def take(
    write: Write, partner_id: PartnerId, views: Sequence[AccountView], at: datetime, env: Surroundings, now: datetime
) -> ImportReport | None:
    """Take accounts that were read at or after `at` for true; None when nothing is different, then only the time is
    noted. What a newer table or poll has said meanwhile stays."""
    table = table_of(views)
    how = How(BY, yes=True, file_name="poll", as_of=at)
    found = import_in_units(write, partner_id, table, env=env, now=now, how=replace(how, dry_run=True))
    report = None
    if found.changes or found.added:
        report = import_in_units(write, partner_id, table, env=env, now=now, how=how)
    else:
        older = {account_id for one in found.rejected for account_id in one.account_ids}
        same = replace(table, rows=tuple(row for row in table.rows if row.account_id not in older))
        write(_seen_again, partner_id, same, at, env, now)
    for view in views:
        if view.channels is not None:
            write(_see_channels, partner_id, view.account_id, view.channels, env, at, now)
    return report


def _row(line: int, view: AccountView) -> ClientRow:
    return ClientRow(
        line=line,
        account_id=view.account_id,
        currency=view.currency,
        balance=view.balance,
        subscription_end=view.end,
        plan=view.plan,
        months=view.months,
        channels=Channels(len(view.channels)) if view.channels else None,
    )


def _seen_again(
    conn: Connection, partner_id: PartnerId, table: Table, at: datetime, env: Surroundings, now: datetime
) -> None:
    known = {one.account_id: one.id for one in directory.list_clients(conn, partner_id)}
    repository.mark_seen(conn, [known[row.account_id] for row in table.rows if row.account_id in known], at, POLL)
    look_at_tasks(conn, partner_id, table, at, env, now)


def _see_channels(
    conn: Connection,
    partner_id: PartnerId,
    account_id: str,
    views: Sequence[ChannelView],
    env: Surroundings,
    at: datetime,
    now: datetime,
) -> None:
    client = directory.client_by_account(conn, partner_id, account_id)
    if client is not None:
        changes = channels.see(conn, partner_id, client.id, views, at)
        alerts.apply(conn, changes, now=now, env=env)


def polled(conn: Connection) -> list[PartnerId]:
    """The partners whose clients live at Wazzup."""
    return [one.id for one in directory.list_partners(conn) if one.gateway == "wazzup"]


def page_of(conn: Connection, partner_id: PartnerId, after: str, size: int) -> list[Client]:
    """The next clients whose accounts are to be read, in the order of their ids."""
    clients = sorted(directory.list_clients(conn, partner_id), key=lambda one: one.account_id)
    return [one for one in clients if one.account_id > after][:size]
