"""`subscriptions`: create, upgrade, more or fewer channels."""

from datetime import date
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.billing import subscribing
from bot.billing.confirming import Confirmed
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked, ChannelName, Unpaid
from bot.cli.money import quote as quotes
from bot.cli.money import show_quote
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.reading import client_of, months_of
from bot.cli.session import Session, session
from bot.cli.waiting import NowOption, carry_out, outcome, sentence
from bot.directory.people import Client
from bot.errors import UserError
from bot.i18n import date_text, money_text
from bot.ids import SubscriptionId
from bot.storage.switches import Switch, refuse_while_paused

subscriptions = typer.Typer(help="Subscriptions; freezing and refunds are not offered.", no_args_is_help=True)

ClientArgument = Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")]
PlanArgument = Annotated[str | None, typer.Argument(help="Start, Inbox, Pro or Max.")]
PeriodArgument = Annotated[str | None, typer.Argument(help="1m, 6m, 12m or 1y.")]
ChannelsOption = Annotated[
    list[str] | None, typer.Option("--channel", help="whatsapp:NAME; by default all that are on daily payments.")
]
ChannelsArgument = Annotated[list[str], typer.Argument(help="whatsapp:NAME, telegram:NAME, …")]
WhichOption = Annotated[str | None, typer.Option("--subscription", help="Its id, where the client has several.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(subscriptions, name="subscriptions")


@subscriptions.command()
def create(
    client: ClientArgument,
    plan: PlanArgument = None,
    period: PeriodArgument = None,
    channel: ChannelsOption = None,
    unpaid: Annotated[bool, typer.Option("--unpaid", help="Now; money that is missing comes later.")] = False,
    yes: YesOption = False,
    now: NowOption = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A new subscription, paid from the balance and topped up by what is missing, or created before there is money."""
    wanted: dict[str, Any] = {"plan": plan and plan.lower(), "months": period and months_of(period)}
    with session(config) as here:
        if unpaid and _created(here, partner, client, wanted | {"channels": _named(channel or [])}, json):
            return
        _carry_out(
            here, partner, client, subscribing.quote_subscription, _named(channel or []), wanted, (yes, now), json
        )


@subscriptions.command()
def upgrade(
    client: ClientArgument,
    plan: Annotated[str, typer.Argument(help="Inbox, Pro or Max.")],
    subscription: WhichOption = None,
    yes: YesOption = False,
    now: NowOption = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A higher plan: the difference for the days left."""
    with session(config) as here:
        _carry_out(
            here, partner, client, subscribing.quote_upgrade, plan.lower(), _which(subscription), (yes, now), json
        )


@subscriptions.command("add-channel")
def add_channel(
    client: ClientArgument,
    channel: ChannelsArgument,
    subscription: WhichOption = None,
    yes: YesOption = False,
    now: NowOption = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """More channels, paid for the days left; new ones are created."""
    ask = subscribing.quote_added_channels
    with session(config) as here:
        _carry_out(here, partner, client, ask, _named(channel), _which(subscription), (yes, now), json)


@subscriptions.command("remove-channel")
def remove_channel(
    client: ClientArgument,
    channel: ChannelsArgument,
    subscription: WhichOption = None,
    yes: YesOption = False,
    now: NowOption = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Fewer channels: nothing is paid back, from tomorrow they are paid by the day."""
    ask = subscribing.quote_removed_channels
    with session(config) as here:
        _carry_out(here, partner, client, ask, _named(channel), _which(subscription), (yes, now), json)


@quotes.command("subscribe")
def quote_subscribe(
    client: ClientArgument,
    plan: PlanArgument = None,
    period: PeriodArgument = None,
    channel: ChannelsOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What a new subscription would cost. Nothing is written."""
    wanted: dict[str, Any] = {"plan": plan and plan.lower(), "months": period and months_of(period)}
    with session(config) as here:
        show_quote(
            *_dry(here, partner, client, subscribing.quote_subscription, _named(channel or []), wanted), json=json
        )


@quotes.command("upgrade")
def quote_upgrade(
    client: ClientArgument,
    plan: Annotated[str, typer.Argument(help="Inbox, Pro or Max.")],
    subscription: WhichOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What a higher plan would cost for the days left. Nothing is written."""
    with session(config) as here:
        found = _dry(here, partner, client, subscribing.quote_upgrade, plan.lower(), _which(subscription))
        show_quote(*found, json=json)


@quotes.command("add-channel")
def quote_add_channel(
    client: ClientArgument,
    channel: ChannelsArgument,
    subscription: WhichOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What more channels would cost for the days left. Nothing is written."""
    ask = subscribing.quote_added_channels
    with session(config) as here:
        show_quote(*_dry(here, partner, client, ask, _named(channel), _which(subscription)), json=json)


@quotes.command("remove-channel")
def quote_remove_channel(
    client: ClientArgument,
    channel: ChannelsArgument,
    subscription: WhichOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What fewer channels would change, and what they cost by the day then. Nothing is written."""
    ask = subscribing.quote_removed_channels
    with session(config) as here:
        show_quote(*_dry(here, partner, client, ask, _named(channel), _which(subscription)), json=json)


def _created(here: Session, partner: str | None, client: str, wanted: dict[str, Any], json: bool) -> bool:
    """Create it unpaid. False: the balance reaches, so that it is an ordinary purchase, asked about and held."""

    def unit(conn: Connection) -> tuple[Client, Unpaid]:
        refuse_while_paused(conn, Switch.MONEY)
        who = client_of(conn, here.partner(partner), client)
        made = subscribing.create_unpaid(conn, here.env.book, Asked(who.partner_id, who.id, here.now), **wanted)
        alerts.apply(conn, made.changes, now=here.now, env=here.env)
        return who, made

    try:
        who, made = here.db.write_now(unit)
    except UserError as error:
        if error.key != "balance_reaches":
            raise
        return False
    if json:
        print_json(made)
    else:
        console.print(
            f"{escaped(who.company)}: {made.plan_title}, {made.channels} channels till "
            f"{_day(made.ends_after)} waits for {money_text(made.price, 'en')}, "
            f"{money_text(made.missing, 'en')} are missing. To be paid by {_day(made.until)}."
        )
    return True


def _carry_out(
    here: Session,
    partner: str | None,
    client: str,
    ask: Any,
    what: Any,
    more: dict[str, Any],
    wish: tuple[bool, bool],
    json: bool,
) -> None:
    """Show the quote, ask, and carry out exactly that. `wish`: do not ask; do not hold it first."""
    yes, at_once = wish
    here.db.read_now(refuse_while_paused, Switch.MONEY)
    who, dry = _dry(here, partner, client, ask, what, more)
    if not json:
        show_quote(who, dry, json=False)
    if not yes and not typer.confirm("Go on?"):
        raise typer.Abort

    def unit(conn: Connection) -> tuple[Confirmed, Quote]:
        refuse_while_paused(conn, Switch.MONEY)
        made = _asked(here, conn, who, ask, what, more, save=True)
        if (made.price, made.client_gets) != (dry.price, dry.client_gets):
            raise UserError("quote_stale", reason="price")
        return carry_out(here, conn, made.id, at_once=at_once), made

    done, made = here.db.write_now(unit)
    if json:
        print_json({"client": who.account_id, "company": who.company} | made.facts() | outcome(here, done))
    else:
        till = f", till {date_text(made.ends_after, 'en')}" if made.ends_after else ""
        console.print(sentence(here, done, here.partner(partner).time_zone, till), soft_wrap=True)


def _dry(
    here: Session, partner: str | None, client: str, ask: Any, what: Any, more: dict[str, Any]
) -> tuple[Client, Quote]:
    def unit(conn: Connection) -> tuple[Client, Quote]:
        who = client_of(conn, here.partner(partner), client)
        return who, _asked(here, conn, who, ask, what, more, save=False)

    found: tuple[Client, Quote] = here.db.read_now(unit)
    return found


def _asked(
    here: Session, conn: Connection, who: Client, ask: Any, what: Any, more: dict[str, Any], *, save: bool
) -> Quote:
    asked = Asked(who.partner_id, who.id, here.now, save=save)
    named = {"channels": what} if ask is subscribing.quote_subscription else {}
    made: Quote = ask(conn, here.env.book, asked, *([] if named else [what]), **named, **more)
    return made


def _day(iso: str) -> str:
    return date_text(date.fromisoformat(iso), "en")


def _which(subscription: str | None) -> dict[str, Any]:
    return {"subscription_id": SubscriptionId(subscription) if subscription else None}


def _named(texts: list[str]) -> list[ChannelName]:
    """Channels from `whatsapp:NAME`. UserError bad_channel."""
    found = []
    for text in texts:
        transport, colon, name = text.partition(":")
        if not colon or not transport.strip().isalnum() or not name.strip():
            raise UserError("told", text=f"{text} is no channel; write it such as whatsapp:+37120000001.")
        found.append(ChannelName(transport.strip().lower(), name.strip()))
    return found
