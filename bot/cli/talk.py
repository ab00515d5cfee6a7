"""`say` and `chat`: a curator's messages from the terminal, through the real inbound path."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.app.errand import Errand, errand
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.session import session, settings_of
from bot.directory import service as directory
from bot.handlers import conversation
from bot.ids import Address
from bot.messaging.deliveries import Delivery
from bot.phone import whatsapp_address

_WAIT_SECONDS = 20.0
_Heard = tuple[list[Delivery], list[Delivery]]
"""What else was said in the meantime, and the replies."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(say)
    app.command()(chat)


def say(
    text: Annotated[str, typer.Argument(help="What the curator writes.")],
    sender: Annotated[str, typer.Option("--from", metavar="PHONE", help="The curator's number.")],
    payload: Annotated[str | None, typer.Option(help="What the tapped button sends back.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send a message as a curator would, and wait for the replies.

    A confirmed operation is posted once its time for an Undo is over: by the service, or where none runs by the next
    command, which shows the receipt too. A curator of several partners speaks for --partner from now on.
    """
    address = whatsapp_address(sender)
    _speak_for(config, address, partner)
    news, replies = asyncio.run(_say(config, address, text, payload))
    if json:
        print_json({"replies": [_document(one) for one in replies], "news": [_document(one) for one in news]})
        return
    for one in news:
        _show(one)
    if not replies:
        console.print("No reply.")
    for one in replies:
        _show(one)


def chat(
    sender: Annotated[str, typer.Option("--as", metavar="PHONE", help="The curator's number.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
) -> None:
    """A conversation in the terminal: a line is a message, a button's title taps it, an empty line ends it."""
    address = whatsapp_address(sender)
    _speak_for(config, address, partner)
    asyncio.run(_chat(config, address))


def _speak_for(config: Path | None, address: Address, partner: str | None) -> None:
    """Choose the partner for a curator of several, as the answer to the bot's question would. A stranger stays one."""
    if partner is None:
        return
    with session(config, settled=False) as here:
        chosen = here.partner(partner).id

        def unit(conn: Connection) -> None:
            known = directory.identify(conn, address)
            if any(one.partner_id == chosen for one in known):
                conversation.lock(conn, address, here.now)
                conversation.set_partner(conn, address, chosen)

        here.db.write_now(unit)


async def _say(config: Path | None, address: Address, text: str, payload: str | None) -> _Heard:
    async with errand(settings_of(config, quiet=True)) as door:
        replies = await _exchange(door, address, text, payload)
        return await door.news(address), replies


async def _chat(config: Path | None, address: Address) -> None:
    buttons: dict[str, str] = {}
    async with errand(settings_of(config, quiet=True)) as door:
        while line := (await asyncio.to_thread(console.input, "[bold]> [/bold]")).strip():
            replies = await _exchange(door, address, line, buttons.get(line.casefold()))
            for one in [*await door.news(address), *replies]:
                _show(one)
                buttons |= {title.casefold(): payload for title, payload in one.buttons}


async def _exchange(door: Errand, address: Address, text: str, payload: str | None) -> list[Delivery]:
    async with asyncio.timeout(_WAIT_SECONDS):
        return await door.exchange(address, text, payload)


def _show(one: Delivery) -> None:
    console.print(escaped(one.body), style="green")
    if one.buttons:
        console.print("  ".join(f"\\[{escaped(title)}]" for title, _ in one.buttons), style="bold green")
    console.print()


def _document(one: Delivery) -> dict[str, Any]:
    return {
        "to": one.to.removeprefix("whatsapp:"),
        "text": one.body,
        "buttons": [{"title": title, "payload": payload} for title, payload in one.buttons],
        "state": one.state.value,
        "id": one.id,
    }
