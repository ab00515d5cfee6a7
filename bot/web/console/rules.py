"""The rules and terms of the partner: what he keeps, what is free, what links bring, what is not offered."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer
from sqlalchemy import Connection

from bot.billing.referral_credits import earned_by
from bot.billing.service import standings
from bot.directory.referrals import known_code, list_referrals
from bot.money import Money, zero
from bot.partnership.rules import partner_terms
from bot.partnership.status import own_accounts
from bot.web.page import MoneyView, Page, Reading

Share = Annotated[Decimal, PlainSerializer(str, return_type=str)]
"""A rate such as 0.35."""


@dataclass(frozen=True, slots=True)
class Tier:
    """From `since` on, with at least `clients` clients, `rate` of every transfer stays with the partner."""

    since: date
    clients: int
    rate: Share


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The partner's main or demo account, and how many of its free channels are in use."""

    account_id: str
    kind: str
    free_used: int
    further: int


@dataclass(frozen=True, slots=True)
class ReferralTerms:
    """What the partner's link brings. `code` is None while nobody has asked for the link."""

    code: str | None
    rate: Share
    months: int
    on_discounted: bool
    registered: int
    confirmed: int
    earned: tuple[MoneyView, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All terms on a day. `joined_on` is None until partner status is granted."""

    kind: str
    program: str
    joined_on: date | None
    left_on: date | None
    clients: int
    rate: Share
    tiers: tuple[Tier, ...]
    free_channels: int
    free_plan: str
    free_until: date | None
    own_discount: Share
    own: tuple[OwnAccount, ...]
    referral: ReferralTerms
    welcome: tuple[MoneyView, ...]
    freezing: bool
    refunds: bool


def read_rules(conn: Connection, reading: Reading) -> Rules:
    """The terms that hold today."""
    partner = reading.partner
    terms = partner_terms(conn, reading.book, partner, reading.now)
    return Rules(
        kind=partner.kind,
        program=terms.program,
        joined_on=None if partner.kind == "applicant" else partner.joined_on,
        left_on=partner.left_on,
        clients=terms.clients,
        rate=terms.rate,
        tiers=tuple(Tier(one.since, one.clients, one.rate) for one in terms.rates),
        free_channels=terms.free_channels,
        free_plan=terms.free_plan,
        free_until=terms.free_until,
        own_discount=terms.own_discount,
        own=_own(conn, reading),
        referral=ReferralTerms(
            known_code(conn, partner.id),
            terms.referral_rate,
            terms.referral_months,
            terms.referral_on_discounted,
            *_registrations(conn, reading),
        ),
        welcome=terms.welcome,
        freezing=False,
        refunds=False,
    )


def _own(conn: Connection, reading: Reading) -> tuple[OwnAccount, ...]:
    known = own_accounts(conn, reading.partner.id)
    found = standings(conn, [one.id for one in known], reading.now, reading.book)
    free = {one.id: sum(channel.free for channel in found[one.id].channels) for one in known}
    return tuple(
        OwnAccount(one.account_id, one.kind, free[one.id], len(found[one.id].channels) - free[one.id]) for one in known
    )


def _registrations(conn: Connection, reading: Reading) -> tuple[int, int, tuple[Money, ...]]:
    """How many registered, how many of them have an account, and what their bills have earned."""
    known = list_referrals(conn, reading.partner.id)
    sums: dict[str, Money] = {}
    for earned in earned_by(conn, reading.partner.id).values():
        for one in earned:
            sums[one.currency] = sums.get(one.currency, zero(one.currency)) + one
    confirmed = sum(one.state == "confirmed" for one in known)
    return len(known), confirmed, tuple(sums[currency] for currency in sorted(sums))


PAGE = Page(
    name="rules",
    path="/rules",
    api_path="/api/rules",
    summary="The partner's rules and terms",
    view=Rules,
    read=read_rules,
)
