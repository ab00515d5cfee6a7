"""Provider's reports on our messages: each is kept as an event and moves its message forward only, many in one go."""

import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, tuple_, update

from bot.ids import Address, DeliveryId
from bot.jobs.port import Jobs
from bot.messaging import contents, costs
from bot.messaging.consequences import Refusal, carry_out
from bot.messaging.message import ErrorClass, StatusUpdate
from bot.messaging.stand_in import is_replaceable
from bot.messaging.status import ARRIVED, LOST, Applied, State, forward, meaning
from bot.messaging.verdict import ASK_AFTER, Verdict, refused
from bot.messaging.window import Mode
from bot.storage import queries
from bot.storage.tables import attempt, delivery, status_event
from bot.storage.types import UtcDateTime

_log = structlog.get_logger(__name__)
_GRAVE = (ErrorClass.PERMANENT, ErrorClass.CONFIGURATION)
"""A person should look: our account is refused, or the code is one that nobody knows."""
_CHANGED = (
    "state", "reason", "provider_id", "error_code", "contradicted", "unconfirmed", "claimed_until", "not_before",
    "sent_at", "delivered_at", "read_at", "failed_at", "cost_micros", "cost_currency", "cost_source",
)  # fmt: skip
_IDENTITY = ("id", "sender", "to_address", "attempts", "template", "language", "checksum", "media")
_UPDATE = (
    update(delivery)
    .where(delivery.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _CHANGED})
)
_FILL_ATTEMPT = (
    update(attempt)
    .where(
        attempt.c.delivery_id == bindparam("b_id"),
        attempt.c.n == bindparam("b_n"),
        attempt.c.provider_id.is_(None),
    )
    .values(
        provider_id=bindparam("b_provider_id"),
        outcome=func.coalesce(attempt.c.outcome, "accepted"),
        finished_at=func.coalesce(attempt.c.finished_at, bindparam("b_at", type_=UtcDateTime)),
    )
)
"""A report proves that the provider took it, even when whoever sent it died before it could record that."""
_BETWEEN = frozenset({State.QUEUED, State.EXPIRED, State.CANCELLED})
"""No attempt is under way: reports can only be about earlier ones."""


def apply_statuses(conn: Connection, rows: list[StatusUpdate], jobs: Jobs) -> list[Applied]:
    """Keep and apply reports; returns what each did. The same report twice does nothing the second time.

    A report is for the message named in it, else for the one with its provider id. One that fits none is kept as an
    orphan until the attempt that it belongs to is recorded.
    """
    found = _Deliveries.load(conn, rows)
    seen = _known_events(conn, rows)
    events: list[dict[str, Any]] = []
    answers: list[Applied] = []
    for row in rows:
        if (row.provider_id, row.status) in seen:
            answers.append(Applied.OLDER)
            continue
        seen.add((row.provider_id, row.status))
        message = found.find(row)
        applied = message.report(row) if message else Applied.ORPHAN
        answers.append(applied)
        events.append(_event(row, message.id if message else None, applied))
    queries.insert_if_absent(conn, status_event, events)
    found.save(conn, jobs)
    return answers


def apply_orphans(conn: Connection, provider_ids: Sequence[str], jobs: Jobs) -> None:
    """Apply reports that came before their messages' provider ids were known."""
    orphan = and_(status_event.c.provider_id.in_(provider_ids), status_event.c.applied == Applied.ORPHAN)
    events = conn.execute(select(status_event).where(orphan).order_by(status_event.c.received_at)).all()
    if not events:
        return
    rows = [_as_update(event) for event in events]
    found = _Deliveries.load(conn, rows)
    for row in rows:
        message = found.find(row)
        if message is not None:
            applied = message.report(row)
            same = and_(status_event.c.provider_id == row.provider_id, status_event.c.status == row.status)
            conn.execute(update(status_event).where(same).values(applied=applied, delivery_id=message.id))
    found.save(conn, jobs)


