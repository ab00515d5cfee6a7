"""Money that a payer or his bank took back: out of the partner account, below zero if need be, and in again."""

from datetime import datetime

from sqlalchemy import Connection

from bot.billing import ledger
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.changed import Changed
from bot.billing.ledger import Draft
from bot.billing.payments.news import Checkout, News, Outcome
from bot.billing.payments.port import Reversal
from bot.billing.posting import Origin, is_posted, post, set_floor
from bot.id_generator import new_receipt
from bot.ids import AccountId
from bot.money import Money


def apply_reversal(conn: Connection, paid: Checkout, reversal: Reversal, now: datetime) -> Outcome:
    """Post what was taken and what came back, each once: in whatever order it is reported, the books end the same."""
    key = f"{paid.provider}:{reversal.id}"
    taken = not is_posted(conn, paid.partner_id, key)
    back = reversal.returned and not is_posted(conn, paid.partner_id, f"{key}:returned")
    own = open_account(conn, paid.partner_id, "partner", paid.partner_id, reversal.amount.currency).id
    outside = system_account(conn, paid.partner_id, "outside", reversal.amount.currency)
    receipt = new_receipt()
    if taken:
        _let_owe(conn, own, reversal.amount)
        draft = Draft(key, reversal.why, ledger.entries((own, outside, reversal.amount)))
        _post(conn, own, draft, _origin(paid, reversal, receipt, now))
    if back:
        draft = Draft(f"{key}:returned", "restored", ledger.entries((outside, own, reversal.amount)))
        _post(conn, own, draft, _origin(paid, reversal, receipt, now))
    if not taken and not back:
        return Outcome()
    changes = [Changed(paid.partner_id, None, "restored" if back else "taken_back")]
    if taken and back:
        return Outcome(changes)
    left = _left(conn, own)
    news = News("restored" if back else "taken_back", paid, reversal.amount, left, receipt, reversal.id, reversal.why)
    return Outcome(changes, [news])


def _let_owe(conn: Connection, own: AccountId, amount: Money) -> None:
    """The money has left whether the account has it or not: then it owes, and spends nothing until that is paid."""
    found = lock_accounts(conn, [own])[own]
    if found.floor is not None:
        set_floor(conn, own, min(found.floor, found.available.minor - amount.minor))


def _post(conn: Connection, own: AccountId, draft: Draft, origin: Origin) -> None:
    post(conn, [draft], origin, locked=lock_accounts(conn, [own]))


def _left(conn: Connection, own: AccountId) -> Money:
    return lock_accounts(conn, [own])[own].available


def _origin(paid: Checkout, reversal: Reversal, receipt: str, now: datetime) -> Origin:
    note = f"{reversal.why} {reversal.id} of {paid.session_id} ({paid.provider})"
    return Origin(paid.partner_id, now, receipt=receipt, note=note)
