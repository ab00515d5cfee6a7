"""Says an alert once more to one person at a later hour, unless it is settled by then."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.alerts import repository as alerts
from bot.alerts.alert import Alert
from bot.alerts.digest import Digest
from bot.alerts.surroundings import Surroundings
from bot.alerts.wording import worded
from bot.directory import service as directory
from bot.ids import AlertId, CuratorId, DeliveryId
from bot.jobs.port import Jobs
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing

REMIND_JOB = "remind"
"""The name of the job; its key is made by `ask`, and `remind` takes it."""
_MORNING = time(9)
_SOON = timedelta(hours=1)


def tomorrow_morning(now: datetime, zone: str) -> datetime:
    """Nine o'clock of the next day in a person's own zone."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date() + timedelta(days=1), _MORNING, ZoneInfo(zone))


def ask(conn: Connection, alert_id: AlertId, curator_id: CuratorId, at: datetime, jobs: Jobs) -> None:
    """Have `remind` run at a moment; asking twice is asking once."""
    jobs.enqueue(conn, REMIND_JOB, f"{alert_id}:{curator_id}", at)


def remind(conn: Connection, key: str, now: datetime, env: Surroundings) -> DeliveryId | None:
    """Write the reminder; None when it is settled, or the person may or wants to hear no more."""
    alert_id, _, curator_id = key.partition(":")
    alert = alerts.alerts_by_id(conn, [AlertId(alert_id)]).get(AlertId(alert_id))
    curator = directory.curators_by_id(conn, [CuratorId(curator_id)]).get(CuratorId(curator_id))
    if alert is None or not alert.open or curator is None or curator.address is None:
        return None
    if _said_anyway(conn, alert, now):
        return None
    if curator.id not in directory.recipients(conn, [alert.client_id])[alert.client_id].curators:
        return None
    said = worded(Digest(alert, (alert,)), now, curator.time_zone, may_act=curator.may_move_money)
    message = Outgoing(
        key=f"remind:{alert.id}:{curator.id}:{now.astimezone(ZoneInfo(curator.time_zone)).date().isoformat()}",
        to=curator.address,
        kind=Kind.ALERT,
        template=said.template,
        language=curator.language,
        facts=said.facts,
        buttons=said.buttons,
        partner_id=alert.partner_id,
        curator_id=curator.id,
        client_id=alert.client_id,
    )
    return outbox.enqueue(conn, message, sender=env.sender, now=now, jobs=env.jobs)


def _said_anyway(conn: Connection, alert: Alert, now: datetime) -> bool:
    """Whether a newer alert tells of this client already, or the next stage will within the hour."""
    newer = any(
        one.raised_at > alert.raised_at
        for one in alerts.open_of_clients(conn, [alert.client_id]).get(alert.client_id, [])
    )
    return newer or any(rung.due_at <= now + _SOON for rung in alerts.next_due(conn, alert.client_id))
