"""Says that a client's money is right again, once, to those who were told that it was not."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alerts import hearers, notifications, repository, said_before
from bot.alerts.alert import Alert, Due, Kind
from bot.alerts.facts import snapshot
from bot.alerts.fingerprint import alert_key
from bot.alerts.ladders import SHORT, Settled
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import moments
from bot.billing.standings import standings
from bot.directory import service as directory
from bot.id_generator import new_id
from bot.ids import AlertId, ClientId

_DONE = "recovered"
_ONCE_IN = timedelta(days=7)
"""A client that goes up and down recovers this often at most."""


def tell_recovered(conn: Connection, settled: Mapping[ClientId, Settled], *, now: datetime, env: Surroundings) -> None:
    """Have it told of clients whose money was settled without a receipt."""
    fine = {
        client_id: [one for one in found.alerts if one.kind in SHORT]
        for client_id, found in settled.items()
        if not found.still_short
    }
    wanted = {client_id: found for client_id, found in fine.items() if found}
    if not wanted:
        return
    lately = said_before.said_lately(conn, wanted, now, {Kind.RECOVERED: _ONCE_IN})
    known = standings(conn, wanted, now, env.book)
    clients = directory.clients_by_id(conn, wanted)
    for client_id, before in wanted.items():
        people = hearers.told_already(conn, [one.id for one in before])
        if not people or lately.get(client_id):
            continue
        rung = Due(Kind.RECOVERED, 0, before[0].id, now)
        facts = snapshot(clients[client_id], known[client_id], rung, env.book)
        alert = _alert(before[0], rung, facts, now)
        if repository.insert_alerts(conn, [alert]):
            pairs = moments(conn, [(alert, curator_id) for curator_id in people], now, env)
            notifications.insert_waiting(conn, pairs, now)


def _alert(before: Alert, rung: Due, facts: Mapping[str, object], now: datetime) -> Alert:
    return Alert(
        id=AlertId(new_id()),
        partner_id=before.partner_id,
        client_id=before.client_id,
        key=alert_key(before.client_id, rung),
        kind=Kind.RECOVERED,
        stage=0,
        cycle=rung.cycle,
        facts=facts,
        raised_at=now,
        resolved_at=now,
        resolution=_DONE,
    )
