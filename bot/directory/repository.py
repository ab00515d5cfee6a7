"""Partners, clients, curators, addresses and mutes in the database: reads and single writes, no decisions."""

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, delete, insert, select, update

from bot.directory.people import Client, ClientData, Curator, Partner, Role
from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.storage import queries
from bot.storage.reading import Reading
from bot.storage.tables import channel, client, curator, curator_address, mute, partner

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_PERSONAL = curator_address.c.channel_since.is_(None)
_HOLDERS = (
    select(curator_address.c.curator_id)
    .join(partner, partner.c.id == curator_address.c.partner_id)
    .where(curator_address.c.address == bindparam("address"), _PERSONAL, ~partner.c.hidden)
)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "partners": curator.c.partner_id.in_(bindparam("partners", expanding=True)),
    "ids": curator.c.id.in_(_IDS),
    "address": curator.c.id.in_(_HOLDERS),
}
_PARTNER = Reading(select(partner).where(partner.c.id == bindparam("which")))
_CLIENTS = Reading(select(client).where(client.c.id.in_(_IDS)))
_MUTES = Reading(select(mute.c.client_id, mute.c.curator_id).where(mute.c.client_id.in_(_IDS)))


def partners(conn: Connection) -> list[Partner]:
    """Every partner, by name; hidden ones are none."""
    shown = select(partner).where(~partner.c.hidden)
    return [_partner(row) for row in conn.execute(shown.order_by(partner.c.name, partner.c.id))]


def partner_by_id(conn: Connection, partner_id: PartnerId) -> Partner | None:
    row = _PARTNER.one(conn, which=partner_id)
    return None if row is None else _partner(row)


def insert_partner(conn: Connection, value: Partner, now: datetime) -> None:
    conn.execute(
        insert(partner).values(
            id=value.id,
            name=value.name,
            language=value.language,
            time_zone=value.time_zone,
            kind=value.kind,
            program=value.program,
            joined_on=value.joined_on.isoformat(),
            gateway=value.gateway,
            account_id=value.account_id,
            applied_at=value.applied_at,
            granted_at=value.granted_at,
            created_at=now,
        )
    )


def update_partner(conn: Connection, partner_id: PartnerId, **values: Any) -> None:
    conn.execute(update(partner).where(partner.c.id == partner_id).values(values))


def clients(conn: Connection, partner_id: PartnerId) -> list[Client]:
    """Every client of a partner, by company and account ID."""
    query = select(client).where(client.c.partner_id == partner_id).order_by(client.c.company, client.c.account_id)
    return [_client(row) for row in conn.execute(query)]


def client_names(conn: Connection, partner_id: PartnerId) -> list[tuple[ClientId, str, str, str]]:
    """Id, account ID, company and search key of each client of a partner, by company."""
    columns = (client.c.id, client.c.account_id, client.c.company, client.c.search_key)
    rows = conn.execute(select(*columns).where(client.c.partner_id == partner_id).order_by(client.c.company))
    return [(ClientId(row.id), row.account_id, row.company, row.search_key) for row in rows]


def clients_by_id(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, Client]:
    """The clients with these ids; at most a few hundred at a time."""
    return {ClientId(row.id): _client(row) for row in _CLIENTS.rows(conn, ids=list(client_ids))}


