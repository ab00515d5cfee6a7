"""What a curator can ask for in the chat, as values. Pure.

A `client` is free text as the curator wrote it (ID, ending, name, any script and case ending), or None when the
text names none: then the message replied to, or the last one shown, says whom it is about.
"""

from dataclasses import dataclass
from datetime import time
from typing import Literal

from bot.handlers.amount import Amount, AmountProblem
from bot.handlers.day import DaySaid

Reason = Literal["empty", "no_words", "too_long", "several", "unclear"]
"""Why a text is no command: nothing in it, no letters or digits, longer than a command can be, several commands at
once, or simply not understood."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can I ask? Greetings come here too."""

    greeting: bool = False


@dataclass(frozen=True, slots=True)
class Clients:
    """The list of clients, optionally only those whose name looks like `search`; pages count from 1."""

    search: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Due:
    """Who runs out soon; `within_days` None means the usual horizon."""

    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Who runs out soon, as a picture; pages count from 1."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class Balance:
    """How one client stands: money, subscription, channels."""

    client: str | None = None


@dataclass(frozen=True, slots=True)
class TopUp:
    """Send money to a client. `amount` None: not said.

    `other` is a second way to read the same words, in which digits belong to the client's name ("studio 54 100").
    It counts only when a company is called exactly that.
    """

    client: str | None
    amount: Amount | AmountProblem | None
    other: "TopUp | None" = None


@dataclass(frozen=True, slots=True)
class Renew:
    """Pay the next period of a client's subscription. `plan` and `months` None: as before.

    `other` as in TopUp: the plan or the number may belong to the name ("Studio Pro", "Studio 12").
    """

    client: str | None
    plan: str | None = None
    months: int | None = None
    other: "Renew | None" = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A new subscription for the channels on daily payments. `unpaid`: create it now, the money comes later.

    `other` as in Renew.
    """

    client: str | None
    plan: str | None = None
    months: int | None = None
    unpaid: bool = False
    other: "Subscribe | None" = None


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A higher plan for a running subscription; `plan` None: not said. `other` as in Renew."""

    client: str | None
    plan: str | None = None
    other: "Upgrade | None" = None


@dataclass(frozen=True, slots=True)
class AddChannel:
    """A channel into a running subscription; without `transport` and `name` it is chosen from a list."""

    client: str | None
    transport: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveChannel:
    """A channel out of a running subscription, chosen from a list."""

    client: str | None


@dataclass(frozen=True, slots=True)
class AutoRenew:
    """A client renews by itself, or no longer; `on` None asks how it is."""

    client: str | None
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Freezing a subscription, or money back."""


@dataclass(frozen=True, slots=True)
class Replenish:
    """Pay money into the partner's own account. `amount` None: not said."""

    amount: Amount | AmountProblem | None


@dataclass(frozen=True, slots=True)
class Paid:
    """A client has paid the partner, by whatever method (`how`). `other` as in TopUp."""

    client: str | None
    amount: Amount | AmountProblem | None
    how: str | None = None
    other: "Paid | None" = None


@dataclass(frozen=True, slots=True)
class Owes:
    """Who got money and has not paid for it, and who paid and has not got it."""


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner's own account."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The partner's rules and terms."""


@dataclass(frozen=True, slots=True)
class Mute:
    """No alerts to me about this client."""

    client: str | None


@dataclass(frozen=True, slots=True)
class Unmute:
    """Alerts to me about this client again."""

    client: str | None


@dataclass(frozen=True, slots=True)
class Why:
    """Who was told of this client, who was not and why, and what comes next."""

    client: str | None


@dataclass(frozen=True, slots=True)
class Assign:
    """One curator is responsible for a client: `to` is a name, "me" or "everybody"."""

    client: str | None
    to: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the others should know. `said`: the client's name, then the note, not yet told apart."""

    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promised:
    """The client promised to pay by a day."""

    client: str | None
    day: DaySaid


@dataclass(frozen=True, slots=True)
class Snooze:
    """Nothing to me about a client before a day; `day` None: until it changes."""

    client: str | None
    day: DaySaid | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A message for the client, ready to be forwarded."""

    client: str | None


@dataclass(frozen=True, slots=True)
class Away:
    """I am away and back on a day; somebody stands in."""

    until: DaySaid
    stand_in: str | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """I am not away any more."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When I want to be told. What is None stays; all None asks how it is.

    `days`: ISO weekdays; `any_hour`: at night too; `all_clear`: daily, mondays, never. `country`: two
    letters, `none`, or `phone` for that of the number.
    """

    hour: time | None = None
    days: str | None = None
    any_hour: bool | None = None
    all_clear: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """No messages to me at all."""


@dataclass(frozen=True, slots=True)
class Start:
    """Messages to me again; also how an invitation is accepted."""


@dataclass(frozen=True, slots=True)
class Yes:
    """I confirm; `code` as typed, None for a bare yes."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class No:
    """I do not; cancels what is open."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Number `number` (from 1) of the list or of the buttons shown last."""

    number: int


@dataclass(frozen=True, slots=True)
class Digits:
    """A bare number of three or more digits: the code of an open quote, or a client's ID or its ending."""

    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Only words that may be a client's name."""

    client: str


@dataclass(frozen=True, slots=True)
class Language:
    """Speak this language to me (ISO 639-1)."""

    code: str


@dataclass(frozen=True, slots=True)
class Thanks:
    """A courtesy that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A button: `<verb>[:<id>[:<arg>]]` made by our own code, or its label typed by hand (then id and arg are None)."""

    verb: str
    id: str | None = None
    arg: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not a command. `near` names the verb that the text seemed to be about, for a fitting hint."""

    reason: Reason
    near: str | None = None


Command = (
    Help
    | Clients
    | Due
    | Picture
    | Balance
    | TopUp
    | Renew
    | Subscribe
    | Upgrade
    | AddChannel
    | RemoveChannel
    | AutoRenew
    | NotOffered
    | Replenish
    | Paid
    | Owes
    | Partner
    | Rules
    | Mute
    | Unmute
    | Why
    | Assign
    | Note
    | Promised
    | Snooze
    | Text
    | Away
    | Back
    | Hours
    | Stop
    | Start
    | Yes
    | No
    | Choice
    | Digits
    | Mention
    | Language
    | Thanks
    | Tap
)
