"""Keeps the ladders true: rebuilds those of clients whose facts changed, and settles alerts that hold no longer."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from bot.alerts import claims, holds, ladder_rows, notifications, repository, said_before
from bot.alerts.alert import WATCHED, Alert, Due, Kind
from bot.alerts.facts import outlook
from bot.alerts.policy import Policy
from bot.alerts.rules import Hours, ladder, not_said_before
from bot.alerts.stopped import paid_through
from bot.alerts.surroundings import Surroundings
from bot.alerts.unraised import gone, unraised
from bot.billing.standings import standings
from bot.directory import service as directory
from bot.directory.people import Client
from bot.ids import ClientId, PartnerId
from bot.messaging import outbox

SHORT = (Kind.STOPPED, Kind.RUNNING_OUT, Kind.LOW_BALANCE)
"""What is wrong with a client's money, and may become right again."""
CHUNK = 500
"""Clients handled in one set of statements."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Alerts of a client that were settled; `still_short`: its money needs somebody all the same."""

    alerts: tuple[Alert, ...]
    still_short: bool


def rebuild(
    conn: Connection, reasons: Mapping[ClientId, str], *, now: datetime, env: Surroundings
) -> dict[ClientId, Settled]:
    """Make the ladders of these clients anew and settle what is no longer true; the alerts that were settled.

    `reasons` says of each client what changed; it is noted with the alerts that this settles.
    """
    settled: dict[ClientId, Settled] = {}
    for client_ids in chunks(list(reasons)):
        rungs = _ladders(conn, client_ids, now, env)
        said = said_before.said(conn, client_ids)
        fresh = {one: (partner, not_said_before(due, said.get(one, {}))) for one, (partner, due) in rungs.items()}
        _note_gone(conn, client_ids, fresh, reasons, now)
        ladder_rows.replace_ladders(conn, fresh)
        for client_id, over in _over(conn, {one: due for one, (_, due) in rungs.items()}, now).items():
            settle(conn, over, reasons[client_id], now)
            settled[client_id] = Settled(tuple(over), _is_short(rungs[client_id][1], now))
    return settled


def _note_gone(
    conn: Connection,
    client_ids: list[ClientId],
    fresh: Mapping[ClientId, tuple[PartnerId, tuple[Due, ...]]],
    reasons: Mapping[ClientId, str],
    now: datetime,
) -> None:
    """Keep what had come due since the last scan and is over already."""
    before = ladder_rows.rungs_reached(conn, client_ids, now)
    notes = [
        unraised(fresh[client_id][0], client_id, rung, reached, reasons[client_id], now)
        for client_id, reached in before.items()
        if client_id in fresh
        for rung in gone(reached, fresh[client_id][1], now)
    ]
    if notes:
        repository.insert_alerts(conn, notes)


def settle(conn: Connection, alerts: Sequence[Alert], resolution: str, now: datetime) -> None:
    """Close alerts, and take back what was not yet said of them."""
    ids = [one.id for one in alerts]
    repository.resolve(conn, ids, resolution, now)
    claims.take_back_returned(conn, alerts)
    holds.end_claims(conn, alerts, now)
    outbox.cancel_queued(conn, ids=notifications.settle(conn, ids, now))


def hours(policy: Policy, client: Client) -> Hours:
    """The stages that hold for a client."""
    return Hours(
        ending=policy.stages_of(Kind.ENDING, client.partner_id, client.account_id),
        running_out=policy.stages_of(Kind.RUNNING_OUT, client.partner_id, client.account_id),
        raise_at=policy.raise_at,
        balances=policy.balances_of(client.currency, client.partner_id, client.account_id),
    )


def chunks(client_ids: Collection[ClientId]) -> Iterator[list[ClientId]]:
    """The clients in sets that one statement can name."""
    left = iter(client_ids)
    while some := list(islice(left, CHUNK)):
        yield some


def _ladders(
    conn: Connection, client_ids: list[ClientId], now: datetime, env: Surroundings
) -> dict[ClientId, tuple[PartnerId, tuple[Due, ...]]]:
    known = standings(conn, client_ids, now, env.book)
    clients = directory.clients_by_id(conn, client_ids)
    stopped = paid_through(conn, known)
    return {
        client_id: (
            standing.partner_id,
            ladder(outlook(standing, stopped.get(client_id)), hours(env.policy, clients[client_id]), now),
        )
        for client_id, standing in known.items()
    }


def _over(conn: Connection, ladders: Mapping[ClientId, Sequence[Due]], now: datetime) -> dict[ClientId, list[Alert]]:
    """The open alerts that hold no longer, the newest of each client first."""
    over = [
        alert_id
        for client_id, found in repository.open_rungs(conn, ladders).items()
        for alert_id, kind, stage, cycle in found
        if kind in WATCHED and not _holds(kind, stage, cycle, ladders[client_id], now)
    ]
    alerts = repository.alerts_by_id(conn, over)
    found: dict[ClientId, list[Alert]] = defaultdict(list)
    for alert_id in over:
        found[alerts[alert_id].client_id].append(alerts[alert_id])
    return found


def _is_short(rungs: Sequence[Due], now: datetime) -> bool:
    return any(rung.kind in SHORT and rung.due_at <= now for rung in rungs)


def _holds(kind: Kind, stage: int, cycle: str, rungs: Sequence[Due], now: datetime) -> bool:
    """Whether what an alert says is still so: a date may have moved away, a cycle may have begun anew."""
    return any(
        rung.kind is kind and rung.cycle == cycle and rung.stage <= stage and rung.due_at <= now for rung in rungs
    )
