"""`say` and `chat`: a curator's messages from the terminal, through the real inbound path."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app.errand import Errand, errand
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import console, escaped, print_json
from bot.cli.session import settings_of
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
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send a message as a curator would, and wait for the replies.

    A confirmed operation is posted once its time for an Undo is over: by the service, or where none runs by the next
    command, which shows the receipt too.
    """
    news, replies = asyncio.run(_say(config, whatsapp_address(sender), text, payload))
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
    config: ConfigOption = None,
) -> None:
    """A conversation in the terminal: a line is a message, a button's title taps it, an empty line ends it."""
    asyncio.run(_chat(config, whatsapp_address(sender)))


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
