"""Makes one person responsible for a client, or everybody again; what is open and what waits follow at once."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import catching_up, rearranging, repository
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import polite
from bot.directory import arrangements
from bot.directory import service as directory
from bot.directory.people import Client, Curator
from bot.ids import ClientId, CuratorId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.storage import audit


def assign(
    conn: Connection,
    client_id: ClientId,
    curator_id: CuratorId | None,
    *,
    who: str,
    by: CuratorId | None = None,
    now: datetime,
    env: Surroundings,
) -> int:
    """Leave a client to one person, or (None) to everybody; returns how many alerts the next scan tells them.

    What waits for the others is taken back. `who` did it, as people are told; `by` is that person, if it is a curator:
    nobody is told of what they did themselves. UserError client_unknown, curator_unknown, bad_assignee.
    """
    client = directory.get_client(conn, client_id)
    arrangements.assign(conn, client_id, curator_id)
    person = directory.get_curator(conn, curator_id) if curator_id else None
    facts = {"client": client.account_id, "curator": person.name if person else None}
    audit.record(conn, client.partner_id, "client.assigned", facts, who=who, now=now)
    rearranging.take_back(conn, now=now, client_id=client_id)
    found = repository.open_of_clients(conn, [client_id]).get(client_id, [])
    told = [person] if person else directory.list_curators(conn, client.partner_id)
    staff = [one for one in told if one.client_id is None]
    waiting = sum(catching_up.catch_up(conn, one, found, now=now, env=env) for one in staff)
    if person is not None and person.id != by:
        _tell(conn, client, person, who, now, env)
    return waiting


def _tell(conn: Connection, client: Client, person: Curator, who: str, now: datetime, env: Surroundings) -> None:
    if person.address is None or person.silence() is not None:
        return
    notice = Outgoing(
        key=f"assigned:{client.id}:{person.id}:{now.isoformat()}",
        to=person.address,
        kind=Kind.NOTICE,
        template="care/assigned_to_you",
        language=person.language,
        facts={"company": client.company, "account_id": client.account_id, "who": who},
        partner_id=client.partner_id,
        curator_id=person.id,
        client_id=client.id,
        not_before=polite(person, now, env),
    )
    outbox.enqueue(conn, notice, sender=env.sender, now=now, jobs=env.jobs)
