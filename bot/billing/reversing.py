"""Takes a posted transaction back: the same amounts the other way, beside the first, which stays."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.billing import journal
from bot.billing.changed import Changed
from bot.billing.charging import start_again
from bot.billing.ledger import Draft, Entry, outflow, reverse_key
from bot.billing.posting import Origin, is_posted, lock_people, post, shortfalls
from bot.errors import UserError
from bot.ids import PartnerId, TransactionId
from bot.money import as_json
from bot.storage.tables import ledger_transaction

REVERSIBLE = ("deposit", "topup", "daily", "usage", "adjust", "opening", "welcome", "referral")
"""What is money alone. A subscription is not taken back: freezing and refunds are not offered."""


def reverse(
    conn: Connection, partner_id: PartnerId, transaction_id: TransactionId, *, reason: str, by: str, now: datetime
) -> list[Changed]:
    """Post the opposite of a transaction, with who wanted it and why; doing it again changes nothing.

    Raises UserError transaction_unknown, not_reversible, partner_short or client_short when the money is spent already.
    """
    query = select(ledger_transaction).where(
        ledger_transaction.c.partner_id == partner_id, ledger_transaction.c.id == transaction_id
    )
    found = next(iter(journal.read(conn, query)), None)
    if found is None:
        raise UserError("transaction_unknown", transaction=transaction_id)
    if found.kind not in REVERSIBLE or found.reverses is not None:
        raise UserError("not_reversible", kind=found.kind)
    opposite = tuple(Entry(line.to_id, line.from_id, line.amount) for line in found.lines)
    draft = Draft(reverse_key(transaction_id), "reversal", opposite)
    locked = lock_people(conn, [draft])
    if is_posted(conn, partner_id, draft.key):
        return []
    needed = {one: amount for one, amount in outflow([draft]).items() if one in locked}
    for account_id, missing in shortfalls(locked, needed).items():
        short = locked[account_id]
        key = "partner_short" if short.kind == "partner" else "client_short"
        raise UserError(key, missing=as_json(missing), available=as_json(short.available))
    origin = Origin(
        partner_id=partner_id,
        at=now,
        client_id=found.client_id,
        transfer_id=found.transfer_id,
        receipt=found.receipt,
        note=f"{reason} ({by})",
        reverses=found.id,
    )
    post(conn, [draft], origin, locked=locked)
    if found.client_id is None:
        return [Changed(partner_id, None, "taken_back")]
    changed = Changed(partner_id, found.client_id, "imported")
    return [changed, *start_again(conn, found.client_id, {}, now)]
