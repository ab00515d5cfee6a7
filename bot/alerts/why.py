"""Why somebody was told of a client, or was not, and what comes next: one explained outcome per curator and rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from bot.alerts import holds, notifications, repository
from bot.alerts.alert import WATCHED, Alert, Due, Kind
from bot.alerts.brake import is_held
from bot.alerts.holds import Hold, HoldKind
from bot.alerts.notifications import Told
from bot.directory import service as directory
from bot.directory.people import Curator, Suppression
from bot.ids import AlertId, ClientId, CuratorId

Verdict = Literal["sent", "waiting", "not_sent", "nothing_due"]
_ALERTS_MAX = 50
"""So many alerts of a client are looked back at."""
_HELD: Mapping[HoldKind, str] = {HoldKind.PROMISE: "promised", HoldKind.SNOOZE: "snoozed"}
_NOTHING: Mapping[Kind, str] = {
    Kind.ENDING: "no_subscription",
    Kind.ENDED: "no_subscription",
    Kind.RUNNING_OUT: "no_daily_payments",
    Kind.STOPPED: "channels_run",
    Kind.LOW_BALANCE: "no_level_reached",
    Kind.UNPAID: "nothing_unpaid",
    Kind.NOT_RENEWED: "no_renewal_failed",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule came to for one person.

    `verdict` sent: at the moment `at`, `delivery_state` says how far it came. waiting: it goes at `at`, for a `reason`
    not before: promised, snoozed, hours, or next_scan. not_sent: for a `reason` (a Suppression, cooldown, claimed,
    settled, superseded, forgotten, added_later; held: an owner has to say yes first). nothing_due: `reason` is not_yet,
    or what the client does not have.
    `next_at` is when the next stage is due; `next_reason` why this person would not hear of it.
    """

    curator_id: CuratorId
    curator: str
    kind: Kind
    verdict: Verdict
    reason: str | None = None
    stage: int | None = None
    at: datetime | None = None
    delivery_state: str | None = None
    next_stage: int | None = None
    next_at: datetime | None = None
    next_reason: str | None = None


def why(conn: Connection, client_id: ClientId, *, now: datetime, clients_own: bool = True) -> list[Outcome]:
    """One outcome for each person who has to do with the client and each rule, by person. UserError client_unknown.

    Without `clients_own` the client's own curators are left out: the partner does not get to know of them.
    """
    client = directory.get_client(conn, client_id)
    alerts = repository.alerts_of_client(conn, client_id, _ALERTS_MAX)
    told = notifications.told_of(conn, [one.id for one in alerts])
    rungs = repository.next_due(conn, client_id)
    spared = directory.recipients(conn, [client_id], now)[client_id].suppressed
    people = [
        one
        for one in directory.list_curators(conn, client.partner_id)
        if one.follows(client_id) and (clients_own or one.client_id is None)
    ]
    held = holds.running(conn, [client_id], [HoldKind.PROMISE, HoldKind.SNOOZE])
    brake = is_held(conn, client.partner_id)
    ahead = [one for one in rungs if one.due_at > now]
    reached = {one.kind: one for one in rungs if one.due_at <= now}
    found = [_outcome(person, kind, alerts, told, ahead, spared) for person in people for kind in WATCHED]
    return [
        _because(one, held, now) if one.kind not in reached else _next_scan(one, reached[one.kind], brake, spared, now)
        for one in found
    ]


def _next_scan(
    found: Outcome, rung: Due, brake: bool, spared: Mapping[CuratorId, Suppression], now: datetime
) -> Outcome:
    """What will become of a stage that was reached since the last scan, or that is held back with many others."""
    silence = spared.get(found.curator_id)
    news = replace(found, stage=rung.stage, at=None, delivery_state=None)
    if silence is not None or brake:
        return replace(news, verdict="not_sent", reason=silence.value if silence else "held")
    return replace(news, verdict="waiting", at=now, reason="next_scan")


def _because(found: Outcome, held: Sequence[Hold], now: datetime) -> Outcome:
    """The same, with what keeps from being told yet."""
    if found.verdict != "waiting" or found.at is None:
        return found
    if found.at <= now:
        return replace(found, reason="next_scan")
    asked = {one.kind for one in held if (one.until is None or one.until > now) and _concerns(one, found.curator_id)}
    reason = next((word for kind, word in _HELD.items() if kind in asked), "hours")
    return replace(found, reason=reason)


def _concerns(one: Hold, curator_id: CuratorId) -> bool:
    return one.kind is HoldKind.PROMISE or one.curator_id == curator_id


def _outcome(
    person: Curator,
    kind: Kind,
    alerts: list[Alert],
    told: Mapping[tuple[AlertId, CuratorId], Told],
    rungs: list[Due],
    spared: Mapping[CuratorId, Suppression],
) -> Outcome:
    latest = next((one for one in alerts if one.kind is kind), None)
    following = next((one for one in rungs if one.kind is kind), None)
    verdict, reason, at, state = _verdict(person, kind, latest, told, following)
    silence = spared.get(person.id)
    return Outcome(
        curator_id=person.id,
        curator=person.name,
        kind=kind,
        verdict=verdict,
        reason=reason,
        stage=latest.stage if latest else None,
        at=at,
        delivery_state=state,
        next_stage=following.stage if following else None,
        next_at=following.due_at if following else None,
        next_reason=silence.value if following and silence else None,
    )


def _verdict(
    person: Curator,
    kind: Kind,
    latest: Alert | None,
    told: Mapping[tuple[AlertId, CuratorId], Told],
    following: Due | None,
) -> tuple[Verdict, str | None, datetime | None, str | None]:
    if latest is None:
        return "nothing_due", "not_yet" if following else _NOTHING[kind], None, None
    note = told.get((latest.id, person.id))
    if note is None:
        return "not_sent", latest.resolution if latest.resolution in repository.UNSAID else "added_later", None, None
    match note.outcome:
        case "sent":
            return "sent", None, note.at, note.delivery_state
        case "waiting":
            return "waiting", None, note.send_at, None
        case "suppressed":
            return "not_sent", note.reason, note.at, None
        case _:
            return "not_sent", "settled", note.at, None
