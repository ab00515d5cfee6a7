"""Money that comes from outside a quote: opening balances, deposits, differences put right."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.billing import ledger, repository
from bot.billing.accounts import Account, lock_accounts, open_account, system_account
from bot.billing.changed import Changed
from bot.billing.charging import start_again
from bot.billing.ledger import Draft
from bot.billing.posting import Origin, is_posted, post, set_floor
from bot.errors import UserError
from bot.id_generator import new_receipt
from bot.ids import AccountId, ClientId, PartnerId
from bot.money import Money, as_json
from bot.storage.tables import ledger_transaction, posting


def open_client(conn: Connection, partner_id: PartnerId, client_id: ClientId, opening: Money, *, now: datetime) -> bool:
    """Open a client's account with the balance he came with; False when that had been done before.

    A debt is posted the other way round, and the account's floor is that debt: it may be paid off, not run up.
    Raises UserError unknown_client, wrong_currency.
    """
    _refuse_currency(conn, partner_id, client_id, opening)
    opened = open_account(conn, partner_id, "client", client_id, opening.currency)
    locked = _lock(conn, opened.id)
    key = ledger.opening_key(client_id)
    if not opening or is_posted(conn, partner_id, key):
        return False
    source = system_account(conn, partner_id, "opening", opening.currency)
    if opening.minor < 0:
        set_floor(conn, opened.id, opening.minor)
    _post_one(conn, key, "opening", source, opened.id, opening, locked, Origin(partner_id, now, client_id))
    return True


def deposit(
    conn: Connection, partner_id: PartnerId, amount: Money, *, reason: str, by: str, key: str, now: datetime
) -> list[Changed]:
    """Put money on the partner account. `key` is the payment's own id at the bank: the same one counts once.

    Raises UserError amount_too_small, or key_conflict when the key was used for another amount.
    """
    if amount.minor <= 0:
        raise UserError("amount_too_small", least=as_json(Money(1, amount.currency)), amount=as_json(amount))
    opened = open_account(conn, partner_id, "partner", partner_id, amount.currency)
    locked = _lock(conn, opened.id)
    full_key = ledger.deposit_key(key)
    if is_posted(conn, partner_id, full_key):
        _refuse_other_amount(conn, partner_id, full_key, amount)
        return []
    source = system_account(conn, partner_id, "outside", amount.currency)
    origin = Origin(partner_id, now, receipt=new_receipt(), note=f"{reason} ({by})")
    _post_one(conn, full_key, "deposit", source, opened.id, amount, locked, origin)
    return [Changed(partner_id, None, "deposited")]


def adjust_balance(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    target: Money,
    *,
    reason: str,
    by: str,
    key: str,
    now: datetime,
    bought: bool = False,
) -> list[Changed]:
    """Post the difference that brings a client's balance to `target`, with who wants it and why; `key` counts once.

    `bought`: the same sight shows a later end of the subscription, so no forecast takes the difference for use.
    Raises UserError unknown_client, wrong_currency, client_short (money is held that the target would not leave).
    """
    _refuse_currency(conn, partner_id, client_id, target)
    opened = open_account(conn, partner_id, "client", client_id, target.currency)
    locked = _lock(conn, opened.id)
    found = locked[opened.id]
    difference = target - found.balance
    full_key = ledger.adjust_key(key, bought=bought)
    if not difference or is_posted(conn, partner_id, full_key):
        return []
    if found.held and target.minor < found.held:
        raise UserError("client_short", missing=as_json(Money(found.held, target.currency)), available=as_json(target))
    if found.floor is not None and target.minor < found.floor:
        set_floor(conn, opened.id, target.minor)
    source = system_account(conn, partner_id, "opening", target.currency)
    origin = Origin(partner_id, now, client_id, note=f"{reason} ({by})")
    _post_one(conn, full_key, "adjust", source, opened.id, difference, locked, origin)
    return [Changed(partner_id, client_id, "imported"), *start_again(conn, client_id, {}, now)]


def _post_one(
    conn: Connection,
    key: str,
    kind: str,
    other: AccountId,
    own: AccountId,
    amount: Money,
    locked: dict[AccountId, Account],
    origin: Origin,
) -> None:
    """One entry between an account of ours and the books' other side; a negative amount goes the other way."""
    move = (other, own, amount) if amount.minor > 0 else (own, other, -amount)
    post(conn, [Draft(key, kind, ledger.entries(move))], origin, locked=locked)


def _lock(conn: Connection, account_id: AccountId) -> dict[AccountId, Account]:
    return lock_accounts(conn, [account_id])


def _refuse_currency(conn: Connection, partner_id: PartnerId, client_id: ClientId, amount: Money) -> None:
    held = repository.holdings_of(conn, client_id, partner_id)
    if held.currency != amount.currency:
        raise UserError("wrong_currency", expected=held.currency, given=amount.currency)


def _refuse_other_amount(conn: Connection, partner_id: PartnerId, key: str, amount: Money) -> None:
    query = (
        select(posting.c.amount, posting.c.currency)
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .where(ledger_transaction.c.partner_id == partner_id, ledger_transaction.c.key == key)
    )
    if any((row.amount, row.currency) != (amount.minor, amount.currency) for row in conn.execute(query)):
        raise UserError("key_conflict", payment=key)