def client_by_account(conn: Connection, partner_id: PartnerId, account_id: str) -> Client | None:
    query = select(client).where(client.c.partner_id == partner_id, client.c.account_id == account_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else _client(row)


def insert_client(
    conn: Connection,
    client_id: ClientId,
    partner_id: PartnerId,
    data: ClientData,
    search_key: str,
    now: datetime,
    kind: str,
) -> None:
    own = {"id": client_id, "partner_id": partner_id, "created_at": now, "kind": kind}
    conn.execute(insert(client).values(_client_values(data, search_key) | own))


def set_client_kind(conn: Connection, client_id: ClientId, kind: str) -> None:
    conn.execute(update(client).where(client.c.id == client_id).values(kind=kind))


def account_holders(conn: Connection, account_id: str) -> list[PartnerId]:
    """The partners who have a client of that account ID."""
    query = select(client.c.partner_id).where(client.c.account_id == account_id)
    return [PartnerId(one) for one in conn.execute(query).scalars()]


def update_client(conn: Connection, client_id: ClientId, data: ClientData, search_key: str) -> None:
    """Write everything an import tells of a client; seen again, it is no longer missing."""
    values = {**_client_values(data, search_key), "missing_since": None}
    conn.execute(update(client).where(client.c.id == client_id).values(values))


def set_missing(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> int:
    """Flag clients that a newer table lacks, keeping the day on which each was missed first."""
    wanted = client.c.id.in_(list(client_ids)), client.c.missing_since.is_(None)
    return conn.execute(update(client).where(*wanted).values(missing_since=now)).rowcount


def curators(
    conn: Connection,
    *,
    partner_ids: Iterable[PartnerId] | None = None,
    curator_ids: Iterable[CuratorId] | None = None,
    address: Address | None = None,
) -> list[Curator]:
    """Curators that fit every condition given, removed ones too, in the order in which they were added.

    An address leads to nobody of a hidden partner. A number that is a watched channel is nobody's.
    """
    given = {
        "partners": None if partner_ids is None else list(partner_ids),
        "ids": None if curator_ids is None else list(curator_ids),
        "address": address,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    rows = _curators_by(tuple(wanted)).rows(conn, **wanted)
    people = [list(same) for _, same in groupby(rows, key=attrgetter("id"))]
    return [_curator(same[0], tuple(Address(row.address) for row in same if row.address)) for same in people]


@cache
def _curators_by(conditions: tuple[str, ...]) -> Reading:
    """Curators with their addresses by `partners`, `ids`, `address`, as many of them as are named."""
    query = (
        select(curator, curator_address.c.address)
        .outerjoin(curator_address, and_(curator_address.c.curator_id == curator.c.id, _PERSONAL))
        .order_by(curator.c.created_at, curator.c.id, curator_address.c.created_at, curator_address.c.address)
    )
    return Reading(query.where(*(_CONDITIONS[name] for name in conditions)))


def assign_client(conn: Connection, client_id: ClientId, curator_id: CuratorId | None) -> None:
    conn.execute(update(client).where(client.c.id == client_id).values(assigned_to=curator_id))


def insert_curator(conn: Connection, value: Curator, now: datetime) -> None:
    conn.execute(
        insert(curator).values(
            id=value.id,
            partner_id=value.partner_id,
            client_id=value.client_id,
            name=value.name,
            language=value.language,
            role=value.role.value,
            time_zone=value.time_zone,
            finances=value.finances,
            consent_at=value.consent_at,
            consent_how=value.consent_how,
            created_at=now,
        )
    )


def update_curator(conn: Connection, curator_id: CuratorId, **values: Any) -> None:
    conn.execute(update(curator).where(curator.c.id == curator_id).values(values))


def address_holder(conn: Connection, partner_id: PartnerId, address: Address) -> CuratorId | None:
    """Whose address this is with this partner."""
    held = (curator_address.c.partner_id == partner_id, curator_address.c.address == address)
    found = conn.execute(select(curator_address.c.curator_id).where(*held)).scalar_one_or_none()
    return None if found is None else CuratorId(found)


def insert_address(
    conn: Connection, partner_id: PartnerId, curator_id: CuratorId, address: Address, now: datetime
) -> None:
    row = {"partner_id": partner_id, "curator_id": curator_id, "address": address, "created_at": now}
    conn.execute(insert(curator_address).values(row))


def delete_addresses(conn: Connection, curator_id: CuratorId) -> None:
    """Forget where a person was reached, so that the number may be given to somebody else."""
    conn.execute(delete(curator_address).where(curator_address.c.curator_id == curator_id))


def insert_mute(conn: Connection, curator_id: CuratorId, client_id: ClientId, now: datetime) -> bool:
    """Whether it was not there before."""
    row = {"curator_id": curator_id, "client_id": client_id, "since": now}
    return bool(queries.insert_if_absent(conn, mute, [row]))


def delete_mute(conn: Connection, curator_id: CuratorId, client_id: ClientId) -> bool:
    pair = (mute.c.curator_id == curator_id, mute.c.client_id == client_id)
    return conn.execute(delete(mute).where(*pair)).rowcount > 0


def mutes(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, frozenset[CuratorId]]:
    """Who muted which of these clients."""
    found: dict[ClientId, set[CuratorId]] = {}
    for row in _MUTES.rows(conn, ids=list(client_ids)):
        found.setdefault(ClientId(row.client_id), set()).add(CuratorId(row.curator_id))
    return {client_id: frozenset(people) for client_id, people in found.items()}


def channel_names(conn: Connection, partner_id: PartnerId) -> list[str]:
    """The names of every channel that is watched for a partner; a WhatsApp channel is named by its number."""
    query = select(channel.c.name).where(channel.c.partner_id == partner_id)
    return list(conn.execute(query).scalars())


def _client_values(data: ClientData, search_key: str) -> dict[str, Any]:
    return {
        "account_id": data.account_id,
        "company": data.company,
        "search_key": search_key,
        "email": data.email,
        "language": data.language,
        "currency": data.currency,
        "time_zone": data.time_zone,
        "contact_name": data.contact_name,
        "contact_phone": data.contact_phone,
        "tags": list(data.tags),
        "source": data.source,
        "as_of": data.as_of,
    }


def _partner(row: Any) -> Partner:
    return Partner(
        id=PartnerId(row.id),
        name=row.name,
        language=row.language,
        time_zone=row.time_zone,
        kind=row.kind,
        program=row.program,
        joined_on=date.fromisoformat(row.joined_on),
        gateway=row.gateway,
        account_id=row.account_id,
        applied_at=row.applied_at,
        granted_at=row.granted_at,
        left_on=None if row.left_on is None else date.fromisoformat(row.left_on),
    )


def _client(row: Any) -> Client:
    return Client(
        id=ClientId(row.id),
        partner_id=PartnerId(row.partner_id),
        account_id=row.account_id,
        company=row.company,
        email=row.email,
        language=row.language,
        currency=row.currency,
        time_zone=row.time_zone,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        tags=tuple(row.tags),
        source=row.source,
        as_of=row.as_of,
        missing_since=row.missing_since,
        assigned_to=None if row.assigned_to is None else CuratorId(row.assigned_to),
        kind=row.kind,
    )


def _curator(row: Any, addresses: tuple[Address, ...]) -> Curator:
    return Curator(
        id=CuratorId(row.id),
        partner_id=PartnerId(row.partner_id),
        client_id=None if row.client_id is None else ClientId(row.client_id),
        name=row.name,
        language=row.language,
        role=Role(row.role),
        time_zone=row.time_zone,
        finances=row.finances,
        consent_at=row.consent_at,
        consent_how=row.consent_how,
        invited_at=row.invited_at,
        stopped_at=row.stopped_at,
        removed_at=row.removed_at,
        addresses=addresses,
        alert_hour=time.fromisoformat(row.alert_hour),
        working_days=row.working_days,
        country=row.country,
        any_hour=row.any_hour,
        all_clear=row.all_clear,
        only_tags=tuple(row.only_tags or ()),
        only_currencies=tuple(row.only_currencies or ()),
        stand_in=None if row.stand_in is None else CuratorId(row.stand_in),
        away_until=row.away_until,
    )
