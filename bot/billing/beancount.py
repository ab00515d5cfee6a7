"""Writes a partner's ledger as a Beancount file: an outside program then checks the same sums. Pure.

What partner and clients have are assets; the books' other side is equity, income and expenses. A balance directive at
the end states what *our* balances say, so that `bean-check` fails when they are not the sum of the postings, by one
cent already: without `~ 0` it lets that pass.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from bot.billing.local_day import local_date
from bot.billing.record import NamedAccount, Transaction
from bot.ids import AccountId
from bot.money import Money, minor_digits

_NAMES = {
    "partner": "Assets:Partner",
    "client": "Assets:Clients",
    "outside": "Equity:Outside",
    "discount": "Income:Discount",
    "bonus": "Income:Bonus",
    "revenue": "Expenses:Service",
    "opening": "Equity:Opening-Balances",
}


def beancount_file(
    title: str,
    zone: str,
    accounts: Mapping[AccountId, NamedAccount],
    transactions: Sequence[Transaction],
    balances: Mapping[AccountId, Money],
) -> Iterator[str]:
    """The lines of the file. Days are those of the partner's zone; `balances`: what each account is said to hold."""
    names = {one.id: _name(one) for one in accounts.values()}
    days = {one.id: local_date(one.at, zone) for one in transactions}
    first = min(days.values(), default=date(1970, 1, 1))
    last = max(days.values(), default=first)
    yield f'option "title" {_quoted(title)}'
    for currency in sorted({one.currency for one in accounts.values()}):
        yield f'option "operating_currency" "{currency}"'
    yield ""
    for one in accounts.values():
        yield f"{first} open {names[one.id]} {one.currency}"
    for transaction in sorted(transactions, key=lambda one: (days[one.id], one.id)):
        yield ""
        yield from _transaction(transaction, days[transaction.id], names)
    yield ""
    for account_id, balance in balances.items():
        exactly = f"{balance.decimal:.{minor_digits(balance.currency)}f} ~ 0 {balance.currency}"
        yield f"{last + timedelta(days=1)} balance {names[account_id]} {exactly}"


def _transaction(one: Transaction, day: date, names: Mapping[AccountId, str]) -> Iterator[str]:
    link = f" ^{one.receipt}" if one.receipt else ""
    yield f"{day} * {_quoted(one.kind)} {_quoted(one.note or '')}{link}"
    yield f"  id: {_quoted(one.id)}"
    yield f"  key: {_quoted(one.key)}"
    yield f"  at: {_quoted(one.at.isoformat())}"
    if one.rate is not None:
        yield f"  rate: {one.rate}"
    for line in one.lines:
        yield f"  {names[line.from_id]}  {_amount(-line.amount)}"
        yield f"  {names[line.to_id]}  {_amount(line.amount)}"


def _name(one: NamedAccount) -> str:
    """A name of the account tree; each currency has its own, as each has its own account."""
    parts = [_NAMES[one.kind], *([one.owner] if one.kind == "client" else []), one.currency]
    return ":".join(parts)


def _amount(money: Money) -> str:
    return f"{money.decimal:.{minor_digits(money.currency)}f} {money.currency}"


def _quoted(text: str) -> str:
    plain = " ".join(text.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def joined(lines: Iterable[str]) -> str:
    """The lines as a file."""
    return "\n".join(lines) + "\n"
