"""Who runs out soon, and the buttons under an alert: show all, I'm on it, remind me later."""

from collections.abc import Mapping
from typing import Any

from bot.alerts import brake, claims, postponing
from bot.alerts import service as told
from bot.alerts.alert import Alert
from bot.alerts.digest import Digest, digest
from bot.alerts.due import DueClient, due_list
from bot.alerts.due_picture import state_of
from bot.alerts.timing import polite
from bot.alerts.wording import reader_facts, worded
from bot.directory import service as directory
from bot.directory.people import Curator, Role
from bot.errors import UserError
from bot.handlers.choosing import about, owned
from bot.handlers.commands import Due, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import CHOICES_MAX, Menu, Replies, Reply
from bot.handlers.router import Router
from bot.handlers.seen import seen
from bot.handlers.settled import settled
from bot.ids import AlertId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.money import as_json

router = Router()
WITHIN_DAYS = 14
"""How far `due` looks ahead unless told."""


@router.command(Due)
def due(ctx: Context, command: Due) -> Replies:
    """`due [DAYS]`: what is over already first, then by the day."""
    within = WITHIN_DAYS if command.within_days is None else command.within_days
    around = ctx.env.around
    found = due_list(ctx.conn, ctx.partner.id, now=ctx.now, env=around, within_days=within)
    lines = [one for one in found if ctx.curator.follows(one.client_id)]
    if not lines:
        return [Reply("replies/nothing_due", {"days": within})]
    shown = lines[:CHOICES_MAX]
    facts = {
        "clients": [_line(one) for one in shown],
        **seen(ctx, shown),
        "days": within,
        "total": len(lines),
        "more": len(lines) - len(shown),
        "picture": ctx.env.media_url is not None,
    }
    return [Reply("replies/due", facts, menu=Menu(tuple(payload_of("balance", one.client_id) for one in shown)))]


@router.tap("show")
def show(ctx: Context, tap: Tap) -> Replies:
    """Everything that was told in the same message, one line a client, to be picked by number."""
    first = _alert(ctx, tap)
    if first is None:
        return due(ctx, Due())
    together = [one for one in told.told_together(ctx.conn, first.id, ctx.curator.id) if one.open]
    kept = [one for one in digest(together).alerts if owned(ctx, one.client_id)] if together else []
    if not kept:
        return [Reply("replies/all_settled")]
    shown = kept[:CHOICES_MAX]
    lines = [
        {
            "company": one.facts["company"],
            "account_id": one.facts["account_id"],
            "kind": one.kind.value,
            "day": one.facts.get("last_day"),
            "about": bool(one.facts.get("by_use")),
            "balance": one.facts.get("balance"),
        }
        for one in shown
    ]
    choices = tuple(payload_of("alert", one.id) for one in shown)
    facts = {**reader_facts(shown, ctx.now, ctx.curator.time_zone), "alerts": lines, "more": len(kept) - len(shown)}
    return [Reply("replies/told", facts, menu=Menu(choices))]


@router.tap("alert")
def full(ctx: Context, tap: Tap) -> Replies:
    """One alert of the list in full, with its buttons."""
    alert = _alert(ctx, tap)
    client = None if alert is None else owned(ctx, alert.client_id)
    if alert is None or client is None:
        return [Reply("replies/button_old")]
    if not alert.open:
        return [settled(ctx, alert, client)]
    said = worded(Digest(alert, (alert,)), ctx.now, ctx.curator, ctx.partner.name)
    return [Reply(said.template, said.facts, said.buttons, client_id=alert.client_id)]


@router.tap("claim")
def claim(ctx: Context, tap: Tap) -> Replies:
    """ "I'm on it": messages that others have not got yet are taken back, and those who were told hear who does it."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    alert = _alert(ctx, tap)
    client = None if alert is None else owned(ctx, alert.client_id)
    if alert is None or client is None:
        return [Reply("replies/button_old")]
    if not alert.open:
        return [settled(ctx, alert, client)]
    claimed = claims.claim(ctx.conn, alert.id, ctx.curator.id, now=ctx.now, env=ctx.env.around)
    facts = {**about(client), "name": ctx.curator.name}
    if claimed.news:
        for other in directory.curators_by_id(ctx.conn, claimed.others).values():
            _tell_claimed(ctx, alert, other, facts)
    return [Reply("replies/claimed", {**facts, "others": len(claimed.others)}, client_id=client.id)]


@router.tap("later")
def later(ctx: Context, tap: Tap) -> Replies:
    """The same alert again with what is due on the next working day, and nothing about the client before, unless it is
    settled by then."""
    alert = _alert(ctx, tap)
    client = None if alert is None else owned(ctx, alert.client_id)
    if alert is None or client is None:
        return [Reply("replies/button_old")]
    if not alert.open:
        return [settled(ctx, alert, client)]
    at = postponing.later(ctx.conn, alert, ctx.curator, now=ctx.now, env=ctx.env.around)
    facts = {"company": alert.facts["company"], "at": at.isoformat(), "zone": ctx.curator.time_zone}
    return [Reply("replies/later", facts, client_id=alert.client_id)]


@router.tap("release")
def release(ctx: Context, tap: Tap) -> Replies:
    """What was held back for being far more than usual is told after all."""
    return _answered(ctx, tap, yes=True)


@router.tap("decline")
def decline(ctx: Context, tap: Tap) -> Replies:
    """What was held back is told to nobody."""
    return _answered(ctx, tap, yes=False)


def _answered(ctx: Context, tap: Tap, *, yes: bool) -> Replies:
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    if ctx.curator.role is not Role.OWNER:
        return [Reply("watch/owner_only")]
    if tap.id is None:
        return [Reply("replies/button_old")]
    news = brake.answer(ctx.conn, AlertId(tap.id), ctx.curator.id, yes=yes, now=ctx.now)
    return [Reply("watch/released" if yes else "watch/declined") if news else Reply("replies/all_settled")]


def _tell_claimed(ctx: Context, alert: Alert, other: Curator, facts: Mapping[str, Any]) -> None:
    if other.address is None:
        return
    notice = Outgoing(
        key=f"claim:{alert.id}:{ctx.curator.id}:{other.id}",
        to=other.address,
        kind=Kind.NOTICE,
        template="people/claimed_by",
        language=other.language,
        facts=facts,
        partner_id=ctx.partner.id,
        curator_id=other.id,
        client_id=alert.client_id,
        not_before=polite(other, ctx.now, ctx.env.around),
    )
    outbox.enqueue(ctx.conn, notice, sender=ctx.env.around.sender, now=ctx.now, jobs=ctx.env.around.jobs)


def _line(one: DueClient) -> dict[str, Any]:
    return {
        "company": one.company,
        "account_id": one.account_id,
        "balance": as_json(one.balance),
        "state": state_of(one),
        "day": one.day.isoformat(),
    }


def _alert(ctx: Context, tap: Tap) -> Alert | None:
    """The alert of a button, if it is this partner's."""
    try:
        return told.alert(ctx.conn, AlertId(tap.id), ctx.partner.id) if tap.id else None
    except UserError:
        return None
