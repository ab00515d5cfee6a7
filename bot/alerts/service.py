"""What the doors call: facts changed, time passed, who runs out, what is open."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import (
    ahead,
    brake,
    catching_up,
    channel_numbers,
    claims,
    cooling,
    escalation,
    hearers,
    ladder_rows,
    ladders,
    raising,
    receipts,
    recovery,
    repository,
    restaging,
    returning,
    telling,
)
from bot.alerts.alert import Alert
from bot.alerts.digest import urgency
from bot.alerts.ladders import CHUNK
from bot.alerts.report import ScanReport
from bot.alerts.surroundings import Surroundings
from bot.billing.changed import Changed
from bot.directory import service as directory
from bot.errors import UserError
from bot.ids import AlertId, ClientId, CuratorId, InboxId, PartnerId

_PRECEDENCE = ("renewed", "subscribed", "changed", "topped_up", "lapsed", "ended", "stopped", "resumed", "imported")
"""Of several changes of one client, the one that settles its alerts."""


def apply(
    conn: Connection,
    changes: Iterable[Changed],
    *,
    now: datetime,
    env: Surroundings,
    in_reply_to: InboxId | None = None,
) -> None:
    """Take in what billing says has changed, in the unit of the change: ladders, settled alerts, receipts."""
    found = list(changes)
    reasons = _reasons(found)
    restaging.note(conn, env.policy)
    channel_numbers.look_at_channels(conn, reasons, now=now, env=env)
    settled = ladders.rebuild(conn, reasons, now=now, env=env)
    unreceipted = {one: what for one, what in settled.items() if ":" not in reasons[one]}
    recovery.tell_recovered(conn, unreceipted, now=now, env=env)
    receipts.write_receipts(conn, found, now=now, env=env, in_reply_to=in_reply_to)


def scan(
    conn: Connection,
    *,
    now: datetime,
    env: Surroundings,
    partner_id: PartnerId | None = None,
    dry_run: bool = False,
    limit: int | None = None,
) -> ScanReport:
    """Raise what is due, end claims whose time is up, call others where nobody reacted, and write what is to be said.

    Run twice, it says nothing twice. Where the stages of the policy have changed, the ladders are made anew first.

    With `limit`, at most so many clients are raised in this unit and messages are written once none is left: call again
    while the report says `more`. `dry_run` only counts. Many more clients than usual wait for a yes.
    """
    if dry_run:
        return _rehearsal(conn, now, env, partner_id)
    while restaging.restage(conn, min(limit or CHUNK, CHUNK), now=now, env=env):
        if limit is not None:
            return ScanReport(more=True)
    braked = brake.look(conn, now=now, env=env)
    held = [one for one in braked.held if partner_id in (None, one)]
    report = ScanReport(held=sum(braked.held[one] for one in held))
    while client_ids := ladder_rows.clients_due(conn, now, min(limit or CHUNK, CHUNK), partner_id, held):
        due = ladder_rows.rungs_reached(conn, client_ids, now)
        raised = raising.raise_due(conn, due, now=now, env=env, declined=braked.declined)
        report += raised.report(len(client_ids))
        if limit is not None and report.clients >= limit:
            return report + ScanReport(more=True)
    returning.return_due(conn, now=now, env=env)
    early = ahead.too_late_later(conn, now=now, env=env, partner_id=partner_id, without=held)
    if early:
        report += raising.raise_due(conn, early, now=now, env=env).report(len(early))
    claims.return_due(conn, now=now, env=env)
    escalation.escalate(conn, now=now, env=env)
    cooling.tell_cooled(conn, now=now, env=env)
    told = telling.tell(conn, now=now, env=env, partner_id=partner_id)
    report += told
    while told.more and limit is None:
        told = telling.tell(conn, now=now, env=env, partner_id=partner_id)
        report += told
    return report


def alert(conn: Connection, alert_id: AlertId, partner_id: PartnerId | None = None) -> Alert:
    """An alert by id, open or not. UserError alert_unknown, also when it is another partner's."""
    found = repository.alerts_by_id(conn, [alert_id]).get(alert_id)
    if found is None or (partner_id is not None and found.partner_id != partner_id):
        raise UserError("alert_unknown", alert=alert_id)
    return found


def open_alerts(conn: Connection, partner_id: PartnerId, limit: int = CHUNK) -> list[Alert]:
    """What needs somebody, the most urgent first: of each client and kind the most advanced stage."""
    newest: dict[tuple[ClientId, str, str], Alert] = {}
    for one in repository.open_of_partner(conn, partner_id, limit):
        kept = newest.setdefault((one.client_id, one.kind, one.cycle), one)
        if one.stage < kept.stage:
            newest[(one.client_id, one.kind, one.cycle)] = one
    return sorted(newest.values(), key=urgency)


def catch_up(
    conn: Connection, curator_id: CuratorId, *, now: datetime, env: Surroundings, client_id: ClientId | None = None
) -> int:
    """Call when a person begins to hear of alerts, or of one client: has the next scan tell it of what is open already.

    Nothing is said twice. Returns how many alerts wait for the person now.
    """
    curator = directory.get_curator(conn, curator_id)
    found = open_alerts(conn, curator.partner_id)
    wanted = [one for one in found if client_id is None or one.client_id == client_id]
    return catching_up.catch_up(conn, curator, wanted, now=now, env=env)


def told_together(conn: Connection, alert_id: AlertId, curator_id: CuratorId) -> list[Alert]:
    """What a person was told of in one message, by the alert that its button names; the most urgent first."""
    return sorted(hearers.told_with(conn, alert_id, curator_id), key=urgency)


def _reasons(changes: list[Changed]) -> Mapping[ClientId, str]:
    """What to note with the alerts of each client that these changes settle: `renewed:<transfer>` or `imported`."""
    reasons: dict[ClientId, Changed] = {}
    for change in changes:
        if change.client_id is not None and change.what != "not_done":
            known = reasons.setdefault(change.client_id, change)
            if _rank(change) < _rank(known):
                reasons[change.client_id] = change
    return {
        one: f"{change.what}:{change.transfer_id}" if change.transfer_id else change.what
        for one, change in reasons.items()
    }


def _rank(change: Changed) -> int:
    return _PRECEDENCE.index(change.what) if change.what in _PRECEDENCE else len(_PRECEDENCE)


def _rehearsal(conn: Connection, now: datetime, env: Surroundings, partner_id: PartnerId | None) -> ScanReport:
    report = ScanReport()
    told: set[CuratorId] = set()
    everybody = ladder_rows.clients_due(conn, now, 1_000_000, partner_id)
    for client_ids in ladders.chunks(everybody):
        due = ladder_rows.rungs_reached(conn, client_ids, now)
        found = raising.plan(conn, due, now=now, env=env)
        report += found.report(len(client_ids))
        told |= {curator_id for _, curator_id in found.told}
    return report + ScanReport(messages=len(told))
