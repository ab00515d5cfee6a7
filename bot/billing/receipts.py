"""What a receipt says: a posted transfer in numbers, from the ledger."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.billing import transfers
from bot.billing.accounts import Kind, find_account
from bot.billing.local_day import local_date
from bot.billing.quote import Quote, plain
from bot.billing.transfers import State, Transfer
from bot.errors import UserError
from bot.ids import ClientId, CuratorId, PartnerId, TransferId
from bot.money import Money
from bot.storage.tables import client


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A transfer as its receipt shows it. For the client: `deposit`, `price`, `client_left`; for the partner the
    `withdrawal` and what his account has left: what can be spent right after the transfer, or now while it waits.
    `late_from`: the day on which a renewal by itself begins that came after the end.
    """

    transfer_id: TransferId
    partner_id: PartnerId
    client_id: ClientId
    kind: str
    state: State
    receipt: str
    at: datetime
    asked_by: CuratorId | None
    deposit: Money
    withdrawal: Money
    keeps: Money
    price: Money | None
    client_left: Money
    partner_left: Money
    plan: str | None
    plan_title: str | None
    months: int | None
    channels: int
    ends_before: date | None
    ends_after: date | None
    late_from: date | None

    def facts(self) -> dict[str, Any]:
        """Every field as plain JSON, in the shapes that texts take."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def receipt(conn: Connection, transfer_id: TransferId) -> ReceiptView:
    """The receipt of a confirmed transfer. Raises UserError quote_unknown for one that nobody confirmed."""
    moved = transfers.read(conn, transfer_id)
    if moved is None or moved.client_id is None or moved.state not in ("pending", "posted"):
        raise UserError("quote_unknown")
    quote = moved.quote
    return ReceiptView(
        transfer_id=moved.id,
        partner_id=moved.partner_id,
        client_id=moved.client_id,
        kind=moved.kind,
        state=moved.state,
        receipt=moved.receipt,
        at=moved.settled_at or moved.confirmed_at or moved.created_at,
        asked_by=moved.asked_by,
        deposit=quote.client_gets,
        withdrawal=quote.partner_pays,
        keeps=quote.partner_keeps,
        price=quote.price,
        client_left=_left(conn, moved, quote, "client", quote.client_id),
        partner_left=_left(conn, moved, quote, "partner", quote.partner_id),
        plan=quote.plan,
        plan_title=quote.plan_title,
        months=quote.months,
        channels=quote.channels,
        ends_before=quote.ends_before,
        ends_after=quote.ends_after,
        late_from=_late_from(conn, moved, quote),
    )


def _late_from(conn: Connection, moved: Transfer, quote: Quote) -> date | None:
    if moved.kind != "renew" or moved.asked_by is not None or quote.ends_before is None:
        return None
    zone = conn.execute(select(client.c.time_zone).where(client.c.id == quote.client_id)).scalar_one()
    day = local_date(moved.confirmed_at or moved.created_at, zone)
    return quote.starts_on if day > quote.ends_before else None


def _left(conn: Connection, moved: Transfer, quote: Quote, kind: Kind, owner_id: str) -> Money:
    """What was left right after posting; where the transfer did not touch that account, or waits, what is there now."""
    noted = moved.effect.get("left", {}).get(kind)
    if noted is not None:
        return Money(noted, moved.currency)
    found = find_account(conn, quote.partner_id, kind, owner_id, moved.currency)
    return found.available if found else Money(0, moved.currency)
