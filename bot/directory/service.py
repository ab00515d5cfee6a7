"""Who is who: partners, their clients, their curators, and who hears of which client. What the other rooms call."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.directory import repository
from bot.directory.channel_numbers import digits_of
from bot.directory.matching import Candidate, Match, find, search_key
from bot.directory.people import (
    Client,
    ClientData,
    Curator,
    Partner,
    Role,
)
from bot.directory.routing import Recipients, choose_recipients
from bot.errors import UserError
from bot.i18n import supported
from bot.id_generator import new_id
from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.phone import whatsapp_address

DEFAULT_PARTNER = PartnerId("default")
_SLUG_LENGTH_MAX = 48


def create_partner(
    conn: Connection,
    name: str,
    *,
    now: datetime,
    partner_id: PartnerId | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    program: str = "seed",
) -> Partner:
    """A new partner; its id is made of the name unless given. UserError partner_exists, bad_time_zone."""
    chosen = partner_id or PartnerId(_slug(name))
    if repository.partner_by_id(conn, chosen) is not None:
        raise UserError("partner_exists", partner=chosen)
    value = Partner(
        id=chosen,
        name=name.strip(),
        language=supported(language),
        time_zone=_known_zone(time_zone),
        kind="official",
        program=program,
        joined_on=now.astimezone(ZoneInfo(time_zone)).date(),
        gateway="book",
    )
    repository.insert_partner(conn, value, now)
    return value


def ensure_default_partner(conn: Connection, now: datetime) -> Partner:
    """The partner that the first command on an empty database is about: the only one, or a new one named `default`."""
    if not repository.partners(conn):
        return create_partner(conn, "default", now=now, partner_id=DEFAULT_PARTNER)
    return the_partner(conn, None)


def list_partners(conn: Connection) -> list[Partner]:
    """Every partner of this installation, by name."""
    return repository.partners(conn)


def get_partner(conn: Connection, partner_id: PartnerId) -> Partner:
    """A partner by id. UserError partner_unknown."""
    found = repository.partner_by_id(conn, partner_id)
    if found is None:
        raise UserError("partner_unknown", partner=partner_id)
    return found


def the_partner(conn: Connection, partner_id: PartnerId | None) -> Partner:
    """The partner that is meant: the named one, or the only one. UserError partner_unknown, partner_ambiguous."""
    if partner_id is not None:
        return get_partner(conn, partner_id)
    known = repository.partners(conn)
    if not known:
        raise UserError("partner_unknown", partner=DEFAULT_PARTNER)
    if len(known) > 1:
        raise UserError("partner_ambiguous", partners=[one.id for one in known])
    return known[0]


def add_client(
    conn: Connection, partner_id: PartnerId, data: ClientData, now: datetime, kind: str = "client"
) -> Client:
    """A new client of a partner. UserError client_exists, bad_time_zone."""
    if repository.client_by_account(conn, partner_id, data.account_id) is not None:
        raise UserError("client_exists", account_id=data.account_id)
    _known_zone(data.time_zone)
    client_id = ClientId(new_id())
    repository.insert_client(conn, client_id, partner_id, data, search_key(data.company), now, kind)
    return get_client(conn, client_id)


def update_client(conn: Connection, client_id: ClientId, data: ClientData) -> bool:
    """Write what is known now; whether anything but `as_of` differs. A client seen again is no longer missing.

    UserError client_unknown, bad_time_zone.
    """
    before = get_client(conn, client_id)
    _known_zone(data.time_zone)
    repository.update_client(conn, client_id, data, search_key(data.company))
    return replace(before.data, as_of=None) != replace(data, as_of=None) or before.missing_since is not None


def flag_missing(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> int:
    """Note that a newer table lacks these clients; how many were not flagged before. None is ever deleted."""
    return repository.set_missing(conn, client_ids, now)


def get_client(conn: Connection, client_id: ClientId) -> Client:
    """A client by our own id. UserError client_unknown."""
    found = repository.clients_by_id(conn, [client_id]).get(client_id)
    if found is None:
        raise UserError("client_unknown", client=client_id)
    return found


def clients_by_id(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, Client]:
    """Several clients at once; unknown ids are left out."""
    return repository.clients_by_id(conn, client_ids)


def client_by_account(conn: Connection, partner_id: PartnerId, account_id: str) -> Client | None:
    """A partner's client by its 8-digit account ID."""
    return repository.client_by_account(conn, partner_id, account_id)


