"""One message from the inbox to its answer in the outbox, together or not at all; one conversation at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.clock import Clock
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.errors import TransientError, UserError
from bot.handlers import (
    alerts,
    auto_renewal,
    balance,
    care,
    clients,
    confirm,
    conversation,
    explaining,
    forwarding,
    help,
    middleware,
    own_client,
    paid,
    partner,
    picture,
    preferences,
    presence,
    renew,
    replenish,
    rules,
    subscriptions,
    tasks,
    topup,
)
from bot.handlers.commands import Command, Tap, Unknown
from bot.handlers.context import Context
from bot.handlers.conversation import Conversation
from bot.handlers.env import Env
from bot.handlers.middleware import Stopped
from bot.handlers.refusals import refusal, trouble
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.handlers.shown import shown_to
from bot.handlers.understanding import understand
from bot.ids import Address
from bot.messaging import inbox, outbox
from bot.messaging.inbox import InboxMessage
from bot.messaging.message import Kind, Outgoing
from bot.phone import masked
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)
REPLY_LASTS = timedelta(minutes=30)
"""An answer that could not be sent within this is not sent any more: the person has asked again, or has gone."""
ROUTER = Router()
_FAMILIES = (
    alerts,
    balance,
    care,
    clients,
    confirm,
    explaining,
    forwarding,
    help,
    paid,
    partner,
    picture,
    preferences,
    presence,
    tasks,
    rules,
)
for _family in (*_FAMILIES, auto_renewal, renew, replenish, subscriptions, topup):
    ROUTER.include(_family.router)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a message came to: the inbox row's outcome, the replies, who it was from."""

    outcome: str
    replies: Sequence[Reply]
    language: str
    curator: Curator | None = None


async def dispatch(db: Database, address: Address, *, clock: Clock, env: Env) -> None:
    """Handle everything that waits from one address: the handler of the `dispatch` job.

    A message whose handling breaks is tried three times, then answered with an apology and left as dead.
    """
    while True:
        try:
            if not await db.write(partial(handle_next, now=clock.now(), env=env), address):
                return
        except TransientError:
            raise
        except Exception:
            _log.exception("chat.failed", address=masked(address))
            if not await db.write(partial(note_failure, now=clock.now(), env=env), address):
                raise


def handle_next(conn: Connection, address: Address, *, now: datetime, env: Env) -> bool:
    """Handle the oldest waiting message of an address, as one unit; False when there is none."""
    talk = conversation.lock(conn, address, now)
    message = inbox.next_for(conn, address)
    if message is None:
        return False
    answer = _answer(conn, talk, message, now, env)
    for place, reply in enumerate(answer.replies, start=1):
        _send(conn, message, answer, reply, f"reply:{message.id}:{place}", now, env)
    recent = middleware.pace(talk, env, now)
    if answer.replies and all(reply.keeps_menu for reply in answer.replies):
        conversation.note_handled(conn, address, recent, now)
    else:
        menus = [reply.menu for reply in answer.replies if reply.menu is not None]
        conversation.note_answered(conn, address, recent, menus[-1] if menus else None, now)
    who = answer.curator
    inbox.finish(conn, message.id, answer.outcome, who.partner_id if who else None, who.id if who else None, now)
    _log.info(
        "chat.handled",
        inbox=message.id,
        outcome=answer.outcome,
        replies=len(answer.replies),
        curator=who.id if who else None,
        address=masked(address),
    )
    return True


def note_failure(conn: Connection, address: Address, *, now: datetime, env: Env) -> bool:
    """Count a failed try of the oldest waiting message; True once it is given up, with an apology that names its id."""
    conversation.lock(conn, address, now)
    message = inbox.next_for(conn, address)
    if message is None:
        return True
    if not inbox.fail(conn, message.id, now):
        return False
    people = middleware.identify(conn, message, now)
    answer = _Answer("failed", (), people[0].language if people else "en", people[0] if people else None)
    if people:
        _send(conn, message, answer, trouble(message), f"reply:{message.id}:trouble", now, env)
    return True


