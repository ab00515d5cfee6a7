"""The delivery log: every message, newest first, and what became of it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from bot.messaging.message import ErrorCode
from bot.storage.tables import client, curator, delivery
from bot.web.console.delivery_query import KINDS, PROBLEM, STATES, Choice, choose, is_problem
from bot.web.page import Page, Parameter, Reading

COUNTED_MAX = 10_000
"""Counts look at so many of the newest messages, so that a page costs the same in a log of millions."""
_PREVIEW_MAX = 160


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One message in the log. `to` is the address in full; the page masks it. Costs are in millionths (micros)."""

    id: str
    to: str
    kind: str
    state: str
    attempts: int
    provider_id: str | None
    error_code: ErrorCode | None
    reason: str | None
    contradicted: bool
    unconfirmed: bool
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    curator: str | None
    client_id: str | None
    company: str | None
    template: str
    language: str
    preview: str
    cost_micros: int | None
    cost_currency: str | None
    cost_source: str | None


@dataclass(frozen=True, slots=True)
class DeliveryLog:
    """A page of the log. `counts`, `total` and `problems` go over all states of what was asked; `next` is the cursor
    of the older page; `mark` changes with the content."""

    deliveries: tuple[DeliveryLine, ...]
    counts: dict[str, int]
    total: int
    problems: int
    capped: bool
    next: str | None
    mark: str


_COLUMNS = (
    *(delivery.c[name] for name in DeliveryLine.__slots__ if name in delivery.c),
    delivery.c.to_address.label("to"),
    delivery.c.body,
    curator.c.name.label("curator"),
    client.c.company,
)


def read_log(conn: Connection, reading: Reading) -> DeliveryLog:
    """The page that was asked for."""
    choice = choose(conn, reading)
    terms = [term for term in (choice.common, choice.state, choice.before) if term is not None]
    lines = latest(conn, and_(*terms), choice.limit + 1)
    counts, problems = _counts(conn, choice)
    total = sum(counts.values())
    more = len(lines) > choice.limit
    lines = lines[: choice.limit]
    return DeliveryLog(
        deliveries=tuple(lines),
        counts=counts,
        total=total,
        problems=problems,
        capped=total >= COUNTED_MAX,
        next=lines[-1].id if more else None,
        mark=_mark(lines, counts, problems),
    )


def one_line(body: str) -> str:
    """A message on one line, without the marks of its formatting, cut where a reader has seen enough."""
    text = " ".join(body.replace("*", "").split())
    return text if len(text) <= _PREVIEW_MAX else text[: _PREVIEW_MAX - 1].rstrip() + "…"


def latest(conn: Connection, condition: ColumnElement[bool], most: int) -> list[DeliveryLine]:
    """The newest messages that fit a condition."""
    newest = (
        select(*_COLUMNS)
        .select_from(delivery.outerjoin(curator).outerjoin(client, client.c.id == delivery.c.client_id))
        .where(condition)
        .order_by(delivery.c.created_at.desc(), delivery.c.id.desc())
        .limit(most)
    )
    return [_line(dict(row)) for row in conn.execute(newest).mappings()]


def _line(row: dict[str, Any]) -> DeliveryLine:
    return DeliveryLine(preview=one_line(row.pop("body")), **row)


def _counts(conn: Connection, choice: Choice) -> tuple[dict[str, int], int]:
    """How many messages are in each state, in the order of a message's life, and how many are problems."""
    recent = (
        select(delivery.c.state, is_problem().label("problem"))
        .where(choice.common)
        .order_by(delivery.c.created_at.desc())
        .limit(COUNTED_MAX)
        .subquery()
    )
    found = select(recent.c.state, recent.c.problem, func.count()).group_by(recent.c.state, recent.c.problem)
    counts, problems = dict.fromkeys(STATES, 0), 0
    for state, problem, number in conn.execute(found):
        counts[state] += number
        problems += number if problem else 0
    return {state: number for state, number in counts.items() if number}, problems


def _mark(lines: list[DeliveryLine], counts: dict[str, int], problems: int) -> str:
    names = ("id", "state", "attempts", "error_code", "contradicted", "unconfirmed", "cost_micros")
    seen = [tuple(getattr(one, name) for name in names) for one in lines]
    return hashlib.sha256(repr((seen, counts, problems)).encode()).hexdigest()[:16]


PAGE = Page(
    name="deliveries",
    path="/deliveries",
    api_path="/api/deliveries",
    summary="The delivery log: every message, newest first",
    view=DeliveryLog,
    read=read_log,
    parameters=(
        Parameter("state", "only messages in this state; `problem`: all that need a look", (*STATES, PROBLEM)),
        Parameter("kind", "only messages of this kind", KINDS),
        Parameter("code", "only messages with this error code"),
        Parameter("to", "part of a curator's name, or digits of a number"),
        Parameter("client", "part of a company's name, or the end of an account ID"),
        Parameter("since", "24h, 7d, 30d, an ISO date or time"),
        Parameter("until", "an ISO date or time: only messages written before"),
        Parameter("before", "only messages older than the one with this id: the `next` of the page before"),
        Parameter("limit", "messages on a page, 1 to 200, 50 unless told"),
    ),
)
