"""The Beancount file of a small ledger, letter by letter: an outside program reads it."""

from datetime import UTC, datetime
from typing import Any

from bot.billing.beancount import beancount_file, joined
from bot.billing.record import Line, NamedAccount, Transaction
from bot.ids import AccountId, ClientId, PartnerId, TransactionId
from bot.money import Money

PARTNER, CLIENT, DISCOUNT = AccountId("p"), AccountId("c"), AccountId("d")
ACCOUNTS = {
    PARTNER: NamedAccount(PARTNER, "partner", "EUR", "", 0, 0),
    CLIENT: NamedAccount(CLIENT, "client", "EUR", "48210017", 0, 0),
    DISCOUNT: NamedAccount(DISCOUNT, "discount", "EUR", "", 0, None),
    AccountId("k"): NamedAccount(AccountId("k"), "client", "KWD", "48210025", 0, 0),
}


def transaction(name: str, at: datetime, *lines: Line, **facts: Any) -> Transaction:
    said: dict[str, Any] = {"receipt": None, "rate": None, "note": None} | facts
    return Transaction(
        id=TransactionId(name),
        partner_id=PartnerId("nord"),
        key=f"key:{name}",
        kind="topup",
        at=at,
        client_id=ClientId("alfa"),
        transfer_id=None,
        curator_id=None,
        reverses=None,
        lines=lines,
        **said,
    )


def test_the_file() -> None:
    """Days are the partner's own, transactions stand in their order, a receipt is a link, quotes are escaped."""
    late = transaction(
        "t1",
        datetime(2026, 11, 26, 22, 30, tzinfo=UTC),
        Line(1, PARTNER, CLIENT, Money(6_500, "EUR")),
        Line(2, DISCOUNT, CLIENT, Money(3_500, "EUR")),
        receipt="R-1",
        rate="0.35",
        note='say  "a\\b"\nthanks',
    )
    early = transaction("t2", datetime(2026, 11, 26, 7, 0, tzinfo=UTC), Line(1, CLIENT, PARTNER, Money(5, "EUR")))
    balances = {PARTNER: Money(-6_495, "EUR"), CLIENT: Money(9_995, "EUR"), AccountId("k"): Money(1, "KWD")}
    written = joined(beancount_file('Nord "N"', "Europe/Riga", ACCOUNTS, [late, early], balances))
    assert written == (
        r"""option "title" "Nord \"N\""
option "operating_currency" "EUR"
option "operating_currency" "KWD"

2026-11-26 open Assets:Partner:EUR EUR
2026-11-26 open Assets:Clients:48210017:EUR EUR
2026-11-26 open Income:Discount:EUR EUR
2026-11-26 open Assets:Clients:48210025:KWD KWD

2026-11-26 * "topup" ""
  id: "t2"
  key: "key:t2"
  at: "2026-11-26T07:00:00+00:00"
  Assets:Clients:48210017:EUR  -0.05 EUR
  Assets:Partner:EUR  0.05 EUR

2026-11-27 * "topup" "say \"a\\b\" thanks" ^R-1
  id: "t1"
  key: "key:t1"
  at: "2026-11-26T22:30:00+00:00"
  rate: 0.35
  Assets:Partner:EUR  -65.00 EUR
  Assets:Clients:48210017:EUR  65.00 EUR
  Income:Discount:EUR  -35.00 EUR
  Assets:Clients:48210017:EUR  35.00 EUR

2026-11-28 balance Assets:Partner:EUR -64.95 ~ 0 EUR
2026-11-28 balance Assets:Clients:48210017:EUR 99.95 ~ 0 EUR
2026-11-28 balance Assets:Clients:48210025:KWD 0.001 ~ 0 KWD
"""
    )


def test_accounts_without_a_transaction_are_stated_too() -> None:
    one = {DISCOUNT: ACCOUNTS[DISCOUNT]}
    assert joined(beancount_file("Nord", "UTC", one, [], {DISCOUNT: Money(0, "EUR")})).splitlines() == [
        'option "title" "Nord"',
        'option "operating_currency" "EUR"',
        "",
        "1970-01-01 open Income:Discount:EUR EUR",
        "",
        "1970-01-02 balance Income:Discount:EUR 0.00 ~ 0 EUR",
    ]
