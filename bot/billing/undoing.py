"""An operation confirmed on the command line is taken back by its receipt's number, while it still waits."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.billing import transfers
from bot.billing.confirming import void
from bot.billing.transfers import Transfer
from bot.errors import UserError
from bot.ids import PartnerId, TransferId
from bot.storage.tables import transfer


def undo(conn: Connection, partner_id: PartnerId, receipt: str, now: datetime) -> Transfer:
    """Void it: nothing has moved, what was held is free again. Repeating changes nothing.

    Raises UserError receipt_unknown, undo_elsewhere (confirmed by a curator, or it waits for a person), too_late
    (posted).
    """
    number = receipt.strip().upper()
    mine = select(transfer.c.id).where(transfer.c.partner_id == partner_id, transfer.c.receipt == number)
    found = conn.execute(mine).scalar_one_or_none()
    moved = transfers.load(conn, transfer_id=TransferId(found)) if found is not None else None
    if moved is None or moved.confirmed_at is None:
        raise UserError("receipt_unknown", receipt=number)
    if moved.asked_by is not None or (moved.state == "pending" and moved.post_at is None):
        raise UserError("undo_elsewhere", receipt=number)
    return void(conn, moved.id, "cancelled", now)
