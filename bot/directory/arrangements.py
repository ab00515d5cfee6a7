"""How curators share the work: each one's hours, which clients they hear of, who stands in, who is responsible."""

from collections.abc import Iterable
from datetime import datetime, time

from sqlalchemy import Connection, bindparam, select

from bot.directory import repository
from bot.directory.public_holidays import NOWHERE, has_holidays
from bot.directory.service import get_client, get_curator
from bot.errors import UserError
from bot.ids import ClientId, CuratorId
from bot.storage.reading import Reading
from bot.storage.tables import curator

_BACK = Reading(
    select(curator.c.id)
    .where(curator.c.away_until <= bindparam("now"), curator.c.removed_at.is_(None))
    .order_by(curator.c.id)
)
_OF_PHONE = "phone"


def set_hours(
    conn: Connection,
    curator_id: CuratorId,
    *,
    alert_hour: time | None = None,
    working_days: str | None = None,
    country: str | None = None,
    any_hour: bool | None = None,
    all_clear: str | None = None,
) -> None:
    """When a person is told: hour, ISO weekdays such as `12345`, country of its holidays, at any hour, the all-clear.

    `country`: two letters, `none` for no public holidays, `phone` for those of the phone number's country. What is not
    given stays as it is. UserError bad_working_days, bad_all_clear, bad_country.
    """
    if working_days is not None and (not working_days or not set(working_days) <= set("1234567")):
        raise UserError("bad_working_days", days=working_days)
    if all_clear is not None and all_clear not in ("daily", "mondays", "never"):
        raise UserError("bad_all_clear", given=all_clear)
    given = {
        "alert_hour": None if alert_hour is None else alert_hour.isoformat("minutes"),
        "working_days": None if working_days is None else "".join(sorted(set(working_days))),
        "country": None if country is None else _country(country),
        "any_hour": any_hour,
        "all_clear": all_clear,
    }
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if changes.get("country") == _OF_PHONE:
        changes["country"] = None
    if changes:
        repository.update_curator(conn, curator_id, **changes)


def _country(text: str) -> str:
    """The code that is stored for what was written, or the word for none."""
    wanted = text.strip()
    if wanted.lower() == _OF_PHONE:
        return _OF_PHONE
    code = NOWHERE if wanted.lower() == "none" else wanted.upper()
    if code != NOWHERE and not has_holidays(code):
        raise UserError("bad_country", country=text)
    return code


def set_routing(conn: Connection, curator_id: CuratorId, *, tags: Iterable[str], currencies: Iterable[str]) -> None:
    """This person hears of clients with one of these tags and currencies only; empty means all."""
    repository.update_curator(
        conn, curator_id, only_tags=sorted(set(tags)) or None, only_currencies=sorted(set(currencies)) or None
    )


def set_away(conn: Connection, curator_id: CuratorId, until: datetime | None, stand_in: CuratorId | None) -> None:
    """This person is away until then and somebody of the same partner stands in; None: back again.

    UserError curator_unknown, bad_stand_in.
    """
    person = get_curator(conn, curator_id)
    if stand_in is not None:
        other = get_curator(conn, stand_in)
        if other.partner_id != person.partner_id or other.id == person.id or other.client_id is not None:
            raise UserError("bad_stand_in", curator=stand_in)
    repository.update_curator(conn, curator_id, away_until=until, stand_in=None if until is None else stand_in)


def back_from_absence(conn: Connection, now: datetime) -> list[CuratorId]:
    """People whose absence is over and was not ended yet."""
    return [CuratorId(row.id) for row in _BACK.rows(conn, now=now)]


def assign(conn: Connection, client_id: ClientId, curator_id: CuratorId | None) -> None:
    """Make one curator of the partner responsible for a client; None: everybody again.

    UserError client_unknown, curator_unknown, bad_assignee.
    """
    client = get_client(conn, client_id)
    if curator_id is not None:
        person = get_curator(conn, curator_id)
        if person.partner_id != client.partner_id or person.client_id is not None or person.removed_at is not None:
            raise UserError("bad_assignee", curator=curator_id)
    repository.assign_client(conn, client_id, curator_id)
