"""Tells the owners of a partner that Wazzup refuses the login, once for each time it begins."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import Role
from bot.ids import PartnerId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing


def tell_refused(conn: Connection, partner_id: PartnerId, since: datetime, now: datetime, env: Surroundings) -> None:
    """Name what is wrong and who puts it right; where there is no owner, those who may move money are told."""
    people = [one for one in directory.financial_curators(conn, partner_id) if one.may_move_money]
    for person in [one for one in people if one.role is Role.OWNER] or people:
        if person.address is None or person.silence() is not None:
            continue
        note = Outgoing(
            key=f"poll:{partner_id}:refused:{since.isoformat()}:{person.id}",
            to=person.address,
            kind=Kind.NOTICE,
            template="wazzup/login_refused",
            language=person.language,
            facts={"at": since.isoformat(), "zone": person.time_zone},
            partner_id=partner_id,
            curator_id=person.id,
        )
        outbox.enqueue(conn, note, sender=env.sender, now=now, jobs=env.jobs)
