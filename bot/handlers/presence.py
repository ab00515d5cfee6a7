"""When a person is told: away and back, hours, working days, quiet hours, how often that all is well."""

from datetime import UTC, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from bot.alerts.leaving import leave
from bot.alerts.returning import come_back
from bot.billing.local_day import local_date
from bot.directory import arrangements
from bot.directory import service as directory
from bot.handlers.colleague import colleague
from bot.handlers.commands import Away, Back, Hours
from bot.handlers.context import Context
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.i18n import country_text

router = Router()


@router.command(Away)
def away(ctx: Context, command: Away) -> Replies:
    """`away until DAY [stand-in NAME]`: told again from that morning on, somebody else meanwhile."""
    today = local_date(ctx.now, ctx.curator.time_zone)
    day = command.until.on(today)
    if day is None or day <= today:
        return [Reply("care/which_day")]
    named = colleague(ctx, command.stand_in) if command.stand_in and ctx.curator.client_id is None else None
    if isinstance(named, Reply):
        return [named]
    until = datetime.combine(day, time(), ZoneInfo(ctx.curator.time_zone)).astimezone(UTC)
    going = partial(arrangements.set_away, ctx.conn, ctx.curator.id, until, named.id if named else None)
    left = leave(ctx.conn, ctx.curator.id, going, now=ctx.now, env=ctx.env.around)
    stand_in = named.name if named else None
    return [Reply("care/away", {"day": day.isoformat(), "stand_in": stand_in, **left.facts()})]


@router.command(Back)
def back(ctx: Context, command: Back) -> Replies:
    """`back`: told again from now on."""
    come_back(ctx.conn, ctx.curator.id, now=ctx.now, env=ctx.env.around)
    return [Reply("care/back")]


@router.command(Hours)
def hours(ctx: Context, command: Hours) -> Replies:
    """`hours 9:30 mon-fri`, `quiet hours off`, `all clear daily`; what holds now is the answer."""
    arrangements.set_hours(
        ctx.conn,
        ctx.curator.id,
        alert_hour=command.hour,
        working_days=command.days,
        any_hour=command.any_hour,
        all_clear=command.all_clear,
        country=command.country,
    )
    person = directory.get_curator(ctx.conn, ctx.curator.id)
    facts = {
        "hour": person.alert_hour.isoformat("minutes"),
        "days": [int(day) for day in person.working_days],
        "any_hour": person.any_hour,
        "all_clear": person.all_clear,
        "zone": person.time_zone,
        "country": country_text(person.holiday_country, ctx.curator.language),
    }
    return [Reply("care/hours", facts)]
