"""`referrals`: the partner's link, who registered by it, and what becomes of it."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.billing.referral_credits import earned_by
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import currency_of
from bot.cli.session import session
from bot.directory.referrals import Referral, link_code, list_referrals
from bot.i18n import date_text, money_text
from bot.ids import ClientId
from bot.money import Money
from bot.partnership.clients import NewClient
from bot.partnership.referrals import confirm_referral, decline_referral

referrals = typer.Typer(help="The referral link and who registered by it.", no_args_is_help=True)
WhichArgument = Annotated[str, typer.Argument(metavar="WHO", help="E-mail or id of the registration.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(referrals, name="referrals")


@referrals.command()
def code(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """The partner's referral link; made when first asked for."""
    with session(config) as here:
        made = here.db.write_now(link_code, here.partner(partner).id, here.now)
        address = f"{here.settings.public_url.rstrip('/')}/r/{made}"
    if json:
        print_json({"code": made, "link": address})
    else:
        console.print(address, soft_wrap=True)


@referrals.command("list")
def list_(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Everybody who registered by the link, and what their bills have earned."""
    with session(config) as here:
        who = here.partner(partner)

        def unit(conn: Connection) -> list[tuple[Referral, list[Money]]]:
            earned = earned_by(conn, who.id)
            return [(one, earned.get(one.client_id or ClientId(""), [])) for one in list_referrals(conn, who.id)]

        found = here.db.read_now(unit)
    if json:
        print_json([_document(one) | {"earned": earned} for one, earned in found])
        return
    rows = [
        (
            date_text(one.registered_at.date(), "en"),
            one.company,
            one.email,
            one.state,
            one.credited_month or "–",
            ", ".join(money_text(money, "en") for money in earned) or "–",
        )
        for one, earned in found
    ]
    columns = ("registered", "company", "e-mail", "state", "credited through", ">earned")
    print_table("", columns, rows, "Nobody has registered by the link yet.")


@referrals.command()
def confirm(
    who: WhichArgument,
    currency: Annotated[str, typer.Option(help="EUR, USD, KZT or RUB.")] = "EUR",
    time_zone: Annotated[str | None, typer.Option(help="Such as Europe/Riga; the partner's by default.")] = None,
    account: Annotated[str | None, typer.Option(help="The account's 8 digits; a new number by default.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make a registration an account. For the operator."""
    details = NewClient(None, "", "", currency_of(currency), time_zone, account)
    with session(config) as here:
        owner = here.partner(partner)
        added = here.db.write_now(
            lambda conn: confirm_referral(conn, owner.id, who, details, env=here.env, now=here.now)
        )
    if json:
        print_json({"id": added.client.account_id, "company": added.client.company, "welcome": added.welcome})
        return
    console.print(f"[bold]{escaped(added.client.company)}[/bold] has the account {added.client.account_id}.")


@referrals.command()
def decline(
    who: WhichArgument,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Decline a registration. For the operator."""
    with session(config) as here:
        declined = here.db.write_now(decline_referral, here.partner(partner).id, who, reason, here.now)
    if json:
        print_json(_document(declined))
        return
    console.print(f"The registration of {escaped(declined.email)} is declined.")


def _document(one: Referral) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "email": one.email,
        "company": one.company,
        "language": one.language,
        "registered_at": one.registered_at,
        "settled_at": one.settled_at,
        "reason": one.reason,
        "credited_month": one.credited_month,
    }
