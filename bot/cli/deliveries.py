"""`deliveries`: the delivery log, one line a message or one message whole."""

import getpass
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import moment_of
from bot.cli.session import session
from bot.errors import UserError
from bot.ids import CuratorId, DeliveryId, PartnerId
from bot.messaging import resend
from bot.messaging.deliveries import Delivery, Filter, Shown, list_deliveries
from bot.messaging.deliveries import show as show_delivery
from bot.messaging.forgetting import Forgotten, addresses_of
from bot.messaging.forgetting import forget as forget_messages
from bot.messaging.status import State
from bot.phone import pretty_phone, whatsapp_address

deliveries = typer.Typer(help="What became of every message.", invoke_without_command=True)
_SIZE_MAX = 500


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.callback()
def log(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    since: Annotated[str | None, typer.Option(metavar="ISO", help="Only messages from then on.")] = None,
    to: Annotated[str | None, typer.Option(metavar="PHONE", help="Only messages to this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_SIZE_MAX, help="How many, newest first.")] = 50,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The delivery log, newest first."""
    if context.invoked_subcommand:
        return
    wanted = Filter(
        partner_id=PartnerId(partner) if partner else None,
        state=state,
        to=whatsapp_address(to) if to else None,
        since=moment_of(since) if since else None,
    )
    _print_log(wanted, limit, config, json)


@deliveries.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    since: Annotated[str | None, typer.Option(metavar="ISO", help="Only messages from then on.")] = None,
    to: Annotated[str | None, typer.Option(metavar="PHONE", help="Only messages to this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_SIZE_MAX, help="How many, newest first.")] = 50,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The same as `deliveries` alone."""
    wanted = Filter(
        partner_id=PartnerId(partner) if partner else None,
        state=state,
        to=whatsapp_address(to) if to else None,
        since=moment_of(since) if since else None,
    )
    _print_log(wanted, limit, config, json)


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
        print_json(_document(found.delivery) | {"attempts_made": found.attempts, "reports": found.reports})
        return
    _print_one(found)


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
            addresses = addresses_of(conn, CuratorId(whom)) or [whatsapp_address(whom)]
            owner = PartnerId(partner) if partner else None
            who = by or getpass.getuser()
            return forget_messages(conn, addresses, partner_id=owner, who=who, reason=reason, now=here.now)

        done = here.db.write_now(unit)
    if json:
        print_json(done)
        return
    console.print(f"Blanked {done.sent} messages to them and {done.received} from them.")
    if done.left:
        console.print(f"{done.left} are under way: run it again when they have arrived.")


def _print_log(wanted: Filter, limit: int, config: Any, json: bool) -> None:
    with session(config) as here:
        found = here.db.read_now(lambda conn: list_deliveries(conn, wanted, size=limit).deliveries)
    if json:
        print_json([_document(one) for one in found])
        return
    rows = [
        (
            one.created_at.strftime("%d %b %H:%M:%S"),
            pretty_phone(one.to),
            one.kind,
            f"{one.state.value}{f' ({one.error_code})' if one.error_code else ''}",
            escaped(one.body.split("\n")[0][:60]),
            one.id,
        )
        for one in found
    ]
    print_table("", ("time (UTC)", "to", "kind", "state", "begins", "id"), rows, "No messages yet.")


def _print_one(found: Shown) -> None:
    one = found.delivery
    console.print(f"[bold]{one.kind}[/bold] to {pretty_phone(one.to)}: [bold]{one.state.value}[/bold]")
    console.print(escaped(one.body), style="cyan")
    for title, _payload in one.buttons:
        console.print(f"  \\[{escaped(title)}]", style="cyan")
    console.print(f"{one.created_at:%d %b %H:%M:%S.%f} queued as {one.template} ({one.language})")
    for attempt in found.attempts:
        answer = " ".join(
            str(part) for part in (attempt.http_status, attempt.error_code, attempt.error_message) if part
        )
        console.print(
            f"{attempt.started_at:%d %b %H:%M:%S.%f} attempt {attempt.n} as {attempt.mode}: "
            f"{attempt.outcome or 'under way'} {escaped(answer)} ({attempt.duration_ms} ms)"
        )
    for report in found.reports:
        code = f" {report.error_code}" if report.error_code else ""
        console.print(f"{report.received_at:%d %b %H:%M:%S.%f} {report.status}{code} ({report.applied})")


def _document(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "to": one.to.removeprefix("whatsapp:"),
        "kind": one.kind,
        "state": one.state.value,
        "attempts": one.attempts,
        "provider_id": one.provider_id,
        "error_code": one.error_code,
        "created_at": one.created_at,
        "sent_at": one.sent_at,
        "delivered_at": one.delivered_at,
        "read_at": one.read_at,
        "failed_at": one.failed_at,
        "reason": one.reason,
        "template": one.template,
        "language": one.language,
        "text": one.body,
        "buttons": [{"title": title, "payload": payload} for title, payload in one.buttons],
        "contradicted": one.contradicted,
        "unconfirmed": one.unconfirmed,
        "curator_id": one.curator_id,
        "client_id": one.client_id,
    }
