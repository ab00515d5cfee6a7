"""What stands before every handler, in this order: who writes, may they, not too fast, for which partner."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alerts import repository as alerts
from bot.alerts import service as alerting
from bot.billing import transfers
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.directory.transliteration import is_cyrillic
from bot.handlers import conversation
from bot.handlers.commands import Command, No, Start, Stop, Tap, Unknown, Yes
from bot.handlers.conversation import Conversation
from bot.handlers.env import Env
from bot.handlers.invitation import asked, thanks
from bot.handlers.payload import payload_of, tap_of
from bot.handlers.reply import Menu, Reply
from bot.ids import AlertId, ClientId, PartnerId
from bot.messaging.inbox import InboxMessage
from bot.messaging.message import Kind

PACE = timedelta(minutes=1)
_RUSSIAN_CODES = ("+7", "+375")


@dataclass(frozen=True, slots=True)
class Stopped:
    """The message goes no further: what it came to (the inbox row's outcome), and what is answered, if anything."""

    outcome: str
    reply: Reply | None = None
    language: str = "en"


def identify(conn: Connection, message: InboxMessage, now: datetime) -> list[Curator]:
    """Who this is with each partner; a second address of a known person is learned."""
    found, new = directory.identify(conn, message.from_address), message.other_address
    if not found and message.other_address:
        found, new = directory.identify(conn, message.other_address), message.from_address
    for one in found:
        if new is not None and new not in one.addresses:
            directory.learn_address(conn, one.id, new, now)
    return found


def refuse_unknown(conn: Connection, talk: Conversation, message: InboxMessage, now: datetime) -> Stopped:
    """An unknown number hears one polite refusal, ever, and no data."""
    if talk.refused_at is not None:
        return Stopped("refused_before")
    conversation.set_refused(conn, talk.address, now)
    return Stopped("refused", Reply("people/refusal", kind=Kind.REFUSAL), _language_of(message))


def too_fast(talk: Conversation, env: Env, language: str, now: datetime) -> Stopped | None:
    """More messages within a minute than one person types: said once, then silence until the minute is over."""
    allowed = env.limits.messages_per_minute
    recent = [moment for moment in talk.recent if moment > now - PACE]
    if len(recent) < allowed:
        return None
    return Stopped("too_fast", Reply("people/too_fast") if len(recent) == allowed else None, language)


def pace(talk: Conversation, env: Env, now: datetime) -> tuple[datetime, ...]:
    """The moments to remember, this one included; one more than is allowed is enough."""
    kept = [moment for moment in talk.recent if moment > now - PACE]
    return tuple([*kept, now][-(env.limits.messages_per_minute + 1) :])


def speaker(conn: Connection, talk: Conversation, people: list[Curator], message: InboxMessage) -> Curator | Stopped:
    """For which partner a person with several speaks: that of the button, the one chosen before, or they are asked."""
    if len(people) == 1:
        return people[0]
    tap = tap_of(message.payload)
    chosen = _partner_of(conn, tap) if tap else None
    found = [one for one in people if one.partner_id == chosen] or [
        one for one in people if one.partner_id == talk.partner_id
    ]
    if found:
        return found[0]
    picked = _picked_partner(talk, message)
    known = [one for one in people if one.partner_id == picked]
    if known:
        conversation.set_partner(conn, talk.address, known[0].partner_id)
        return known[0]
    names = [directory.get_partner(conn, one.partner_id).name for one in people]
    choices = tuple(payload_of("partner", one.partner_id) for one in people)
    menu = Menu(choices, again=message.body)
    return Stopped("which_partner", Reply("people/which_partner", {"partners": names}, menu=menu), people[0].language)


def consent(conn: Connection, curator: Curator, command: Command | Unknown, now: datetime, env: Env) -> Stopped | None:
    """Until a person has agreed, only yes and no are understood, and no data is shown."""
    if curator.consent_at is not None:
        return None
    if isinstance(command, Yes | Start) or command == Tap("consent", "yes"):
        directory.give_consent(conn, curator.id, "chat", now)
        alerting.catch_up(conn, curator.id, now=now, env=env.around)
        return Stopped("consent", thanks(conn, curator), curator.language)
    if isinstance(command, No | Stop) or command == Tap("consent", "no"):
        return Stopped("no_consent", Reply("people/declined"), curator.language)
    return Stopped("asked_consent", asked(conn, curator), curator.language)


def _partner_of(conn: Connection, tap: Tap) -> PartnerId | None:
    """The partner that a button's alert, quote or client belongs to."""
    if tap.id is None:
        return None
    if tap.verb in ("confirm", "cancel", "period", "undo"):
        quoted = transfers.load(conn, token=tap.id)
        return quoted.partner_id if quoted else None
    alert = alerts.alerts_by_id(conn, [AlertId(tap.id)]).get(AlertId(tap.id))
    if alert is not None:
        return alert.partner_id
    client = directory.clients_by_id(conn, [ClientId(tap.id)]).get(ClientId(tap.id))
    return client.partner_id if client else None


def _picked_partner(talk: Conversation, message: InboxMessage) -> PartnerId | None:
    """The partner whose number was answered to the question."""
    text = message.body.strip()
    if talk.menu is None or not text.isascii() or not text.isdigit() or len(text) > 2:
        return None
    place = int(text) - 1
    tap = tap_of(talk.menu.choices[place]) if 0 <= place < len(talk.menu.choices) else None
    return PartnerId(tap.id) if tap is not None and tap.verb == "partner" and tap.id else None


def _language_of(message: InboxMessage) -> str:
    number = message.from_address.removeprefix("whatsapp:")
    return "ru" if number.startswith(_RUSSIAN_CODES) or is_cyrillic(message.body) else "en"
