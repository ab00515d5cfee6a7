"""Tells a person who hears of alerts only from now on of those that are open already and that it has not heard of."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import claims, hearers, notifications, said_before
from bot.alerts.alert import WATCHED, Alert
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import moments
from bot.directory import service as directory
from bot.directory.people import Curator, Suppression
from bot.ids import AlertId

NOT_HEARD = (*(one.value for one in Suppression), "no_address")
"""Reasons of not having been told that are over once the person is among those who are told."""


def catch_up(
    conn: Connection,
    curator: Curator,
    alerts: list[Alert],
    *,
    now: datetime,
    env: Surroundings,
    over: Collection[str] = NOT_HEARD,
) -> int:
    """Have these open alerts told to a person with the next scan; returns how many.

    Left out are those it was told of, clients that are not told to it, and clients that somebody else takes care of;
    and what it heard of before the balance went up and down, within the cooldown. `over`: the reasons of not having
    been told that hold no longer.
    """
    seen = [one for one in alerts if one.kind in WATCHED and curator.follows(one.client_id)]
    people = directory.recipients(conn, {one.client_id for one in seen}, now)
    taken = claims.claims(conn, {one.client_id for one in seen}, now)
    wanted = [
        one
        for one in seen
        if curator.id in people[one.client_id].curators
        and (one.client_id not in taken or taken[one.client_id].curator_id == curator.id)
    ]
    known = hearers.told_of(conn, [one.id for one in wanted])
    spared = {alert_id: told for (alert_id, curator_id), told in known.items() if curator_id == curator.id}
    unheard = [one for one in wanted if _unheard(one.id, spared, over)]
    heard = said_before.heard_lately(conn, curator.id, {one.client_id for one in unheard}, now, env.policy.cooldowns)
    again = [one for one in unheard if (one.client_id, one.kind, one.stage) in heard]
    waits = moments(conn, [(one, curator.id) for one in unheard if one not in again], now, env)
    notifications.forget_spared(conn, curator.id, [one.id for one in unheard])
    notifications.insert_waiting(conn, waits, now)
    notifications.insert_suppressed(conn, [(one.id, curator.id, "cooldown") for one in again], now)
    return len(waits)


def _unheard(alert_id: AlertId, known: dict[AlertId, hearers.Told], over: Collection[str]) -> bool:
    told = known.get(alert_id)
    return told is None or (told.outcome == "suppressed" and told.reason in over)
