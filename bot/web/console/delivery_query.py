"""Which messages a reader of the delivery log asked for, as one condition in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from bot.directory import service as directory
from bot.ids import PartnerId
from bot.messaging.transports.wazzup_errors import spelled
from bot.storage.tables import delivery
from bot.web.ask import BadQuery
from bot.web.page import Reading

STATES = (
    "queued", "sending", "sent", "delivered", "read", "failed", "undelivered", "unknown", "expired", "cancelled",
)  # fmt: skip
KINDS = ("alert", "receipt", "reply", "invitation", "notice", "refusal")
PROBLEM = "problem"
"""Stands for every state that somebody should look at."""
PROBLEM_STATES = ("failed", "undelivered", "unknown", "expired")
_IDS_MAX = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked, in terms of the table. `state` and `before` are kept apart: counts go over all states."""

    common: ColumnElement[bool]
    state: ColumnElement[bool] | None
    before: ColumnElement[bool] | None
    limit: int


def choose(conn: Connection, reading: Reading) -> Choice:
    """Read `state`, `kind`, `code`, `to`, `client`, `since`, `until`, `before` and `limit`. BadQuery when one is not
    understood."""
    ask = reading.ask
    kind = ask.choice("kind", KINDS)
    since, until = ask.since(), ask.since("until")
    state = ask.choice("state", (*STATES, PROBLEM))
    terms = [of_partner(reading)]
    if kind:
        terms.append(delivery.c.kind == kind)
    if since:
        terms.append(delivery.c.created_at >= since)
    if until:
        terms.append(delivery.c.created_at < until)
    if (code := ask.text("code")) is not None:
        terms.append(delivery.c.error_code == spelled(code))
    if (to := ask.text("to")) is not None:
        terms.append(said_to(conn, [reading.partner.id], to))
    if (client := ask.text("client")) is not None:
        terms.append(about_client(conn, [reading.partner.id], client))
    return Choice(and_(*terms), _in_state(state) if state else None, _before(conn, ask.text("before")), ask.limit())


def of_partner(reading: Reading) -> ColumnElement[bool]:
    """The partner's messages; refusals to strangers belong to nobody and show where there is one partner only."""
    own = delivery.c.partner_id == reading.partner.id
    return or_(own, delivery.c.partner_id.is_(None)) if reading.alone else own


def is_problem() -> ColumnElement[bool]:
    """Messages that somebody should look at."""
    return or_(delivery.c.state.in_(PROBLEM_STATES), delivery.c.contradicted, delivery.c.unconfirmed)


def _in_state(state: str) -> ColumnElement[bool]:
    return is_problem() if state == PROBLEM else delivery.c.state == state


def said_to(conn: Connection, partner_ids: Sequence[PartnerId], text: str) -> ColumnElement[bool]:
    """A part of a curator's name, or digits of a number."""
    wanted = text.casefold()
    people = [one for partner_id in partner_ids for one in directory.list_curators(conn, partner_id)]
    ids = [one.id for one in people if wanted in one.name.casefold()]
    terms: list[ColumnElement[bool]] = [delivery.c.curator_id.in_(ids[:_IDS_MAX])]
    bare = text.removeprefix("whatsapp:").translate(str.maketrans("", "", "+ -()."))
    if bare.isascii() and bare.isalnum() and any(character.isdigit() for character in bare):
        terms.append(delivery.c.to_address.contains(bare, autoescape=True))
    return or_(*terms)


def about_client(conn: Connection, partner_ids: Sequence[PartnerId], text: str) -> ColumnElement[bool]:
    """A part of a company's name, or the end of an account ID."""
    wanted = text.casefold()
    ids = [
        one.id
        for partner_id in partner_ids
        for one in directory.list_clients(conn, partner_id)
        if wanted in one.company.casefold() or one.account_id.endswith(wanted) or one.id == text
    ]
    return delivery.c.client_id.in_(ids[:_IDS_MAX]) if ids else false()


def _before(conn: Connection, cursor: str | None) -> ColumnElement[bool] | None:
    """Older than the message with this id."""
    if cursor is None:
        return None
    at: datetime | None = conn.execute(select(delivery.c.created_at).where(delivery.c.id == cursor)).scalar()
    if at is None:
        raise BadQuery("before")
    return or_(delivery.c.created_at < at, and_(delivery.c.created_at == at, delivery.c.id < cursor))