class _Message:
    """One delivery while reports are applied to it."""

    def __init__(self, row: Row[Any], attempts: Sequence[Row[Any]]) -> None:
        self.id = DeliveryId(row.id)
        self.sender = Address(row.sender)
        self.to = Address(row.to_address)
        self.attempts: int = row.attempts
        self.text: tuple[str, str, str | None] = (row.template, row.language, row.checksum)
        self.refused_text: str | None = None
        """What WhatsApp thinks of this message's text, when a report says so."""
        self.values: dict[str, Any] = {name: getattr(row, name) for name in _CHANGED}
        self.changed = False
        self.verdicts: list[tuple[Verdict, Refusal, datetime]] = []
        self.learnt: tuple[str, datetime] | None = None
        """The provider's id, when a report was the first to tell it."""
        self._mode = next((Mode(one.mode) for one in attempts if one.n == row.attempts), Mode.SESSION)
        self._media: str | None = row.media
        self._taken = sum(one.provider_id is not None for one in attempts)
        """Tries that the provider took: those before that do not count when it gives up."""
        self._older_ids = {one.provider_id for one in attempts if one.provider_id and self._is_over(one.n)}

    def _is_over(self, n: int) -> bool:
        return n < self.attempts or self.state in _BETWEEN

    @property
    def state(self) -> State:
        return State(self.values["state"])

    def report(self, row: StatusUpdate) -> Applied:
        """Apply one report."""
        reported = meaning(row.status)
        if reported is None:
            return Applied.OLDER
        if self._is_of_an_earlier_attempt(row) and reported not in ARRIVED:
            return Applied.OLDER
        if self.state in _BETWEEN and reported in LOST:
            return Applied.OLDER
        step = forward(self.state, reported, self.values["contradicted"])
        self._set(contradicted=step.contradicted)
        if self.values["provider_id"] is None:
            self._set(provider_id=row.provider_id)
            self.learnt = (row.provider_id, row.received_at)
        if step.state is not self.state:
            self._move(step.state, row)
        if row.price is not None:
            self._set(cost_micros=row.price.micros, cost_currency=row.price.currency, cost_source=costs.BY_PROVIDER)
        self._note_times(reported, row.received_at)
        return step.applied

    def _is_of_an_earlier_attempt(self, row: StatusUpdate) -> bool:
        current = self.values["provider_id"]
        return row.provider_id in self._older_ids or (current is not None and row.provider_id != current)

    def _move(self, state: State, row: StatusUpdate) -> None:
        if state in LOST:
            self._lose(state, row)
            return
        until = row.received_at + ASK_AFTER if state is State.SENT else None
        self._set(state=state.value, reason=None, claimed_until=until)

    def _lose(self, state: State, row: StatusUpdate) -> None:
        """The provider took it and could not deliver it: try again, or give up."""
        if row.approval and self.text[2]:
            self.refused_text = row.approval
        is_content = self.text[2] is not None
        verdict = refused(
            row.error_class or ErrorClass.PERMANENT,
            attempt=max(self._taken, 1),
            mode=self._mode,
            is_content=is_content,
            now=row.received_at,
            jitter=random.random(),  # noqa: S311 - spreads tries, keeps no secret
            at_once=False,
            text_refused=self.refused_text is not None,
            replaceable=is_replaceable(
                self.text[0], is_content=is_content, has_media=self._media is not None, code=row.error_code
            ),
        )
        _log.log(
            logging.ERROR if (row.error_class or ErrorClass.PERMANENT) in _GRAVE else logging.WARNING,
            "message.not_delivered",
            delivery=self.id,
            error_class=row.error_class,
            code=row.error_code,
            tried_again=verdict.retry_at is not None,
        )
        refusal = Refusal(self.id, self.sender, self.to, self.text[0], self.text[1], self._mode, row.error_code, True)
        self.verdicts.append((verdict, refusal, row.received_at))
        self._set(error_code=row.error_code, claimed_until=None)
        if self.values["cost_source"] == costs.BY_TABLE:
            self._set(cost_source=None)
        if verdict.retry_at is not None:
            self._older_ids.add(row.provider_id)
            self._set(state=State.QUEUED.value, not_before=verdict.retry_at, provider_id=None, reason=verdict.reason)
        else:
            self._set(state=state.value, reason=verdict.reason, failed_at=row.received_at)

    def _note_times(self, reported: State, at: datetime) -> None:
        """First time of each: what was read was delivered, what was delivered was sent."""
        if reported in LOST or self.state is State.QUEUED:
            return
        names = ["sent_at"]
        names += ["delivered_at"] if reported in ARRIVED else []
        names += ["read_at"] if reported is State.READ else []
        self._set(**{name: self.values[name] or at for name in names})
        if reported in ARRIVED:
            self._set(unconfirmed=False)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            if self.values[name] != value:
                self.values[name] = value
                self.changed = True


