"""`partner apply|grant|leave`: how somebody becomes a partner, and ceases to be one. Beside what `partner` has."""

from typing import Annotated

import typer

from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.partner import partner
from bot.cli.reading import currency_of
from bot.cli.session import Session, session
from bot.directory.partners import Granted, apply_for_status
from bot.directory.people import Partner
from bot.errors import UserError
from bot.i18n import date_text
from bot.ids import PartnerId
from bot.partnership.status import end_partnership, grant_status, own_accounts


def register(app: typer.Typer) -> None:
    """The commands hang on `partner`, which its own module adds."""


@partner.command("apply")
def apply_(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="Your own account's 8 digits.")],
    name: Annotated[str | None, typer.Option(help="The partner's name; the account number by default.")] = None,
    language: Annotated[str, typer.Option(help="en or ru.")] = "en",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Riga.")] = "UTC",
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Apply for partner status. The operator grants it; until then there is no Clients table."""
    with session(config) as here:
        applied = here.db.write_now(
            lambda conn: apply_for_status(
                conn,
                account_id,
                name=name,
                now=here.now,
                partner_id=PartnerId(partner) if partner else None,
                language=language,
                time_zone=time_zone,
            )
        )
    if json:
        print_json(_document(applied))
        return
    console.print(
        f"[bold]{escaped(applied.name)}[/bold] has applied with account {applied.account_id}. "
        f"To grant it: curatorbot partner grant --partner {applied.id}"
    )


@partner.command()
def grant(
    kind: Annotated[str, typer.Option(help="official or referral.")] = "official",
    program: Annotated[str | None, typer.Option(help="Program of the price book: seed, tiered.")] = None,
    account: Annotated[str | None, typer.Option(help="The partner's own account, where it is not known.")] = None,
    currency: Annotated[str, typer.Option(help="Currency of main and demo account.")] = "EUR",
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Grant partner status. For the operator. The Clients table begins now, with main and demo account in it."""
    with session(config) as here:
        who, money = here.partner(partner), currency_of(currency)
        granted = here.db.write_now(
            lambda conn: grant_status(
                conn,
                here.env.book,
                who.id,
                now=here.now,
                kind=_kind(kind),
                program=program,
                account_id=account,
                currency=money,
            )
        )
        own = here.db.read_now(own_accounts, granted.id)
    if json:
        print_json(_document(granted) | {"own": [{"kind": one.kind, "id": one.account_id} for one in own]})
        return
    console.print(
        f"[bold]{escaped(granted.name)}[/bold] is {granted.kind} partner since "
        f"{date_text(granted.joined_on, 'en')}, program {granted.program}."
    )
    if own:
        print_table("", ("ID", "account"), [(one.account_id, one.company) for one in own], "")


@partner.command()
def leave(
    reason: Annotated[str, typer.Option(help="Why the partnership ends.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """End a partnership. For the operator. Free channels run to the end of their term and are not renewed."""
    with session(config) as here:
        left = _left(here, partner, reason)
    if json:
        print_json(_document(left))
        return
    console.print(f"The partnership with [bold]{escaped(left.name)}[/bold] has ended.")


def _left(here: Session, partner: str | None, reason: str) -> Partner:
    return here.db.write_now(end_partnership, here.partner(partner).id, reason, here.now)


def _kind(text: str) -> Granted:
    if text == "official":
        return "official"
    if text == "referral":
        return "referral"
    raise UserError("told", text=f"{text} is no kind of partner; use official or referral.")


def _document(one: Partner) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "program": one.program,
        "account_id": one.account_id,
        "joined_on": None if one.kind == "applicant" else one.joined_on,
        "applied_at": one.applied_at,
        "granted_at": one.granted_at,
        "left_on": one.left_on,
    }
