"""What has not left yet follows a new arrangement: who is not told of a client any more does not get what waits."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import notifications, outstanding
from bot.directory import service as directory
from bot.directory.people import Suppression
from bot.ids import AlertId, ClientId, CuratorId
from bot.messaging import outbox

_GONE = "removed"


def take_back(
    conn: Connection, *, now: datetime, client_id: ClientId | None = None, curator_id: CuratorId | None = None
) -> int:
    """Call once it has changed who is told of a client, or of what a person is told: takes back what waits for people
    who are not told now, noting why; returns how much.

    Who was called because the one responsible did not react is told all the same. A message that is written already and
    stands for other clients too goes as it is: it cannot be unsaid for one of them.
    """
    unsaid: dict[tuple[CuratorId, str], list[AlertId]] = defaultdict(list)
    pending = outstanding.not_left_yet(conn, client_id=client_id, curator_id=curator_id)
    people = directory.recipients(conn, {one.client_id for one, _, _ in pending}, now)
    for alert, who, called in pending:
        told = people[alert.client_id]
        reason = told.suppressed.get(who)
        if who not in told.curators and not (called and reason is Suppression.ASSIGNED):
            unsaid[(who, reason.value if reason else _GONE)].append(alert.id)
    for (who, why), alert_ids in unsaid.items():
        ids = notifications.take_back(conn, alert_ids, [who], why, now)
        outbox.cancel_queued(conn, ids=ids, reason=why)
        outstanding.note_taken_back(conn, ids, why, now)
    return sum(map(len, unsaid.values()))
