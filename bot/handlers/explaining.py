"""`why CLIENT`: for each curator and rule what was sent, what was not and the reason, and what comes next."""

from itertools import groupby
from typing import Any

from bot.alerts import claims
from bot.alerts.postponing import history
from bot.alerts.why import Outcome, why
from bot.directory import service as directory
from bot.directory.people import Client
from bot.handlers.choosing import about, tapped_client, whom
from bot.handlers.commands import Tap, Why
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.i18n import local_date

router = Router()
_DONE_SHOWN = 3


@router.command(Why)
def asked(ctx: Context, command: Why) -> Replies:
    """`why CLIENT`."""
    if ctx.curator.client_id is not None:
        return [Reply("replies/viewer")]
    client = whom(ctx, command.client, lambda one: payload_of("why", one))
    return [client if isinstance(client, Reply) else _explained(ctx, client)]


@router.tap("why")
def picked(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    if ctx.curator.client_id is not None:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    return [client if isinstance(client, Reply) else _explained(ctx, client)]


def _explained(ctx: Context, client: Client) -> Reply:
    found = why(ctx.conn, client.id, now=ctx.now, env=ctx.env.around, clients_own=False)
    people = [
        {"name": name, "zone": zone, **_rules(list(outcomes))}
        for (_, name, zone), outcomes in groupby(found, lambda one: (one.curator_id, one.curator, one.time_zone))
    ]
    taken = claims.claims(ctx.conn, [client.id], ctx.now).get(client.id)
    facts = {
        **about(client),
        "people": people,
        "passed": _passed(found),
        "client_zone": client.time_zone,
        "claimed_by": directory.get_curator(ctx.conn, taken.curator_id).name if taken else None,
        "done": _done(ctx, client),
        "zone": ctx.curator.time_zone,
    }
    return Reply("care/why", facts, client_id=client.id)


def _rules(outcomes: list[Outcome]) -> dict[str, Any]:
    """What there is to tell of each rule, and the rules that nothing came of and nothing will."""
    telling = [one for one in outcomes if one.verdict != "nothing_due" or one.next_at is not None]
    return {
        "rules": [_rule(one) for one in telling],
        "idle": [one.kind.value for one in outcomes if one not in telling],
    }


def _rule(one: Outcome) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "verdict": one.verdict,
        "reason": one.reason,
        "stage": one.stage,
        "at": one.at.isoformat() if one.at else None,
        "state": one.delivery_state,
        "code": one.error_code,
        "means": one.failure,
        "next_stage": one.next_stage,
        "next_at": one.next_at.isoformat() if one.next_at else None,
        "next_told_at": one.next_told_at.isoformat() if one.next_told_at else None,
        "next_reason": one.next_reason,
    }


def _passed(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """The stages that the last ones stand for, once for all: it is so for everybody."""
    found = {(one.kind, one.stage, one.instead, one.reason) for outcome in outcomes for one in outcome.passed}
    return [
        {"kind": kind.value, "stage": stage, "instead": instead, "reason": reason}
        for kind, stage, instead, reason in sorted(found, key=lambda one: (one[0], -one[1]))
    ]


def _done(ctx: Context, client: Client) -> list[dict[str, Any]]:
    """The last promises and notes, by whom."""
    kept = [one for one in history(ctx.conn, client.id) if one.kind in ("note", "promise")][:_DONE_SHOWN]
    people = directory.curators_by_id(ctx.conn, {one.curator_id for one in kept})
    return [
        {
            "kind": one.kind.value,
            "who": people[one.curator_id].name,
            "at": one.since.isoformat(),
            "until": local_date(one.until, ctx.curator.time_zone).isoformat() if one.until else None,
            "note": one.note,
        }
        for one in kept
    ]
