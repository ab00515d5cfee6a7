"""Whose messages go next: the more urgent kind first, within a kind every partner its share, within a partner in order.

However many messages wait, looking costs a few steps into an index for each partner that has some.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from bot.ids import Address
from bot.messaging.outbox import WAITING
from bot.messaging.status import State
from bot.storage.tables import delivery

PARTNERS_MAX = 500
"""So many partners are looked at in one go; the next look begins with those after them."""
_OF_NOBODY = ""


def next_rows(
    conn: Connection, due: Select[Any], sender: Address, limit: int, after: str
) -> tuple[list[Row[Any]], str]:
    """Up to `limit` rows of `due`, which selects what may go of a sender; and the partner to begin after next time.

    `after` is what the last call said, so that with more partners than room nobody is passed over for ever.
    """
    rows: list[Row[Any]] = []
    for priority in _priorities(conn, sender):
        partners = list(_partners(conn, sender, priority, after))
        ranked = due.where(delivery.c.priority == priority)
        share = max(1, limit // max(1, len(partners)))
        more: list[str] = []
        for partner in partners:
            if len(rows) >= limit:
                break
            found = _some(conn, ranked, partner, 0, min(share, limit - len(rows)))
            rows += found
            after = partner if found else after
            if len(found) == share:
                more.append(partner)
        for partner in more:
            if len(rows) < limit:
                rows += _some(conn, ranked, partner, share, limit - len(rows))
        if len(rows) >= limit:
            break
    return rows, after


def _some(conn: Connection, ranked: Select[Any], partner: str, skipped: int, most: int) -> list[Row[Any]]:
    whose = delivery.c.partner_id.is_(None) if partner == _OF_NOBODY else delivery.c.partner_id == partner
    query = ranked.where(whose).order_by(delivery.c.not_before, delivery.c.id)
    return list(conn.execute(query.offset(skipped).limit(most)))


def _priorities(conn: Connection, sender: Address) -> Iterator[int]:
    last = -1
    mine = _queued(delivery.c.sender == sender)
    query = select(delivery.c.priority).order_by(delivery.c.priority).limit(1)
    while (found := conn.execute(query.where(mine, delivery.c.priority > last)).scalar()) is not None:
        yield found
        last = found


def _partners(conn: Connection, sender: Address, priority: int, after: str) -> Iterator[str]:
    """Partners with something queued, those after `after` first, then the others; `_OF_NOBODY` is nobody's."""
    mine = _queued(delivery.c.sender == sender, delivery.c.priority == priority)
    nobodys = select(delivery.c.id).where(mine, delivery.c.partner_id.is_(None)).limit(1)
    if conn.execute(nobodys).first() is not None:
        yield _OF_NOBODY
    column = delivery.c.partner_id
    query = select(column).where(mine).order_by(column).limit(1)
    for until, last in ((None, after), (after, _OF_NOBODY)):
        bounded = query if until is None else query.where(column <= until)
        for _ in range(PARTNERS_MAX):
            found = conn.execute(bounded.where(column > last)).scalar()
            if found is None:
                break
            yield found
            last = found


def _queued(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(WAITING, delivery.c.state == State.QUEUED, *conditions)