def _answer(conn: Connection, talk: Conversation, message: InboxMessage, now: datetime, env: Env) -> _Answer:
    people = middleware.identify(conn, message, now)
    if not people:
        return _stopped(middleware.refuse_unknown(conn, talk, message, now))
    fast = middleware.too_fast(talk, env, people[0].language, now)
    if fast:
        return _stopped(fast, people[0])
    curator = middleware.speaker(conn, talk, people, message)
    if isinstance(curator, Stopped):
        return _stopped(curator, people[0])
    ctx = _context(conn, talk, message, curator, people, now, env)
    command = _command(ctx)
    gate = middleware.consent(conn, curator, command, now, env)
    if gate:
        return _stopped(gate, curator)
    return _handled(ctx, command)


def _context(
    conn: Connection,
    talk: Conversation,
    message: InboxMessage,
    curator: Curator,
    people: Sequence[Curator],
    now: datetime,
    env: Env,
) -> Context:
    return Context(
        conn=conn,
        now=now,
        env=env,
        message=message,
        curator=curator,
        partner=directory.get_partner(conn, curator.partner_id),
        conversation=talk,
        shown=shown_to(conn, message.from_address, curator.partner_id, message.replied_to, now),
        others=tuple(one for one in people if one.id != curator.id),
    )


def _command(ctx: Context) -> Command | Unknown:
    """What is meant. Once it is known for which partner, the question asked before that is answered."""
    talk, message = ctx.conversation, ctx.message
    if len(message.body) > ctx.env.limits.message_characters_max:
        return Unknown("too_long")
    command = understand(message.body, message.payload, ctx.curator.language, talk, ctx.shown)
    if talk.menu and talk.menu.again and isinstance(command, Tap) and command.verb == "partner":
        return understand(talk.menu.again, None, ctx.curator.language, talk, ctx.shown)
    return command


def _handled(ctx: Context, command: Command | Unknown) -> _Answer:
    language, who = ctx.curator.language, ctx.curator
    if isinstance(command, Unknown):
        reply = Reply("replies/media") if ctx.message.media else help.not_understood(command)
        return _Answer(f"unknown:{command.reason}", [reply], language, who)
    own = ctx.curator.client_id
    if own is not None and not own_client.may_ask(ctx.curator, ROUTER.name(command)):
        return _Answer("not_own", [own_client.refused(ctx, own)], language, who)
    handler = ROUTER.find(command)
    if handler is None:
        return _Answer(ROUTER.name(command), [Reply("replies/button_old", keeps_menu=True)], language, who)
    try:
        with ctx.conn.begin_nested():
            replies: Replies = handler(ctx, command)
    except UserError as error:
        return _Answer(f"refused:{error.key}", [refusal(error, ctx.message)], language, who)
    return _Answer(ROUTER.name(command), replies, language, who)


def _stopped(stopped: Stopped, curator: Curator | None = None) -> _Answer:
    replies = [] if stopped.reply is None else [stopped.reply]
    return _Answer(stopped.outcome, replies, stopped.language, curator)


def _send(
    conn: Connection, message: InboxMessage, answer: _Answer, reply: Reply, key: str, now: datetime, env: Env
) -> None:
    who = answer.curator
    outgoing = Outgoing(
        key=key,
        to=message.from_address,
        kind=reply.kind,
        template=reply.template,
        language=reply.language or answer.language,
        facts=reply.facts,
        buttons=reply.buttons,
        partner_id=who.partner_id if who else None,
        curator_id=who.id if who else None,
        client_id=reply.client_id,
        expires_at=now + REPLY_LASTS if reply.kind is Kind.REPLY else None,
        in_reply_to=message.id,
        media=reply.media,
        instead=reply.instead,
    )
    outbox.enqueue(conn, outgoing, sender=env.around.sender, now=now, jobs=env.around.jobs)
