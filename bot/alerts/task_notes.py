"""Tells people what a table or poll shows of their dashboard tasks, in the unit in which it was read; asks again."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.alerts.quiet import send_at
from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup import tasks
from bot.billing.gateways.wazzup.evidence import Sight
from bot.billing.gateways.wazzup.tasks import Task, Turn
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import Address, PartnerId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.messaging.templates import Button
from bot.money import as_json

_REMINDED_AFTER_DAYS = (1, 3, 7, 14, 30)
"""Whole days after the request, or after the word that it is done."""


def look(conn: Connection, partner_id: PartnerId, sights: Iterable[Sight], now: datetime, env: Surroundings) -> None:
    """Close the tasks that these accounts show done, open again those that they show undone, and say so."""
    seen = {one.account_id: one for one in sights}
    for turn in tasks.look(conn, partner_id, seen.values(), now):
        concerned = {one for one in (turn.task.asked_by, turn.task.done_by) if one is not None}
        for curator in directory.curators_by_id(conn, concerned).values():
            if curator.address is not None and curator.silence() is None:
                note = _note(turn, seen[turn.task.facts["account_id"]], curator, curator.address)
                outbox.enqueue(conn, note, sender=env.sender, now=now, jobs=env.jobs)


def remind(conn: Connection, partner_id: PartnerId, now: datetime, env: Surroundings) -> None:
    """Ask again for tasks that wait for days, for the work or for its proof: who asked for them and who did them."""
    for task in tasks.waiting(conn, partner_id):
        since = task.progress.done_at or task.created_at
        days = (now - since).days
        if days in _REMINDED_AFTER_DAYS:
            concerned = {one for one in (task.asked_by, task.done_by) if one is not None}
            for curator in directory.curators_by_id(conn, concerned).values():
                if curator.address is not None and curator.silence() is None:
                    note = _reminder(task, since, days, curator, curator.address)
                    at = send_at(curator, now, None, env.policy.is_day_off) if env.policy.respect_hours else now
                    outbox.enqueue(conn, replace(note, not_before=at), sender=env.sender, now=now, jobs=env.jobs)


def _reminder(task: Task, since: datetime, days: int, curator: Curator, to: Address) -> Outgoing:
    facts = {"number": task.name, "company": task.facts["company"], "account_id": task.facts["account_id"]}
    return Outgoing(
        key=f"task:{task.id}:waits:{since.isoformat()}:{days}:{curator.id}",
        to=to,
        kind=Kind.NOTICE,
        template="wazzup/waiting",
        language=curator.language,
        facts={**facts, "state": task.state, "since": since.isoformat(), "zone": curator.time_zone},
        buttons=_buttons(task),
        partner_id=task.partner_id,
        curator_id=curator.id,
        client_id=task.client_id,
    )


def _note(turn: Turn, sight: Sight, curator: Curator, to: Address) -> Outgoing:
    task = turn.task
    reopened = turn.what == "reopened"
    confirmed = "tasks/confirmed" if task.facts["ends_after"] else "tasks/confirmed_topup"
    by = "_polled" if sight.source == "poll" else ""
    return Outgoing(
        key=f"task:{task.id}:{turn.what}:{turn.seen_at.isoformat()}:{curator.id}",
        to=to,
        kind=Kind.NOTICE if reopened else Kind.RECEIPT,
        template=("tasks/reopened" if reopened else confirmed) + by,
        language=curator.language,
        facts=facts_of(task, sight, curator.time_zone),
        buttons=_buttons(task) if reopened else (),
        partner_id=task.partner_id,
        curator_id=curator.id,
        client_id=task.client_id,
    )


def facts_of(task: Task, sight: Sight, zone: str) -> Mapping[str, Any]:
    """What the texts are made of: what was to be, and what the account shows."""
    end = sight.end.isoformat() if sight.end else ""
    shown = {"at": sight.at.isoformat(), "end": "" if task.facts["ends_after"] is None else end, "ends": end}
    balance = as_json(sight.balance) if sight.balance is not None else ""
    return {**task.facts, **shown, "number": task.name, "zone": zone, "balance": balance}


def _buttons(task: Task) -> tuple[Button, ...]:
    verbs = (("done", "done"), ("failed", "failed"), ("cancel", "drop"))
    return tuple(Button(action, f"{verb}:{task.id}") for action, verb in verbs)
