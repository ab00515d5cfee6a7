"""The ledger for accountants: monthly statements, the journal as CSV, all of it as Beancount."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from bot.billing import journal
from bot.billing.accounts import find_account
from bot.billing.beancount import beancount_file, joined
from bot.billing.checking import sums_of_lines
from bot.billing.movements import PARTNER_KINDS
from bot.billing.sheets import Cell, csv_file, xlsx_file
from bot.billing.statement import Statement, StatementRow, month_bounds
from bot.ids import AccountId, PartnerId
from bot.money import Money
from bot.storage.tables import client, curator, ledger_transaction, partner, posting

_COLUMNS = ("Date", "Kind", "Amount", "Balance", "Currency", "Client", "Who", "Receipt", "Note")
_JOURNAL = ("Date", "Transaction", "Key", "Kind", "From", "To", "Amount", "Currency", "Receipt", "Rate", "Note")


def statement(conn: Connection, partner_id: PartnerId, currency: str, month: date) -> Statement:
    """A month of the partner account; `month` is any day of it, the calendar that of the partner's zone."""
    name, zone = conn.execute(select(partner.c.name, partner.c.time_zone).where(partner.c.id == partner_id)).one()
    since, until = month_bounds(month, zone)
    found = find_account(conn, partner_id, "partner", partner_id, currency)
    title = f"{name}, {month:%Y-%m}, {currency}"
    if found is None:
        return Statement(title, zone, month, Money(0, currency), ())
    opening = Money(_balance_before(conn, found.id, since), currency)
    return Statement(title, zone, month, opening, tuple(_rows(conn, found.id, opening, since, until)))


def statement_csv(shown: Statement) -> str:
    """The statement as CSV."""
    return csv_file(_table(shown))


def statement_xlsx(shown: Statement) -> bytes:
    """The statement as XLSX."""
    return xlsx_file(shown.title, _table(shown), bold=(0, 1, len(shown.rows) + 2))


def journal_csv(conn: Connection, partner_id: PartnerId) -> str:
    """Every posting of a partner, one a row, in the order they were written."""
    names = {one.id: f"{one.kind} {one.owner}".strip() for one in journal.accounts(conn, partner_id).values()}

    def rows() -> Iterator[Sequence[Cell]]:
        yield _JOURNAL
        for one in journal.transactions(conn, partner_id):
            for line in one.lines:
                yield (
                    one.at,
                    one.id,
                    one.key,
                    one.kind,
                    names[line.from_id],
                    names[line.to_id],
                    line.amount.decimal,
                    line.amount.currency,
                    one.receipt,
                    one.rate,
                    one.note,
                )

    return csv_file(rows())


def beancount(conn: Connection, partner_id: PartnerId) -> str:
    """A partner's whole ledger as a Beancount file, with our balances as assertions at its end."""
    name, zone = conn.execute(select(partner.c.name, partner.c.time_zone).where(partner.c.id == partner_id)).one()
    accounts = journal.accounts(conn, partner_id)
    sums = sums_of_lines(conn, partner_id)
    balances = {
        one.id: Money(one.posted if one.floor is not None else sums.get(one.id, 0), one.currency)
        for one in accounts.values()
    }
    written = list(journal.transactions(conn, partner_id))
    return joined(beancount_file(name, zone, accounts, written, balances))


def _table(shown: Statement) -> Iterator[Sequence[Cell]]:
    currency, zone = shown.opening.currency, ZoneInfo(shown.zone)
    yield _COLUMNS
    yield (None, "Opening balance", None, shown.opening.decimal, currency, None, None, None, None)
    for row in shown.rows:
        at = row.at.astimezone(zone)
        amount, balance = row.amount.decimal, row.balance.decimal
        yield (at, row.kind, amount, balance, currency, row.client, row.who, row.receipt, row.note)
    yield (None, "Closing balance", None, shown.closing.decimal, currency, None, None, None, None)


def _rows(
    conn: Connection, account_id: AccountId, opening: Money, since: datetime, until: datetime
) -> Iterator[StatementRow]:
    query = (
        select(
            ledger_transaction,
            _change(account_id).label("change"),
            client.c.account_id,
            client.c.company,
            curator.c.name.label("who"),
        )
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .outerjoin(client, client.c.id == ledger_transaction.c.client_id)
        .outerjoin(curator, curator.c.id == ledger_transaction.c.curator_id)
        .where(_touches(account_id), ledger_transaction.c.at >= since, ledger_transaction.c.at < until)
        .group_by(*ledger_transaction.c, client.c.account_id, client.c.company, curator.c.name)
        .order_by(ledger_transaction.c.at, ledger_transaction.c.id)
    )
    balance = opening
    for row in conn.execute(query):
        amount = Money(int(row.change), opening.currency)
        balance += amount
        owner = f"{row.account_id} {row.company}" if row.account_id else ""
        kind = PARTNER_KINDS.get(row.kind, row.kind.title())
        yield StatementRow(row.at, kind, amount, balance, owner, row.who or "", row.receipt or "", row.note or "")


def _balance_before(conn: Connection, account_id: AccountId, moment: datetime) -> int:
    query = (
        select(func.coalesce(_change(account_id), 0))
        .select_from(posting)
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .where(_touches(account_id), ledger_transaction.c.at < moment)
    )
    return int(conn.execute(query).scalar_one())


def _change(account_id: AccountId) -> ColumnElement[int]:
    return func.sum(case((posting.c.to_id == account_id, posting.c.amount), else_=-posting.c.amount))


def _touches(account_id: AccountId) -> ColumnElement[bool]:
    return or_(posting.c.from_id == account_id, posting.c.to_id == account_id)
