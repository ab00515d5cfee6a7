"""What a client's channels spent by use (WABA conversations and templates), taken from the balance and kept by day.

Usage is known after the fact and by an event or a day of the client's own, so its day is not the moment it is posted:
`usage_charge` keeps it. Where it comes from (a person, a poll, a table) is the caller's matter; `ref` makes it count
once. The service stops such sending when the balance is empty, so usage is never posted on credit.
"""

from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from bot.billing import ledger, repository
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.changed import Changed
from bot.billing.ledger import Draft
from bot.billing.local_day import local_date
from bot.billing.posting import Origin, is_posted, post, shortfalls
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import Money, as_json
from bot.storage.tables import ledger_transaction, partner, posting, usage_charge

REF_LENGTH_MAX = 80


def record_usage(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    amount: Money,
    *,
    day: date,
    ref: str | None = None,
    note: str,
    by: str,
    now: datetime,
) -> list[Changed]:
    """Take what was used on a day from the client's balance; nothing when `ref` (by default the day) was recorded.

    Raises UserError unknown_client, wrong_currency, amount_too_small, usage_elsewhere (the balance comes from another
    system), usage_ahead (a day that has not come), bad_usage_key, key_conflict (another amount or day under the same
    `ref`), client_short.
    """
    key = ledger.usage_key(client_id, _ref(ref, day))
    _refuse(conn, partner_id, client_id, amount, day, now)
    own = open_account(conn, partner_id, "client", client_id, amount.currency)
    locked = lock_accounts(conn, [own.id])
    if is_posted(conn, partner_id, key):
        _refuse_other(conn, partner_id, key, amount, day)
        return []
    for missing in shortfalls(locked, {own.id: amount.minor}).values():
        raise UserError("client_short", missing=as_json(missing), available=as_json(locked[own.id].available))
    revenue = system_account(conn, partner_id, "revenue", amount.currency)
    draft = Draft(key, "usage", ledger.entries((own.id, revenue, amount)))
    (posted,) = post(conn, [draft], Origin(partner_id, now, client_id, note=f"{note} ({by})"), locked=locked)
    conn.execute(insert(usage_charge), {"transaction_id": posted, "client_id": client_id, "day": day.isoformat()})
    return [Changed(partner_id, client_id, "charged")]


def _ref(ref: str | None, day: date) -> str:
    if ref is None:
        return day.isoformat()
    plain = ref.strip()
    if not plain or len(plain) > REF_LENGTH_MAX or not plain.isprintable():
        raise UserError("bad_usage_key", most=REF_LENGTH_MAX)
    return plain


def _refuse(
    conn: Connection, partner_id: PartnerId, client_id: ClientId, amount: Money, day: date, now: datetime
) -> None:
    held = repository.holdings_of(conn, client_id, partner_id)
    if held.currency != amount.currency:
        raise UserError("wrong_currency", expected=held.currency, given=amount.currency)
    if amount.minor <= 0:
        raise UserError("amount_too_small", least=as_json(Money(1, amount.currency)), amount=as_json(amount))
    if conn.execute(select(partner.c.gateway).where(partner.c.id == partner_id)).scalar_one() != "book":
        raise UserError("usage_elsewhere")
    if day > local_date(now, held.time_zone):
        raise UserError("usage_ahead", day=day.isoformat())


def _refuse_other(conn: Connection, partner_id: PartnerId, key: str, amount: Money, day: date) -> None:
    query = (
        select(posting.c.amount, usage_charge.c.day)
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .join(usage_charge, usage_charge.c.transaction_id == ledger_transaction.c.id)
        .where(ledger_transaction.c.partner_id == partner_id, ledger_transaction.c.key == key)
    )
    if conn.execute(query).one() != (amount.minor, day.isoformat()):
        raise UserError("key_conflict", payment=key)