def list_clients(conn: Connection, partner_id: PartnerId) -> list[Client]:
    """Every client of a partner, by company."""
    return repository.clients(conn, partner_id)


def find_client(conn: Connection, partner_id: PartnerId, query: str) -> Match:
    """Whom of a partner's clients some words mean: ID, ending of at least four digits, or name; see `matching`."""
    return find(query, candidates(conn, partner_id))


def candidates(conn: Connection, partner_id: PartnerId) -> list[Candidate]:
    """A partner's clients as `matching.find` wants them."""
    return [Candidate(*row) for row in repository.client_names(conn, partner_id)]


def add_curator(
    conn: Connection,
    partner_id: PartnerId,
    *,
    name: str,
    phone: str,
    now: datetime,
    language: str | None = None,
    role: str = Role.CURATOR,
    time_zone: str | None = None,
    consent: str | None = None,
    client_id: ClientId | None = None,
) -> Curator:
    """A new financial curator of a partner, or of one client when `client_id` is given.

    `consent` says how the person agreed, by the word of who adds them; without it an invitation must be answered.
    UserError bad_phone, curator_exists, phone_is_channel, bad_role, bad_time_zone, client_unknown.
    """
    partner = get_partner(conn, partner_id)
    address = whatsapp_address(phone)
    _refuse_taken(conn, partner_id, address)
    if client_id is not None and get_client(conn, client_id).partner_id != partner_id:
        raise UserError("client_unknown", client=client_id)
    value = Curator(
        id=CuratorId(new_id()),
        partner_id=partner_id,
        client_id=client_id,
        name=name.strip(),
        language=supported(language or partner.language),
        role=_known_role(role),
        time_zone=_known_zone(time_zone or partner.time_zone),
        finances=True,
        consent_at=now.astimezone(UTC) if consent else None,
        consent_how=consent,
        invited_at=None,
        stopped_at=None,
        removed_at=None,
        addresses=(address,),
    )
    repository.insert_curator(conn, value, now)
    repository.insert_address(conn, partner_id, value.id, address, now)
    return value


def get_curator(conn: Connection, curator_id: CuratorId) -> Curator:
    """A curator by id, removed ones too. UserError curator_unknown."""
    found = repository.curators(conn, curator_ids=[curator_id])
    if not found:
        raise UserError("curator_unknown", curator=curator_id)
    return found[0]


def curators_by_id(conn: Connection, curator_ids: Iterable[CuratorId]) -> dict[CuratorId, Curator]:
    """Several curators at once; unknown ids are left out."""
    return {one.id: one for one in repository.curators(conn, curator_ids=curator_ids)}


def list_curators(conn: Connection, partner_id: PartnerId) -> list[Curator]:
    """A partner's curators and its clients' own ones, removed ones left out."""
    return [one for one in repository.curators(conn, partner_ids=[partner_id]) if one.removed_at is None]


def remove_curator(conn: Connection, curator_id: CuratorId, now: datetime) -> None:
    """Take a person off every list and free the number; what they did stays on record."""
    get_curator(conn, curator_id)
    repository.update_curator(conn, curator_id, removed_at=now)
    repository.delete_addresses(conn, curator_id)


def identify(conn: Connection, address: Address) -> list[Curator]:
    """Who writes from this address: at most one person per partner, and none that was removed."""
    return [one for one in repository.curators(conn, address=address) if one.removed_at is None]


def learn_address(conn: Connection, curator_id: CuratorId, address: Address, now: datetime) -> bool:
    """Note that a person is also reached here; whether it was new, nobody else's, and no watched channel's."""
    curator = get_curator(conn, curator_id)
    taken = repository.address_holder(conn, curator.partner_id, address) is not None
    if taken or _is_channel(conn, curator.partner_id, address):
        return False
    repository.insert_address(conn, curator.partner_id, curator_id, address, now)
    return True


def note_invited(conn: Connection, curator_id: CuratorId, now: datetime) -> None:
    """Remember that the invitation was sent."""
    repository.update_curator(conn, curator_id, invited_at=now)


