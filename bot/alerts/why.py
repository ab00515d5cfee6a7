"""Why somebody was told of a client, or was not, and what comes next: one explained outcome per curator and rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.alerts import hearers, holds, ladder_rows, repository
from bot.alerts.alert import WATCHED, Due, Kind
from bot.alerts.brake import is_held
from bot.alerts.foretelling import Foretold, Turns, batches, foretell, turns_of
from bot.alerts.hearers import Told
from bot.alerts.holds import Hold, HoldKind
from bot.alerts.stages import Stage, Verdict, stages_of, stages_to_come
from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import Client, Curator, Suppression
from bot.ids import ClientId, CuratorId
from bot.messaging.message import ErrorCode

_ALERTS_MAX = 50
"""So many alerts of a client are looked back at."""
_STILL_TOLD = (Suppression.AWAY, Suppression.NOT_ROUTED, Suppression.ASSIGNED)
"""Whoever is spared for these reasons is told what waits for it already."""
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
    settled, superseded, forgotten, lasts_longer, added_later; held: an owner has to say yes first). nothing_due:
    `reason` is not_yet, or what the client does not have.
    `error_code` is the provider's of the last attempt, if that failed; `failure` says in plain English words, which
    have translations, what it or our own reason means.
    `next_at` is when the next stage is raised, `next_told_at` when this person hears of it, in its own `time_zone`;
    `next_reason` why it would not. `stages` are all that came due, the last one first: each has one outcome.
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
    next_told_at: datetime | None = None
    time_zone: str = "UTC"
    error_code: ErrorCode | None = None
    failure: str | None = None
    stages: tuple[Stage, ...] = ()

    @property
    def passed(self) -> tuple[Stage, ...]:
        """The stages that the last one stands for: they were due by then too."""
        newest = self.stages[0] if self.stages else None
        return tuple(
            one for one in self.stages[1:] if newest and one.instead == newest.stage and one.cycle == newest.cycle
        )


def why(
    conn: Connection, client_id: ClientId, *, now: datetime, env: Surroundings, clients_own: bool = True
) -> list[Outcome]:
    """One outcome for each person who has to do with the client and each rule, by person. UserError client_unknown.

    Without `clients_own` the client's own curators are left out: the partner does not get to know of them.
    """
    client = directory.get_client(conn, client_id)
    people = [
        one
        for one in directory.list_curators(conn, client.partner_id)
        if one.follows(client_id) and (clients_own or one.client_id is None)
    ]
    turns = turns_of(conn, people, now)
    rungs = ladder_rows.next_due(conn, client_id)
    reached = [one for one in rungs if one.due_at <= now]
    soon = foretell(conn, client, reached, people, turns, at=now, env=env) if reached else {}
    coming = _coming(conn, client, [one for one in rungs if one.due_at > now], people, turns, env)
    known = _known(conn, client_id, people, turns, env)
    held = holds.running(conn, [client_id], [HoldKind.PROMISE, HoldKind.SNOOZE])
    brake = is_held(conn, client.partner_id)
    found = []
    for person in people:
        now_due = stages_to_come(soon.get(person.id, ()), brake)
        for kind in WATCHED:
            stages = [one for one in (*now_due, *known[person.id]) if one.kind is kind]
            outcome = _outcome(person, kind, stages, coming[person.id].get(kind))
            found.append(_because(outcome, held, now))
    return found


def _known(
    conn: Connection, client_id: ClientId, people: Sequence[Curator], turns: Turns, env: Surroundings
) -> dict[CuratorId, list[Stage]]:
    """What every stage that was raised came to for each of these people, the last one first."""
    alerts = repository.alerts_of_client(conn, client_id, _ALERTS_MAX)
    told = hearers.told_of(conn, [one.id for one in alerts])
    silent = {
        who: reason.value
        for who, reason in directory.recipients(conn, [client_id], turns.now)[client_id].suppressed.items()
        if reason not in _STILL_TOLD
    }
    return {
        person.id: [
            stage
            for one in alerts
            for stage in stages_of(
                one,
                _dropped(told.get((one.id, person.id)), silent.get(person.id)),
                partial(turns.told_at, person, one, env=env),
            )
        ]
        for person in people
    }


def _dropped(told: Told | None, silence: str | None) -> Told | None:
    """What waits for somebody who wants to hear nothing by now is not sent."""
    if told is None or silence is None or told.outcome != "waiting":
        return told
    return replace(told, outcome="suppressed", reason=silence)


def _coming(
    conn: Connection, client: Client, rungs: Sequence[Due], people: Sequence[Curator], turns: Turns, env: Surroundings
) -> dict[CuratorId, dict[Kind, Foretold]]:
    """What comes next of each kind for each of these people."""
    found: dict[CuratorId, dict[Kind, Foretold]] = {one.id: {} for one in people}
    seen: set[Kind] = set()
    for at, batch in batches(conn, client, rungs, now=turns.now, env=env):
        news = {one.kind for one in batch} - seen
        if not news:
            continue
        seen |= news
        for who, foretold in foretell(conn, client, batch, people, turns, at=at, env=env).items():
            for one in foretold:
                if one.rung.kind in news:
                    found[who].setdefault(one.rung.kind, one)
    return found


def _outcome(person: Curator, kind: Kind, stages: Sequence[Stage], following: Foretold | None) -> Outcome:
    newest = stages[0] if stages else None
    nothing = "not_yet" if following else _NOTHING[kind]
    return Outcome(
        curator_id=person.id,
        curator=person.name,
        kind=kind,
        verdict=newest.verdict if newest else "nothing_due",
        reason=newest.reason if newest else nothing,
        stage=newest.stage if newest else None,
        at=newest.at if newest else None,
        delivery_state=newest.delivery_state if newest else None,
        next_stage=following.rung.stage if following else None,
        next_at=following.raised_at if following else None,
        next_reason=following.reason if following else None,
        next_told_at=following.told_at if following else None,
        time_zone=person.time_zone,
        error_code=newest.error_code if newest else None,
        failure=newest.failure if newest else None,
        stages=tuple(stages),
    )


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
