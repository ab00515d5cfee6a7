"""What a handler answers: a text by key with its facts, buttons, and what bare numbers will mean next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.ids import ClientId
from bot.messaging.message import Kind
from bot.messaging.templates import Button

CHOICES_MAX = 10
"""So many lines of a list can be picked by number."""


@dataclass(frozen=True, slots=True)
class Menu:
    """What the next message may pick or complete; it lasts until the next answer.

    `choices` are payloads: number n stands for the n-th. `expects` "amount": a bare amount is a top-up of `client_id`.
    `again` is a text that waits for a question to be answered first.
    """

    choices: tuple[str, ...] = ()
    expects: Literal["amount"] | None = None
    client_id: ClientId | None = None
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One message in answer. `client_id`: whom it is about, so that "renew" alone means that client afterwards."""

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    buttons: Sequence[Button] = ()
    menu: Menu | None = None
    client_id: ClientId | None = None
    kind: Kind = Kind.REPLY
    language: str | None = None
    """None: that of the person."""
    media: str | None = None
    """Address of a picture that goes with the text."""
    instead: tuple[str, Mapping[str, Any]] | None = None
    """The text, with its facts, that goes when nobody could fetch the picture."""
    keeps_menu: bool = False
    """A slip ("there is no number 7") leaves the list that was shown in force."""


Replies = Sequence[Reply]
"""What a handler returns; empty when something else answers, such as a receipt."""
