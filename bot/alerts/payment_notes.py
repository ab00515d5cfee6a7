"""Tells people what became of a replenishment, in the unit in which it became known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.alerts.service import apply
from bot.alerts.surroundings import Surroundings
from bot.billing.payments import replenishing
from bot.billing.payments.news import News, Outcome
from bot.billing.payments.port import PaymentEvent
from bot.directory import service as directory
from bot.directory.people import Curator, Role
from bot.ids import Address
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.money import as_json

_TO_OWNERS = frozenset({"credited", "taken_back", "restored"})
"""What the owners hear of too: the account's money moved."""
_ANSWERS = frozenset({"link", "link_later", "no_link"})
"""What answers the question at once, and goes to the asker only."""


def tell(conn: Connection, outcome: Outcome, *, now: datetime, env: Surroundings) -> None:
    """Hand the changes to the alerts, and write to those whom it concerns; each message once."""
    apply(conn, outcome.changes, now=now, env=env)
    for news in outcome.news:
        asker = _asker(conn, news)
        for curator, address in _recipients(conn, news, asker):
            note = _note(news, curator, address, asker)
            outbox.enqueue(conn, note, sender=env.sender, now=now, jobs=env.jobs)


def hear(conn: Connection, event: PaymentEvent, *, provider: str, now: datetime, env: Surroundings) -> None:
    """Take in one report of a payment provider, as one unit: stored, carried out, told."""
    tell(conn, replenishing.hear(conn, provider, event, now, env.jobs), now=now, env=env)


def _asker(conn: Connection, news: News) -> Curator | None:
    by = news.checkout.asked_by
    return directory.curators_by_id(conn, [by]).get(by) if by else None


def _recipients(conn: Connection, news: News, asker: Curator | None) -> list[tuple[Curator, Address]]:
    found: dict[str, tuple[Curator, Address]] = {}
    if news.what in _TO_OWNERS:
        people = [one for one in directory.financial_curators(conn, news.checkout.partner_id) if one.client_id is None]
        owners = [one for one in people if one.role is Role.OWNER]
        for one in owners or [one for one in people if asker is None and one.may_move_money]:
            if one.address is not None:
                found[one.id] = (one, one.address)
    if asker is not None and asker.removed_at is None and (news.what in _ANSWERS or asker.silence() is None):
        address = news.checkout.asked_from or asker.address
        if address is not None:
            found[asker.id] = (asker, address)
    return list(found.values())


def _note(news: News, curator: Curator, address: Address, asker: Curator | None) -> Outgoing:
    asked = news.checkout
    answers = news.what in _ANSWERS
    return Outgoing(
        key=":".join(part for part in ("payment", asked.id, news.what, news.key, curator.id) if part),
        to=address,
        kind=Kind.REPLY if answers else Kind.RECEIPT if news.what in _TO_OWNERS else Kind.NOTICE,
        template=f"payments/{news.what}",
        language=curator.language,
        facts=facts_of(news, curator.time_zone, asker.name if asker else None),
        partner_id=asked.partner_id,
        curator_id=curator.id,
        in_reply_to=asked.in_reply_to if answers else None,
    )


def facts_of(news: News, zone: str, who: str | None) -> Mapping[str, Any]:
    """What the texts of payments are made of."""
    asked = news.checkout
    return {
        "amount": as_json(news.amount),
        "asked": as_json(asked.amount),
        "left": as_json(news.left) if news.left is not None else None,
        "owes": news.left is not None and news.left.minor < 0,
        "url": asked.url,
        "expires_at": asked.expires_at.isoformat(),
        "at": (asked.settled_at or asked.created_at).isoformat(),
        "zone": zone,
        "who": who,
        "receipt": news.receipt,
        "why": news.why,
    }
