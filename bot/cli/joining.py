"""`clients add|attach|add-channel`: single clients and channels. Beside what `clients` has."""

from typing import Annotated

import typer

from bot.cli.clients import clients
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.reading import client_of, currency_of
from bot.cli.session import session
from bot.directory.people import Client
from bot.i18n import money_text
from bot.partnership.channels import add_channel_to
from bot.partnership.clients import NewClient, add_new_client, attach_client
from bot.storage.audit import OPERATOR

EmailOption = Annotated[str | None, typer.Option(help="Administrator's e-mail in the client's account.")]
CurrencyOption = Annotated[
    str | None, typer.Option(help="EUR, USD, KZT or RUB; that of the partner account where there is just one.")
]
ZoneOption = Annotated[str | None, typer.Option(help="Such as Europe/Riga; the partner's by default.")]


def register(app: typer.Typer) -> None:
    """The commands hang on `clients`, which its own module adds."""


@clients.command()
def add(
    email: Annotated[str, typer.Argument(help="Administrator's e-mail in the client's account.")],
    company: Annotated[str, typer.Argument(help="The company's name.")],
    language: Annotated[str, typer.Option(help="Account language, such as en, ru, es.")] = "en",
    currency: CurrencyOption = None,
    time_zone: ZoneOption = None,
    account: Annotated[str | None, typer.Option(help="The account's 8 digits; a new number by default.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Add a client. He finds the welcome credit on his balance: 500 ₽, 10 € or 10 $, paid by the program."""
    money = currency_of(currency) if currency else None
    wanted = NewClient(email, company, language, money, time_zone, account)
    with session(config) as here:
        who = here.partner(partner, create=True)
        added = here.db.write_now(
            lambda conn: add_new_client(conn, who.id, wanted, env=here.env, now=here.now, by=OPERATOR)
        )
    if json:
        print_json(_document(added.client) | {"welcome": added.welcome})
        return
    credit = f"welcome credit {money_text(added.welcome, 'en')}" if added.welcome else "no welcome credit"
    console.print(f"[bold]{escaped(added.client.company)}[/bold] added, ID {added.client.account_id}, {credit}.")


@clients.command()
def attach(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="The existing account's 8 digits.")],
    reason: Annotated[str, typer.Option(help="What support was told, for the audit.")],
    company: Annotated[str, typer.Option(help="The company's name; the number by default.")] = "",
    email: EmailOption = None,
    language: Annotated[str, typer.Option(help="Account language, such as en, ru, es.")] = "en",
    currency: CurrencyOption = None,
    time_zone: ZoneOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Attach an existing account, through support. For the operator. There is no welcome credit."""
    money = currency_of(currency) if currency else None
    wanted = NewClient(email, company or account_id, language, money, time_zone)
    with session(config) as here:
        who = here.partner(partner)
        attached = here.db.write_now(
            lambda conn: attach_client(conn, who.id, account_id, wanted, reason=reason, env=here.env, now=here.now)
        )
    if json:
        print_json(_document(attached))
        return
    console.print(f"[bold]{escaped(attached.company)}[/bold] attached, ID {attached.account_id}.")


@clients.command("add-channel")
def add_channel(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    transport: Annotated[str, typer.Argument(help="whatsapp, instagram, telegram, …")],
    name: Annotated[str, typer.Argument(help="The channel's number or name.")],
    free: Annotated[bool, typer.Option("--free", help="One of the free ones of main or demo account.")] = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Add a channel. Without --free it is paid by the day from today on, until it is in a subscription."""
    with session(config) as here:
        who = here.partner(partner)
        target = here.db.read_now(client_of, who, client)
        here.db.write_now(
            lambda conn: add_channel_to(
                conn, target, transport, name, free=free, env=here.env, now=here.now, by=OPERATOR
            )
        )
    if json:
        print_json({"id": target.account_id, "transport": transport.lower(), "name": name, "free": free})
        return
    paid = "free" if free else "paid by the day"
    console.print(
        f"{escaped(name)} ({escaped(transport.lower())}) added to [bold]{escaped(target.company)}[/bold], {paid}."
    )


def _document(one: Client) -> dict[str, object]:
    return {
        "id": one.account_id,
        "company": one.company,
        "email": one.email,
        "language": one.language,
        "currency": one.currency,
        "time_zone": one.time_zone,
        "kind": one.kind,
    }
