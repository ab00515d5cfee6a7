"""What clients paid the partner: recorded, linked to the money it paid for, and who owes whom. Not in the ledger."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, select, update

from bot.billing.allocation import Allocation, Credit, Payment, allocate
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import ClientId, ClientPaymentId, CuratorId, PartnerId, TransferId
from bot.money import Money, as_json
from bot.storage.tables import account, client, client_payment, ledger_transaction, posting, transfer

_REVERSAL = ledger_transaction.alias("reversal")
_STANDS = ~exists().where(_REVERSAL.c.reverses == ledger_transaction.c.id)
"""A top-up that was taken back is not owed for."""
_OWED_MAX = 500
"""So many clients are listed; more than that is a question for a table."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment as noted. `funds` is the credit it pays for, None while there is none. `owes` is what the client owes
    after it, `ahead` what he has paid beyond what he got.
    """

    id: ClientPaymentId
    client_id: ClientId
    amount: Money
    how: str | None
    funds: Credit | None
    owes: Money
    ahead: Money


@dataclass(frozen=True, slots=True)
class Debt:
    """A client who got more than he paid (`owes`), or paid more than he got (`ahead`), since when."""

    client_id: ClientId
    owes: Money
    ahead: Money
    since: datetime
    receipts: tuple[str, ...]


def record(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    amount: Money,
    *,
    how: str | None,
    recorded_by: CuratorId | None,
    now: datetime,
) -> Recorded:
    """Note that a client paid, and link it to the top-up it funds. Raises UserError unknown_client, wrong_currency,
    amount_too_small.
    """
    currency = conn.execute(
        select(client.c.currency).where(client.c.id == client_id, client.c.partner_id == partner_id).with_for_update()
    ).scalar()
    if currency is None:
        raise UserError("unknown_client", client=client_id)
    if currency != amount.currency:
        raise UserError("wrong_currency", expected=currency, given=amount.currency)
    if amount.minor <= 0:
        raise UserError("amount_too_small", least=as_json(Money(1, currency)), amount=as_json(amount))
    payment = Payment(ClientPaymentId(new_id()), now, amount.minor)
    credits, payments = _credits(conn, client_id), _payments(conn, client_id)
    found = allocate(credits, [*payments, payment])
    funded = next((part.transfer_id for part in found.parts if part.payment_id == payment.id), None)
    row = {
        "id": payment.id,
        "partner_id": partner_id,
        "client_id": client_id,
        "currency": currency,
        "amount": amount.minor,
        "how": how,
        "transfer_id": funded,
        "recorded_by": recorded_by,
        "at": now,
    }
    conn.execute(insert(client_payment), row)
    funds = next((one for one in credits if one.transfer_id == funded), None)
    return Recorded(payment.id, client_id, amount, how, funds, *_balance(found, currency))


def withdraw(conn: Connection, partner_id: PartnerId, payment_id: ClientPaymentId, now: datetime) -> Money | None:
    """Take back a note made by mistake; what it was, or None when there is none or it was taken back before."""
    which = client_payment.c.id == payment_id, client_payment.c.partner_id == partner_id
    taken = update(client_payment).where(*which, client_payment.c.withdrawn_at.is_(None)).values(withdrawn_at=now)
    row = conn.execute(taken.returning(client_payment.c.amount, client_payment.c.currency)).first()
    return None if row is None else Money(row.amount, row.currency)


def owes(conn: Connection, partner_id: PartnerId) -> list[Debt]:
    """Clients credited but not paid for, and paid but not credited; who owes since longest comes first."""
    credited, paid = _credited_sums(conn, partner_id), _paid_sums(conn, partner_id)
    uneven = [one for one in sorted({*credited, *paid}) if credited.get(one, 0) != paid.get(one, 0)]
    found = [_debt(conn, ClientId(one)) for one in uneven[:_OWED_MAX]]
    return sorted((one for one in found if one is not None), key=lambda one: (not one.owes, one.since, one.client_id))


def _debt(conn: Connection, client_id: ClientId) -> Debt | None:
    currency = conn.execute(select(client.c.currency).where(client.c.id == client_id)).scalar_one()
    found = allocate(_credits(conn, client_id), _payments(conn, client_id))
    open_ones = found.unpaid or found.ahead
    if not open_ones:
        return None
    receipts = tuple(one.receipt for one in found.unpaid if one.receipt)
    return Debt(client_id, *_balance(found, currency), since=open_ones[0].at, receipts=receipts)


def _balance(found: Allocation, currency: str) -> tuple[Money, Money]:
    return (
        Money(sum(one.minor for one in found.unpaid), currency),
        Money(sum(one.minor for one in found.ahead), currency),
    )


def _credits(conn: Connection, client_id: ClientId) -> list[Credit]:
    """What the client got by transfers, from the ledger."""
    query = (
        select(ledger_transaction.c.transfer_id, ledger_transaction.c.at, transfer.c.receipt,
               func.sum(posting.c.amount).label("minor"))
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .join(account, account.c.id == posting.c.to_id)
        .join(transfer, transfer.c.id == ledger_transaction.c.transfer_id)
        .where(ledger_transaction.c.client_id == client_id, ledger_transaction.c.kind == "topup", _STANDS,
               account.c.kind == "client", account.c.owner_id == client_id)
        .group_by(ledger_transaction.c.transfer_id, ledger_transaction.c.at, transfer.c.receipt)
    )  # fmt: skip
    return [Credit(TransferId(row.transfer_id), row.at, int(row.minor), row.receipt) for row in conn.execute(query)]


def _payments(conn: Connection, client_id: ClientId) -> list[Payment]:
    query = select(client_payment).where(
        client_payment.c.client_id == client_id, client_payment.c.withdrawn_at.is_(None)
    )
    return [Payment(ClientPaymentId(row.id), row.at, row.amount, row.transfer_id) for row in conn.execute(query)]


def _credited_sums(conn: Connection, partner_id: PartnerId) -> dict[str, int]:
    query = (
        select(account.c.owner_id, func.sum(posting.c.amount))
        .join(posting, posting.c.to_id == account.c.id)
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .where(
            account.c.partner_id == partner_id,
            account.c.kind == "client",
            ledger_transaction.c.kind == "topup",
            _STANDS,
        )
        .group_by(account.c.owner_id)
    )
    return {owner: int(total) for owner, total in conn.execute(query)}


def _paid_sums(conn: Connection, partner_id: PartnerId) -> dict[str, int]:
    query = (
        select(client_payment.c.client_id, func.sum(client_payment.c.amount))
        .where(client_payment.c.partner_id == partner_id, client_payment.c.withdrawn_at.is_(None))
        .group_by(client_payment.c.client_id)
    )
    return {client_id: int(total) for client_id, total in conn.execute(query)}
