"""`curators set|mute|unmute`: when a curator is told, of what, in whose absence. Beside what `curators` has."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial
from typing import Annotated, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.leaving import Left, leave
from bot.alerts.returning import come_back
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.people import curators, document, left_document, person_of, say_left
from bot.cli.reading import client_of, currency_of
from bot.cli.session import Session, partner_of, session
from bot.directory import arrangements
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.errors import UserError
from bot.ids import ClientId, CuratorId

_T = TypeVar("_T")
_ALL = "all"
Who = Annotated[str, typer.Argument(help="Phone number, id or name.")]


def register(app: typer.Typer) -> None:
    """The commands hang on `curators`, which its own module adds."""


@curators.command("set")
def set_(
    who: Who,
    finances: Annotated[bool | None, typer.Option("--finances/--no-finances", help="Told of money or not.")] = None,
    hour: Annotated[str | None, typer.Option(metavar="HH:MM", help="When alerts come.")] = None,
    days: Annotated[str | None, typer.Option(help="Working days, Monday is 1: 12345.")] = None,
    country: Annotated[
        str | None, typer.Option(help="Whose public holidays are days off: LV; none; phone for the number's.")
    ] = None,
    any_hour: Annotated[bool | None, typer.Option("--any-hour/--quiet-hours", help="At night too, or not.")] = None,
    all_clear: Annotated[str | None, typer.Option(help="That nothing is due: daily, mondays, never.")] = None,
    tags: Annotated[
        str | None, typer.Option(help="Only clients with one of these tags, divided by commas; all: every client.")
    ] = None,
    currencies: Annotated[
        str | None, typer.Option(help="Only clients in these currencies: EUR,USD; all: every client.")
    ] = None,
    away: Annotated[str | None, typer.Option(metavar="DAY", help="Away until that morning.")] = None,
    stand_in: Annotated[str | None, typer.Option(metavar="WHO", help="With --away: who is told instead.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Not away any more.")] = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Change when a curator is told. What is not given stays as it is."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Curator, Left]:
            person = person_of(conn, partner_of(conn, partner).id, who)
            arrangements.set_hours(
                conn,
                person.id,
                alert_hour=_hour(hour),
                working_days=days,
                country=country,
                any_hour=any_hour,
                all_clear=all_clear,
            )
            left = _gone(conn, person, _Going(finances, away, stand_in, tags, currencies), here)
            if finances or back:
                _returned(conn, person, finances, back, here)
            return directory.get_curator(conn, person.id), left

        changed, left = here.db.write_now(unit)
    if json:
        print_json(document(changed) | left_document(left))
        return
    country_now = changed.holiday_country or "no country"
    console.print(
        f"[bold]{escaped(changed.name)}[/bold] is told at {changed.alert_hour:%H:%M} on days {changed.working_days}, "
        f"but not on public holidays of {country_now} ({changed.time_zone})."
    )
    say_left(left)


@curators.command()
def mute(
    who: Who,
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A curator is told of this client no more. Whoever was the only one is named, and the owner gets the client."""
    with session(config) as here:

        def unit(conn: Connection, person: CuratorId, about: ClientId) -> Left:
            muting = partial(directory.mute, conn, person, about, here.now)
            return leave(conn, person, muting, now=here.now, env=here.env, client_id=about)

        left = _about(here, partner, who, client, unit)
    if json:
        print_json(left_document(left))
        return
    console.print("Done.")
    say_left(left)


@curators.command()
def unmute(
    who: Who,
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A curator is told of this client again, beginning with what is open."""
    with session(config) as here:

        def unit(conn: Connection, person: CuratorId, about: ClientId) -> int:
            directory.unmute(conn, person, about)
            return alerts.catch_up(conn, person, now=here.now, env=here.env, client_id=about)

        waiting = _about(here, partner, who, client, unit)
    if json:
        print_json({"open": waiting})
    else:
        console.print(f"Done; {waiting} open alerts are told with the next scan.")


def _about(
    here: Session, partner: str | None, who: str, client: str, unit: Callable[[Connection, CuratorId, ClientId], _T]
) -> _T:
    def whole(conn: Connection) -> _T:
        owner = partner_of(conn, partner)
        return unit(conn, person_of(conn, owner.id, who).id, client_of(conn, owner, client).id)

    return here.db.write_now(whole)


class _Going(NamedTuple):
    """What may keep a person from hearing of some clients, as it was typed; None: not said."""

    finances: bool | None
    away: str | None
    stand_in: str | None
    tags: str | None
    currencies: str | None


def _gone(conn: Connection, person: Curator, said: _Going, here: Session) -> Left:
    def change() -> None:
        if said.finances is False:
            directory.set_finances(conn, person.id, False)
        if said.away is not None:
            other = person_of(conn, person.partner_id, said.stand_in).id if said.stand_in else None
            arrangements.set_away(conn, person.id, _morning(said.away, person.time_zone, here.now), other)
        if routed:
            tags = _listed(said.tags, person.only_tags)
            codes = _listed(said.currencies, person.only_currencies)
            arrangements.set_routing(conn, person.id, tags=tags, currencies=map(currency_of, codes))

    routed = said.tags is not None or said.currencies is not None
    if said.finances is not False and said.away is None and not routed:
        return Left()
    left = leave(conn, person.id, change, now=here.now, env=here.env)
    if routed:
        alerts.catch_up(conn, person.id, now=here.now, env=here.env)
    return left


def _listed(text: str | None, before: tuple[str, ...]) -> tuple[str, ...]:
    """What was typed with commas; nothing for `all`, and what was before when nothing was said."""
    if text is None:
        return before
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    return () if [word.lower() for word in found] == [_ALL] else found


def _returned(conn: Connection, person: Curator, finances: bool | None, back: bool, here: Session) -> None:
    if finances:
        directory.set_finances(conn, person.id, True)
        alerts.catch_up(conn, person.id, now=here.now, env=here.env)
    if back:
        come_back(conn, person.id, now=here.now, env=here.env)


def _hour(text: str | None) -> time | None:
    try:
        return None if text is None else time.fromisoformat(text.zfill(5))
    except ValueError as error:
        raise UserError("bad_hour", text=text) from error


def _morning(text: str, zone: str, now: datetime) -> datetime:
    """When a day begins for a person. UserError bad_moment; day_is_over for one that has begun."""
    try:
        begins = datetime.combine(datetime.fromisoformat(text).date(), time(), ZoneInfo(zone)).astimezone(UTC)
    except ValueError as error:
        raise UserError("bad_moment", text=text) from error
    if begins <= now:
        raise UserError("day_is_over", text=text)
    return begins
