"""Tells of what is still so once its cooldown is over: it came back too soon to be told, and nobody else tells it."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import catching_up, hearers, repository, said_before
from bot.alerts.alert import Alert
from bot.alerts.rules import says_more
from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId

_COOLDOWN = "cooldown"
_PAIRS_MAX = 500


def tell_cooled(conn: Connection, *, now: datetime, env: Surroundings) -> int:
    """Have open alerts whose cooldown is over told with this scan; returns to how many people."""
    spared = hearers.spared(conn, _COOLDOWN, _PAIRS_MAX)
    client_ids = {one.client_id for one, _ in spared}
    if not client_ids:
        return 0
    cooling = said_before.said_lately(conn, client_ids, now, env.policy.cooldowns)
    beside = repository.open_of_clients(conn, client_ids)
    over: dict[CuratorId, list[Alert]] = defaultdict(list)
    for one, curator_id in spared:
        if (one.kind, one.stage) not in cooling.get(one.client_id, ()) and not _is_outdone(one, beside):
            over[curator_id].append(one)
    people = directory.curators_by_id(conn, over)
    told = [
        catching_up.catch_up(conn, people[curator_id], found, now=now, env=env, over=(_COOLDOWN,))
        for curator_id, found in over.items()
    ]
    return sum(count > 0 for count in told)


def _is_outdone(one: Alert, beside: dict[ClientId, list[Alert]]) -> bool:
    """Whether another open alert of the client says more."""
    return any(says_more((other.kind, other.stage), (one.kind, one.stage)) for other in beside.get(one.client_id, ()))
