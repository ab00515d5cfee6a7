"""The grant of partner status: from its moment there is a Clients table, with the partner's own two accounts in it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.billing.opening import open_client
from bot.billing.plan import PriceBook
from bot.directory import partners, repository
from bot.directory import service as directory
from bot.directory.people import Client, ClientData, Partner
from bot.errors import UserError
from bot.ids import PartnerId
from bot.money import zero
from bot.partnership.account_numbers import new_account_id
from bot.storage.audit import OPERATOR, record

DEMO_NAME = "Demo account"


def grant_status(
    conn: Connection,
    book: PriceBook,
    partner_id: PartnerId,
    *,
    now: datetime,
    kind: partners.Granted = "official",
    program: str | None = None,
    account_id: str | None = None,
    currency: str = "EUR",
) -> Partner:
    """The operator grants what was applied for. An official partner gets the rows of main and demo account.

    UserError as `partners.grant` says, unknown_program.
    """
    if program is not None:
        book.program(program)
    granted = partners.grant(conn, partner_id, kind, now=now, program=program, account_id=account_id)
    if granted.kind == "official":
        _open_own_accounts(conn, granted, currency, now)
    facts = {"kind": granted.kind, "program": granted.program, "account_id": granted.account_id}
    record(conn, partner_id, "partner.granted", facts, who=OPERATOR, now=now)
    return granted


def end_partnership(conn: Connection, partner_id: PartnerId, reason: str, now: datetime) -> Partner:
    """The operator ends a partnership. UserError reason_needed, and those of `partners.leave`."""
    if not reason.strip():
        raise UserError("reason_needed")
    left = partners.leave(conn, partner_id, now)
    record(conn, partner_id, "partner.left", {"reason": reason.strip()}, who=OPERATOR, now=now)
    return left


def own_accounts(conn: Connection, partner_id: PartnerId) -> list[Client]:
    """The partner's main and demo account, as far as they exist."""
    return sorted(
        (one for one in directory.list_clients(conn, partner_id) if one.is_own), key=lambda one: one.kind, reverse=True
    )


def _open_own_accounts(conn: Connection, partner: Partner, currency: str, now: datetime) -> None:
    there = {one.kind for one in own_accounts(conn, partner.id)}
    if "main" not in there and partner.account_id is not None:
        listed = directory.client_by_account(conn, partner.id, partner.account_id)
        if listed is None:
            _open(conn, partner, "main", partner.account_id, partner.name, currency, now)
        else:
            repository.set_client_kind(conn, listed.id, "main")
    if "demo" not in there:
        _open(conn, partner, "demo", new_account_id(conn), DEMO_NAME, currency, now)


def _open(
    conn: Connection, partner: Partner, kind: str, account_id: str, company: str, currency: str, now: datetime
) -> None:
    data = ClientData(account_id, company, currency, partner.language, partner.time_zone, source="book")
    opened = directory.add_client(conn, partner.id, data, now, kind)
    open_client(conn, partner.id, opened.id, zero(currency), now=now)
