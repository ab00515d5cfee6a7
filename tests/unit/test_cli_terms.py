"""A partner's terms on the terminal: sentences that count rightly."""

from datetime import date
from decimal import Decimal

import pytest

from bot.billing.program import Rate
from bot.billing.terms import Terms
from bot.cli.terms import terms_lines
from bot.directory.people import Partner
from bot.ids import PartnerId

DAY = date(2026, 11, 22)


def partner() -> Partner:
    return Partner(PartnerId("nord"), "Nord", "en", "UTC", "official", "tiered", DAY, "book")


@pytest.mark.parametrize(("clients", "words"), [(0, "0 clients"), (1, "1 client"), (2, "2 clients")])
def test_one_client_is_one(clients: int, words: str) -> None:
    rates = (Rate(DAY, 1, Decimal("0.35")), Rate(DAY, 10, Decimal("0.50")))
    terms = Terms(
        "tiered",
        DAY,
        clients,
        Decimal("0.35"),
        rates,
        2,
        3,
        "Max",
        None,
        Decimal("0.35"),
        Decimal("0.20"),
        12,
        False,
        (),
    )
    told = list(terms_lines(partner(), terms))
    assert told[1] == f"Program tiered: 35% of every transfer stays with you, having {words}."
    assert told[2:4] == [
        "  from 1 client: 35%, since 22 Nov 2026",
        "  from 10 clients: 50%, since 22 Nov 2026",
    ]
