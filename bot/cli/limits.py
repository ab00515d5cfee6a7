"""`curators limit`: how much one curator may spend in one operation and in a day, and what is left today."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.billing import limits
from bot.billing.accounts import partner_accounts
from bot.billing.limits import Allowance, Per
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.people import curators, person_of
from bot.cli.reading import amount_of, currency_of
from bot.cli.session import session
from bot.directory.people import Curator, Partner, Role
from bot.i18n import money_text
from bot.money import Money
from bot.storage.audit import OPERATOR

_HELP = "Such as 1000; none: any amount; default: as the settings say."


def register(app: typer.Typer) -> None:
    """Add this command to `curators`, which is in the app already."""
    curators.command()(limit)


def limit(
    who: Annotated[str, typer.Argument(help="Phone number or id.")],
    currency: Annotated[str | None, typer.Argument(metavar="CUR", help="EUR, USD, KZT or RUB.")] = None,
    operation: Annotated[str | None, typer.Option(metavar="AMOUNT", help=f"In one operation. {_HELP}")] = None,
    day: Annotated[str | None, typer.Option(metavar="AMOUNT", help=f"In a day. {_HELP}")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What a curator may spend from the partner account, and what is left today; set with --operation and --day."""
    wanted: dict[Per, str] = {}
    wanted |= {"operation": operation} if operation is not None else {}
    wanted |= {"day": day} if day is not None else {}
    if wanted and currency is None:
        raise typer.BadParameter("say which currency: curators limit WHO EUR --day 1000")
    code = currency_of(currency) if currency else None
    with session(config) as here:
        owner, configured = here.partner(partner), here.env.spending

        def unit(conn: Connection) -> tuple[Curator, dict[str, Allowance]]:
            found = person_of(conn, owner.id, who)
            for per, text in wanted.items():
                _set(conn, owner, found, per, code or "", text.strip().lower(), here.now)
            return found, {
                one: limits.allowance(
                    conn, configured, curator_id=found.id, currency=one, time_zone=owner.time_zone, now=here.now
                )
                for one in _currencies(conn, owner, code)
            }

        found, may = here.db.write_now(unit)
    _show(found, may, json=json)


def _set(conn: Connection, owner: Partner, who: Curator, per: Per, currency: str, text: str, now: datetime) -> None:
    if text == "default":
        limits.drop_own_limit(conn, owner.id, who.id, per, currency, by=OPERATOR, now=now)
        return
    amount = None if text == "none" else amount_of(text, currency)
    limits.set_own_limit(conn, owner.id, who.id, per, currency, amount, by=OPERATOR, now=now)


def _currencies(conn: Connection, owner: Partner, wanted: str | None) -> list[str]:
    return [wanted] if wanted else [one.currency for one in partner_accounts(conn, owner.id)] or ["EUR"]


def _show(found: Curator, may: dict[str, Allowance], *, json: bool) -> None:
    if found.role is Role.OWNER:  # whatever is set or configured, none counts
        may = {code: replace(one, operation=None, day=None) for code, one in may.items()}
    if json:
        rows = {
            code: {"operation": one.operation, "day": one.day, "spent_today": one.spent, "left_today": one.left}
            for code, one in may.items()
        }
        print_json({"id": found.id, "name": found.name, "role": found.role, "limits": rows})
        return
    if found.role is Role.OWNER:
        console.print(f"[bold]{escaped(found.name)}[/bold] is an owner: no limit counts.")
    shown = [
        (code, _text(one.operation), _text(one.day), money_text(one.spent, "en"), _text(one.left))
        for code, one in may.items()
    ]
    print_table(found.name, ("", ">in one operation", ">in a day", ">spent today", ">left today"), shown, "")


def _text(amount: Money | None) -> str:
    return "any amount" if amount is None else money_text(amount, "en")
