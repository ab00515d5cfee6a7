"""Makes a claimed message ready for the transport: which stored text, is it complete, does WhatsApp still take it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import BotError, TransientError
from bot.messaging.claims import Claimed
from bot.messaging.contents import APPROVED, REFUSED, Stored
from bot.messaging.message import ErrorClass
from bot.messaging.stand_in import FALLBACK, notice_text
from bot.messaging.templates import Registry, registry
from bot.messaging.transport import OutMessage, Rejected
from bot.messaging.window import Mode

VALIDITY = timedelta(hours=4)
"""How long the provider tries at most: later is another time of day. What it drops is tried again by us."""


class Contents(Protocol):
    """The texts that the provider holds; `ContentSync` has them."""

    async def stored(self, template: str, language: str, checksum: str) -> Stored | None:
        """A wording at the provider, None when it is not there. TransientError when that cannot be known now."""
        ...

    async def recheck(self, known: Stored) -> Stored:
        """The same, with what WhatsApp thinks of it now. Errors as `stored`."""
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A message as the transport takes it. `note` is for the delivery log."""

    message: OutMessage
    note: str | None = None


async def prepare(claimed: Claimed, contents: Contents, now: datetime) -> Ready | Rejected | None:
    """The message; a refusal when it can never go, or not now; None when WhatsApp has yet to approve its text."""
    if claimed.checksum is None:
        return Ready(_out(claimed, now))
    if problem := _incomplete(claimed, registry()):
        return Rejected(ErrorClass.TEMPLATE, None, problem)
    try:
        return await _content(claimed, claimed.checksum, contents, now)
    except TransientError as error:
        return Rejected(ErrorClass.RETRY, None, str(error))
    except BotError as error:
        return Rejected(ErrorClass.TEMPLATE, None, str(error))


async def _content(claimed: Claimed, checksum: str, contents: Contents, now: datetime) -> Ready | Rejected | None:
    stored = await contents.stored(claimed.template, claimed.language, checksum)
    if stored is None:
        return Rejected(ErrorClass.TEMPLATE, None, f"{claimed.template}: this wording is not at the provider")
    if claimed.mode is Mode.TEMPLATE and not registry().entry(claimed.template).needs_approval:
        return Rejected(ErrorClass.WINDOW, None, f"{claimed.template}: only inside the 24-hour window")
    if claimed.mode is Mode.TEMPLATE and stored.approval != APPROVED:
        stored = await contents.recheck(stored)
    if claimed.mode is Mode.SESSION or stored.approval == APPROVED:
        return Ready(_out(claimed, now, stored, claimed.variables))
    if stored.approval not in REFUSED:
        return None
    return await _stand_in(claimed, stored, contents, now)


async def _stand_in(claimed: Claimed, refused: Stored, contents: Contents, now: datetime) -> Ready | Rejected:
    """The same words on one line in a text that WhatsApp does take."""
    why = f"{claimed.template}: WhatsApp says {refused.approval}"
    wanted = registry().content(FALLBACK, claimed.language)
    stored = await contents.stored(FALLBACK, claimed.language, wanted.checksum)
    if stored is None or stored.approval != APPROVED:
        return Rejected(ErrorClass.TEMPLATE, None, why)
    return Ready(_out(claimed, now, stored, {"1": notice_text(claimed.body)}), f"sent as {FALLBACK}; {why}")


def _incomplete(claimed: Claimed, texts: Registry) -> str | None:
    """What is wrong with a content's variables. The provider would put in its samples: another client's name."""
    if empty := [name for name, value in claimed.variables.items() if not value.strip()]:
        return f"{claimed.template}: variable {', '.join(empty)} is empty"
    try:
        content = texts.content(claimed.template, claimed.language)
    except BotError:
        return None
    if content.checksum == claimed.checksum and set(content.samples) != set(claimed.variables):
        return f"{claimed.template}: has {len(claimed.variables)} variables, its text {len(content.samples)}"
    return None


def _out(
    claimed: Claimed, now: datetime, stored: Stored | None = None, variables: Mapping[str, str] | None = None
) -> OutMessage:
    left = claimed.expires_at - now if claimed.expires_at else VALIDITY
    return OutMessage(
        delivery_id=claimed.id,
        to=claimed.to,
        sender=claimed.sender,
        body=claimed.body,
        validity_seconds=int(min(left, VALIDITY).total_seconds()),
        content_id=stored.content_id if stored else None,
        variables=variables or {},
        buttons=claimed.buttons,
        mode=claimed.mode,
        media=claimed.media,
    )
