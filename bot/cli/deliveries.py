"""`deliveries`: the delivery log, one line a message or one message whole."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.cli.delivery_print import document, print_log, print_one
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, print_json
from bot.cli.reading import moment_of
from bot.cli.session import session
from bot.directory.service import list_partners
from bot.errors import UserError
from bot.ids import CuratorId, DeliveryId, PartnerId
from bot.messaging import resend
from bot.messaging.deliveries import Delivery, Filter, Shown, list_deliveries
from bot.messaging.deliveries import show as show_delivery
from bot.messaging.forgetting import Forgotten, addresses_of, forget_name
from bot.messaging.forgetting import forget as forget_messages
from bot.messaging.message import Kind
from bot.messaging.status import State
from bot.messaging.transports.wazzup_errors import spelled
from bot.phone import whatsapp_address
from bot.web.console.delivery_query import about_client, said_to

deliveries = typer.Typer(help="What became of every message.", invoke_without_command=True)
_SIZE_MAX = 500


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.command("list")
@deliveries.callback()
def log(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only messages with this error code.")] = None,
    curator: Annotated[
        str | None, typer.Option(metavar="NAME|DIGITS", help="Part of a curator's name, or digits of a number.")
    ] = None,
    client: Annotated[
        str | None, typer.Option(metavar="NAME|ID", help="Part of a company's name, or the end of an account ID.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only messages of this kind.")] = None,
    since: Annotated[str | None, typer.Option(metavar="ISO", help="Only messages from then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="ISO", help="Only messages written before.")] = None,
    to: Annotated[str | None, typer.Option(metavar="PHONE", help="Only messages to this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_SIZE_MAX, help="How many, newest first.")] = 50,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The delivery log, newest first: `deliveries` alone is the same as `deliveries list`."""
    if context.invoked_subcommand:
        return
    wanted = Filter(
        partner_id=PartnerId(partner) if partner else None,
        state=state,
        error_code=spelled(code) if code else None,
        kind=kind.value if kind else None,
        to=whatsapp_address(to) if to else None,
        since=moment_of(since) if since else None,
        until=moment_of(until) if until else None,
    )

    def unit(conn: Connection) -> Sequence[Delivery]:
        whose = [wanted.partner_id] if wanted.partner_id else [one.id for one in list_partners(conn)]
        also = [said_to(conn, whose, curator)] if curator else []
        also += [about_client(conn, whose, client)] if client else []
        return list_deliveries(conn, wanted, also=also, size=limit).deliveries

    with session(config) as here:
        found = here.db.read_now(unit)
    if json:
        print_json([document(one) for one in found])
    else:
        print_log(found)


@deliveries.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The delivery's id.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """One message: its text, every attempt, every report."""

    def unit(conn: Connection) -> Shown:
        found = show_delivery(conn, DeliveryId(id_))
        if found is None or partner not in (None, found.delivery.partner_id):
            raise UserError("delivery_unknown", delivery=id_)
        return found

    with session(config) as here:
        found = here.db.read_now(unit)
    if json:
        print_json(document(found.delivery) | {"attempts_made": found.attempts, "reports": found.reports})
        return
    print_one(found)


@deliveries.command()
def retry(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The delivery's id.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send one message again, whatever it was given up for."""
    with session(config) as here:

        def unit(conn: Connection) -> bool:
            found = show_delivery(conn, DeliveryId(id_))
            if found is None or partner not in (None, found.delivery.partner_id):
                raise UserError("delivery_unknown", delivery=id_)
            return resend.retry(conn, DeliveryId(id_), here.now, here.env.jobs)

        again = here.db.write_now(unit)
    if not again:
        raise UserError("not_to_retry")
    if json:
        print_json({"id": id_, "retried": True})
    else:
        console.print("It is sent again.")


@deliveries.command()
def recover(
    since: Annotated[str, typer.Option(metavar="ISO", help="What failed from then on.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send again what failed since a moment and can succeed, up to 500 messages."""
    only = PartnerId(partner) if partner else None
    with session(config) as here:
        again = here.db.write_now(
            lambda conn: resend.recover(conn, since=moment_of(since), now=here.now, jobs=here.env.jobs, partner_id=only)
        )
    if json:
        print_json({"recovered": again})
    else:
        console.print(f"{again} messages are sent again.")


@deliveries.command()
def forget(
    whom: Annotated[str, typer.Argument(metavar="CURATOR|PHONE", help="A curator's id, or a number.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")],
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides; the login name.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Blank what one person said and was told; that it happened stays. What waits for them is not sent."""
    with session(config) as here:

        def unit(conn: Connection) -> Forgotten:
            addresses = addresses_of(conn, CuratorId(whom))
            if not forget_name(conn, CuratorId(whom)) and not addresses:
                addresses = [whatsapp_address(whom)]
            owner = PartnerId(partner) if partner else None
            who = by or getpass.getuser()
            return forget_messages(conn, addresses, partner_id=owner, who=who, reason=reason, now=here.now)

        done = here.db.write_now(unit)
        here.db.fold()
    if json:
        print_json(done)
        return
    console.print(f"Blanked {done.sent} messages to them and {done.received} from them.")
    if done.left:
        console.print(f"{done.left} are under way: run it again when they have arrived.")