def give_consent(conn: Connection, curator_id: CuratorId, how: str, now: datetime) -> bool:
    """Record that a person agreed, and how; whether that was news. The first consent stands."""
    if get_curator(conn, curator_id).consent_at is not None:
        return False
    repository.update_curator(conn, curator_id, consent_at=now, consent_how=how)
    return True


def stop(conn: Connection, curator_id: CuratorId, now: datetime) -> bool:
    """The person wants no more messages; whether that was news."""
    if get_curator(conn, curator_id).stopped_at is not None:
        return False
    repository.update_curator(conn, curator_id, stopped_at=now)
    return True


def start(conn: Connection, curator_id: CuratorId) -> bool:
    """The person wants messages again; whether that was news."""
    if get_curator(conn, curator_id).stopped_at is None:
        return False
    repository.update_curator(conn, curator_id, stopped_at=None)
    return True


def set_language(conn: Connection, curator_id: CuratorId, language: str) -> str:
    """The language to write to a person in; the supported one that was taken."""
    chosen = supported(language)
    repository.update_curator(conn, curator_id, language=chosen)
    return chosen


def set_finances(conn: Connection, curator_id: CuratorId, on: bool) -> None:
    """Switch a person's "Finances" notifications on or off."""
    repository.update_curator(conn, curator_id, finances=on)


def mute(conn: Connection, curator_id: CuratorId, client_id: ClientId, now: datetime) -> bool:
    """This person hears of this client no more; whether that was news."""
    return repository.insert_mute(conn, curator_id, client_id, now)


def unmute(conn: Connection, curator_id: CuratorId, client_id: ClientId) -> bool:
    """This person hears of this client again; whether that was news."""
    return repository.delete_mute(conn, curator_id, client_id)


def mutes(conn: Connection, client_ids: Iterable[ClientId]) -> Mapping[ClientId, frozenset[CuratorId]]:
    """Who muted which of these clients."""
    return repository.mutes(conn, client_ids)


def financial_curators(conn: Connection, partner_id: PartnerId) -> list[Curator]:
    """The partner's people who hear of money: finances on, consent given, neither stopped nor removed."""
    return [one for one in list_curators(conn, partner_id) if one.client_id is None and one.silence() is None]


def hearing_of_money(conn: Connection, partner_ids: Iterable[PartnerId]) -> list[Curator]:
    """The financial curators of these partners."""
    found = repository.curators(conn, partner_ids=partner_ids)
    return [one for one in found if one.removed_at is None and one.client_id is None and one.silence() is None]


def recipients(
    conn: Connection, client_ids: Iterable[ClientId], now: datetime | None = None
) -> Mapping[ClientId, Recipients]:
    """For each client who is told, and who is not and why; at most a few hundred clients at a time.

    With `now`, people who are away then are stood in for.
    """
    found = repository.clients_by_id(conn, client_ids)
    muted = repository.mutes(conn, found)
    people: dict[PartnerId, list[Curator]] = {}
    for one in repository.curators(conn, partner_ids={value.partner_id for value in found.values()}):
        people.setdefault(one.partner_id, []).append(one)
    return {
        client_id: choose_recipients(value, people.get(value.partner_id, ()), muted.get(client_id, frozenset()), now)
        for client_id, value in found.items()
    }


def _refuse_taken(conn: Connection, partner_id: PartnerId, address: Address) -> None:
    """A number cannot be two curators, nor ride on one of the channels that it is told about."""
    if repository.address_holder(conn, partner_id, address) is not None:
        raise UserError("curator_exists", phone=address)
    if _is_channel(conn, partner_id, address):
        raise UserError("phone_is_channel", phone=address)


def _is_channel(conn: Connection, partner_id: PartnerId, address: Address) -> bool:
    digits = digits_of(address)
    return bool(digits) and any(digits_of(name) == digits for name in repository.channel_names(conn, partner_id))


def _known_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise UserError("bad_role", role=role, roles=[one.value for one in Role]) from error


def _known_zone(name: str) -> str:
    """The name of a time zone that exists. UserError bad_time_zone."""
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError) as error:
        raise UserError("bad_time_zone", time_zone=name) from error


def _slug(name: str) -> str:
    kept = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name.casefold())
    return "-".join(part for part in kept.split("-") if part)[:_SLUG_LENGTH_MAX] or DEFAULT_PARTNER
