"""Who gets a client whose last curator mutes it, leaves, is away or sends stop: the owners, with what is open."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import catching_up, rearranging, repository
from bot.alerts.ladders import chunks
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import polite
from bot.directory import service as directory
from bot.directory.people import Client, Curator
from bot.directory.routing import Recipients
from bot.ids import ClientId, CuratorId
from bot.messaging import message, outbox
from bot.messaging.message import Outgoing


@dataclass(frozen=True, slots=True)
class Left:
    """`clients` were told to nobody else of the partner, `heirs` hear of them now; without heirs nobody does."""

    clients: tuple[Client, ...] = ()
    heirs: tuple[Curator, ...] = ()

    def facts(self) -> dict[str, object]:
        """What an answer to the person who left says of it."""
        return {"left": len(self.clients), "heirs": ", ".join(one.name for one in self.heirs)}


def leave(
    conn: Connection,
    curator_id: CuratorId,
    change: Callable[[], object],
    *,
    now: datetime,
    env: Surroundings,
    client_id: ClientId | None = None,
) -> Left:
    """Carry out what keeps a person from hearing of its clients (of one only: `client_id`), and see who gets them.

    What has not left to the person yet is taken back. Heirs are written to at an hour that is theirs, and the next scan
    tells them what is open.
    """
    person = directory.get_curator(conn, curator_id)
    if person.client_id is not None:
        change()
        rearranging.take_back(conn, now=now, curator_id=curator_id)
        return Left()
    wanted = (
        [client_id] if client_id is not None else [one.id for one in directory.list_clients(conn, person.partner_id)]
    )
    theirs = {one.id for one in directory.list_curators(conn, person.partner_id) if one.client_id is None}
    alone = {one for one, told in _recipients(conn, wanted, now).items() if theirs & {*told.curators} == {curator_id}}
    change()
    rearranging.take_back(conn, now=now, curator_id=curator_id)
    heirs = {one: theirs & {*told.curators} for one, told in _recipients(conn, alone, now).items()}
    lost = {one: found for one, found in heirs.items() if curator_id not in found}
    clients = directory.clients_by_id(conn, lost)
    people = directory.curators_by_id(conn, {one for found in lost.values() for one in found})
    for heir in people.values():
        inherited = [clients[one] for one, found in lost.items() if heir.id in found]
        _tell(conn, person, heir, inherited, now, env)
        _catch_up(conn, heir, inherited, now, env)
    return Left(tuple(clients.values()), tuple(people.values()))


def _recipients(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> Mapping[ClientId, Recipients]:
    found: dict[ClientId, Recipients] = {}
    for some in chunks(list(client_ids)):
        found |= directory.recipients(conn, some, now)
    return found


def _tell(
    conn: Connection, person: Curator, heir: Curator, clients: list[Client], now: datetime, env: Surroundings
) -> None:
    if heir.address is None:
        return
    told = Outgoing(
        key=f"inherited:{person.id}:{heir.id}:{clients[0].id}:{now.isoformat()}",
        to=heir.address,
        kind=message.Kind.NOTICE,
        template="care/inherited",
        language=heir.language,
        facts={"who": person.name, "company": clients[0].company, "count": len(clients)},
        partner_id=heir.partner_id,
        curator_id=heir.id,
        client_id=clients[0].id if len(clients) == 1 else None,
        not_before=polite(heir, now, env),
    )
    outbox.enqueue(conn, told, sender=env.sender, now=now, jobs=env.jobs)


def _catch_up(conn: Connection, heir: Curator, clients: list[Client], now: datetime, env: Surroundings) -> None:
    found = repository.open_of_clients(conn, [one.id for one in clients])
    catching_up.catch_up(conn, heir, [one for alerts in found.values() for one in alerts], now=now, env=env)
