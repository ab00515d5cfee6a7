"""Who does what about a client: assign, note, promised."""

from datetime import date

from bot.alerts import assigning, postponing
from bot.alerts.rules import local_time
from bot.billing.local_day import local_date
from bot.directory import service as directory
from bot.directory.matching import Exact, Match, Nothing, Several, find, search_key
from bot.directory.people import Client, Curator
from bot.handlers.choosing import about, candidates, one_of, tapped_client, whom
from bot.handlers.colleague import colleague
from bot.handlers.commands import Assign, Note, Promised, Snooze, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.plain_text import text_after
from bot.handlers.plain_text import words as words_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.ids import CuratorId

router = Router()
EVERYBODY = "everybody"
_NAME_WORDS_MAX = 4


@router.command(Assign)
def assign(ctx: Context, command: Assign) -> Replies:
    """`assign CLIENT to NAME`: one is responsible, the others hear by escalation only; `to everybody` ends it.

    Whoever hears of the client from now on is told what is open.
    """
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    person = None if command.to == EVERYBODY else ctx.curator if command.to == "me" else colleague(ctx, command.to)
    if isinstance(person, Reply):
        return [person]
    to = EVERYBODY if person is None else person.id
    client = whom(ctx, command.client, lambda one: payload_of("assign", one, to))
    return [client if isinstance(client, Reply) else _assigned(ctx, client, person)]


@router.tap("assign")
def picked_assign(ctx: Context, tap: Tap) -> Replies:
    """A client picked from the list that was shown."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    known = directory.curators_by_id(ctx.conn, [CuratorId(tap.arg or "")])
    return [_assigned(ctx, client, next(iter(known.values()), None))]


@router.command(Note)
def note(ctx: Context, command: Note) -> Replies:
    """`note CLIENT TEXT`: kept with the client, seen by all."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    match, used = _named_first(ctx, command.said)
    if isinstance(match, Nothing) and not match.nearest:
        return [Reply("care/note_whose")]
    name = " ".join(command.said[:used])
    client = one_of(ctx, name, match, lambda one: payload_of("note", one))
    if isinstance(client, Reply):
        return [client]
    everything = len(words_of(ctx.message.body))
    text = text_after(ctx.message.body, everything - len(command.said) + used)
    return [_noted(ctx, client, text)]


@router.tap("note")
def picked_note(ctx: Context, tap: Tap) -> Replies:
    """A client picked from the list: the note itself is asked for again, with the number that leaves no doubt."""
    client = tapped_client(ctx, tap.id)
    return [client if isinstance(client, Reply) else Reply("care/note_text", about(client), client_id=client.id)]


@router.command(Promised)
def promised(ctx: Context, command: Promised) -> Replies:
    """`promised CLIENT friday`: nobody hears of further stages before that morning."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    day = command.day.on(local_date(ctx.now, ctx.curator.time_zone))
    if day is None:
        return [Reply("care/which_day")]
    client = whom(ctx, command.client, lambda one: payload_of("promised", one, day.isoformat()))
    return [client if isinstance(client, Reply) else _promised(ctx, client, day)]


@router.command(Snooze)
def snooze(ctx: Context, command: Snooze) -> Replies:
    """`snooze CLIENT [until friday]`: nothing to this person before, or until something else is the matter."""
    day = command.day.on(local_date(ctx.now, ctx.curator.time_zone)) if command.day else None
    if command.day is not None and day is None:
        return [Reply("care/which_day")]
    client = whom(ctx, command.client, lambda one: payload_of("snooze", one, day.isoformat() if day else ""))
    return [client if isinstance(client, Reply) else _snoozed(ctx, client, day)]


@router.tap("snooze")
def picked_snooze(ctx: Context, tap: Tap) -> Replies:
    """A client picked from the list that was shown."""
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    try:
        return [_snoozed(ctx, client, date.fromisoformat(tap.arg) if tap.arg else None)]
    except ValueError:
        return [Reply("care/which_day")]


@router.tap("promised")
def picked_promised(ctx: Context, tap: Tap) -> Replies:
    """A client picked from the list that was shown."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    try:
        return [_promised(ctx, client, date.fromisoformat(tap.arg or ""))]
    except ValueError:
        return [Reply("care/which_day")]


def _assigned(ctx: Context, client: Client, person: Curator | None) -> Reply:
    assigning.assign(
        ctx.conn,
        client.id,
        person.id if person else None,
        who=ctx.curator.name,
        by=ctx.curator.id,
        now=ctx.now,
        env=ctx.env.around,
    )
    facts = {**about(client), "who": person.name if person else None, "mine": person == ctx.curator}
    return Reply("care/assigned", facts, client_id=client.id)


def _noted(ctx: Context, client: Client, text: str) -> Reply:
    if not text:
        return Reply("care/note_text", about(client), client_id=client.id)
    kept = postponing.note(ctx.conn, client.id, ctx.curator.id, text, now=ctx.now)
    return Reply("care/noted", {**about(client), "text": kept.note}, client_id=client.id)


def _promised(ctx: Context, client: Client, day: date) -> Reply:
    env = ctx.env.around
    postponing.promised(ctx.conn, client.id, ctx.curator.id, day=day, now=ctx.now, env=env)
    return Reply("care/promised", {**about(client), "day": day.isoformat()}, client_id=client.id)


def _snoozed(ctx: Context, client: Client, day: date | None) -> Reply:
    if day is None:
        if not postponing.snooze_until_changed(ctx.conn, client.id, ctx.curator.id, now=ctx.now):
            return Reply("care/nothing_open", about(client), client_id=client.id)
    else:
        until = local_time(day, ctx.curator.alert_hour, ctx.curator.time_zone)
        postponing.snooze(ctx.conn, client.id, ctx.curator.id, until=until, now=ctx.now)
    postponing.put_off_what_waits(ctx.conn, client.id, now=ctx.now, env=ctx.env.around)
    shown = day.isoformat() if day else None
    return Reply("care/snoozed", {**about(client), "day": shown}, client_id=client.id)


def _named_first(ctx: Context, said: tuple[str, ...]) -> tuple[Match, int]:
    """Whom the first words name, and how many of them do: as few as name one client, and what else its name has."""
    known = candidates(ctx)
    several: tuple[Match, int] | None = None
    for used in range(1, min(len(said), _NAME_WORDS_MAX) + 1):
        match = find(" ".join(said[:used]), known)
        if isinstance(match, Exact):
            name = set(search_key(match.client.company).split())
            while used < len(said) and search_key(said[used]) in name:
                used += 1
            return match, used
        if isinstance(match, Several) and several is None:
            several = match, used
    if several is not None:
        return several
    return find(" ".join(said[:1]), known), min(1, len(said))
