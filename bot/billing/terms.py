"""A partner's terms on a day, put together for showing: rates, free channels, referrals, welcome credits. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.billing.free_terms import FREE_PLAN, free_until
from bot.billing.plan import PriceBook
from bot.billing.program import Rate
from bot.money import Money


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one partner on a day.

    `rate`: the share of a transfer that stays with him now, having so many `clients`. `rates`: every tier by its date.
    `free_until`: the last day of the free channels' present term, None for a partner who is not official.
    `own_discount`: how much cheaper his further channels are.
    """

    program: str
    on: date
    clients: int
    rate: Decimal
    rates: tuple[Rate, ...]
    free_channels: int
    free_years: int
    free_plan: str
    free_until: date | None
    own_discount: Decimal
    referral_rate: Decimal
    referral_months: int
    referral_on_discounted: bool
    welcome: tuple[Money, ...]


def terms_of(
    book: PriceBook, program: str, *, joined_on: date | None, left_on: date | None, clients: int, on: date
) -> Terms:
    """The terms of a program for a partner with so many clients. `joined_on` None: he has no free channels. `left_on`:
    the term of that day is his last.

    UserError unknown_program.
    """
    found = book.program(program)
    return Terms(
        program=found.name,
        on=on,
        clients=clients,
        rate=found.rate(on, clients),
        rates=found.rates,
        free_channels=found.free_channels,
        free_years=found.free_years,
        free_plan=book.plan(FREE_PLAN).title,
        free_until=_free_until(joined_on, found.free_years, left_on or on),
        own_discount=found.own_channel_discount,
        referral_rate=found.referral_rate,
        referral_months=found.referral_months,
        referral_on_discounted=found.referral_on_discounted,
        welcome=tuple(_welcome(book)),
    )


def _free_until(joined_on: date | None, years: int, on: date) -> date | None:
    return None if joined_on is None else free_until(joined_on, years, on)


def _welcome(book: PriceBook) -> Iterable[Money]:
    return (terms.welcome for _, terms in sorted(book.currencies.items()) if terms.welcome)