@dataclass(slots=True)
class _Deliveries:
    """The deliveries that a batch of reports is about, locked."""

    by_id: dict[str, _Message]
    by_provider_id: dict[str, _Message]

    @classmethod
    def load(cls, conn: Connection, rows: Iterable[StatusUpdate]) -> "_Deliveries":
        ids = {row.delivery_id for row in rows if row.delivery_id}
        provider_ids = {row.provider_id for row in rows if not row.delivery_id}
        which = or_(delivery.c.id.in_(ids), delivery.c.provider_id.in_(provider_ids))
        columns = [delivery.c[name] for name in _IDENTITY + _CHANGED]
        query = select(*columns).where(which if provider_ids else delivery.c.id.in_(ids))
        found = conn.execute(query.order_by(delivery.c.id).with_for_update()).all()
        tried: Select[Any] = select(attempt.c.delivery_id, attempt.c.n, attempt.c.mode, attempt.c.provider_id)
        attempts: dict[str, list[Row[Any]]] = {row.id: [] for row in found}
        if found:
            for one in conn.execute(tried.where(attempt.c.delivery_id.in_(list(attempts)))):
                attempts[one.delivery_id].append(one)
        messages = [_Message(row, attempts[row.id]) for row in found]
        known = {message.values["provider_id"]: message for message in messages if message.values["provider_id"]}
        return cls({message.id: message for message in messages}, known)

    def find(self, row: StatusUpdate) -> _Message | None:
        return self.by_id.get(row.delivery_id or "") or self.by_provider_id.get(row.provider_id)

    def all(self) -> Iterable[_Message]:
        return self.by_id.values()

    def save(self, conn: Connection, jobs: Jobs) -> None:
        changed = [message for message in self.all() if message.changed]
        if changed:
            conn.execute(_UPDATE, [{"b_id": m.id, **{f"b_{k}": v for k, v in m.values.items()}} for m in changed])
        learnt = [(message, *message.learnt) for message in changed if message.learnt]
        if learnt:
            values = [
                {"b_id": message.id, "b_n": message.attempts, "b_provider_id": provider_id, "b_at": at}
                for message, provider_id, at in learnt
            ]
            conn.execute(_FILL_ATTEMPT, values)
        for message in changed:
            for verdict, refusal, at in message.verdicts:
                carry_out(conn, verdict, refusal, at, jobs)
            if message.refused_text and message.text[2]:
                contents.refused(conn, message.text[0], message.text[1], message.text[2], message.refused_text)


def _known_events(conn: Connection, rows: Sequence[StatusUpdate]) -> set[tuple[str, str]]:
    keys = {(row.provider_id, row.status) for row in rows}
    query = select(status_event.c.provider_id, status_event.c.status)
    query = query.where(tuple_(status_event.c.provider_id, status_event.c.status).in_(list(keys)))
    return {(row.provider_id, row.status) for row in conn.execute(query)}


def _event(row: StatusUpdate, delivery_id: DeliveryId | None, applied: Applied) -> dict[str, Any]:
    return {
        "provider_id": row.provider_id,
        "status": row.status,
        "delivery_id": delivery_id,
        "error_code": row.error_code,
        "error_class": row.error_class.value if row.error_class else None,
        "received_at": row.received_at,
        "applied": applied.value,
        "raw": dict(row.raw),
    }


def _as_update(event: Row[Any]) -> StatusUpdate:
    error_class = ErrorClass(event.error_class) if event.error_class else None
    return StatusUpdate(
        event.provider_id, event.status, event.received_at, None, event.error_code, error_class, raw=event.raw
    )
