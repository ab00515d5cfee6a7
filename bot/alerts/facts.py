"""From what billing and the directory know of a client: the input of the rules, and the snapshot an alert keeps. Pure.

A snapshot is plain data and the same in every language; texts are made of it alone, whatever happens later.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from bot.alerts.alert import Due, Kind
from bot.alerts.rules import Outlook
from bot.billing.forecast import Band
from bot.billing.plan import PriceBook
from bot.billing.standing import Standing, SubscriptionView, renews_at
from bot.directory.people import Client
from bot.money import Money, as_json, of

_DAY = timedelta(days=1)
_ACTIVE = "active"


def outlook(standing: Standing, charged_through: date | None = None) -> Outlook:
    """What the rules need of a client. `charged_through`: the last day its stopped channels paid for by themselves."""
    paid = [day for day in (charged_through, standing.ended_on) if day is not None]
    return Outlook(
        zone=standing.time_zone,
        end_dates=tuple(one.end_date for one in standing.subscriptions if one.state == _ACTIVE),
        ended_on=standing.ended_on,
        money_until=standing.money_until,
        stopped=standing.stopped,
        stopped_on=max(paid) + _DAY if standing.stopped and paid else None,
        increase=standing.last_increase,
        balance=standing.balance,
        unpaid_until=standing.unpaid_until,
        not_renewed=_not_renewed(standing),
    )


def snapshot(
    client: Client, standing: Standing, rung: Due, book: PriceBook, charged_through: date | None = None
) -> dict[str, Any]:
    """Everything a text about this rung may say. `last_day` is the last paid day, as far as it is known."""
    return {
        "kind": rung.kind.value,
        "stage": rung.stage,
        "company": client.company,
        "account_id": client.account_id,
        "time_zone": client.time_zone,
        "contact_name": client.contact_name,
        "contact_phone": client.contact_phone,
        "as_of": standing.as_of.isoformat() if standing.as_of else None,
        "source": standing.source,
        "balance": as_json(standing.balance),
        "level": as_json(of(rung.stage, standing.currency)) if rung.kind is Kind.LOW_BALANCE else None,
        "daily": as_json(standing.daily_total),
        "daily_channels": _daily_channels(standing),
        "stopped": standing.stopped,
        "money_until": _iso(standing.money_until),
        "stops_on": _iso(standing.runs_out_on + _DAY) if standing.runs_out_on else None,
        "ended_on": _iso(standing.ended_on),
        "last_day": _iso(_last_day(standing, rung, charged_through)),
        "by_use": band_facts(standing.by_use),
        **_subscription(standing, rung, book),
        **_automatic(standing, rung, book),
    }


def band_facts(band: Band | None) -> Mapping[str, Any] | None:
    """Of money that is spent by use: from when to when it may be out, None for over a year, and of how many days the
    pace is known.
    """
    if band is None:
        return None
    return {"earliest": _iso(band.earliest), "latest": _iso(band.latest), "history": band.days}


def _last_day(standing: Standing, rung: Due, charged_through: date | None) -> date | None:
    match rung.kind:
        case Kind.ENDING | Kind.ENDED | Kind.NOT_RENEWED | Kind.UNPAID:
            return date.fromisoformat(rung.cycle)
        case Kind.RUNNING_OUT | Kind.LOW_BALANCE:
            return standing.money_until
        case _:
            return max((day for day in (charged_through, standing.ended_on) if day), default=None)


def _subscription(standing: Standing, rung: Due, book: PriceBook) -> Mapping[str, Any]:
    """What ends with the rung: plan and channels, and what renewing costs where that is known.

    Subscriptions that end together are told together: all plans, all channels, one price.
    """
    kept = [one for one in standing.subscriptions if one.state != "closed"]
    ending = [one for one in kept if one.end_date.isoformat() == rung.cycle]
    chosen = ending or [one for one in kept if one.end_date == standing.ended_on]
    chosen = [one for one in chosen if one.channels] or chosen[:1]
    channels = sum(one.channels for one in chosen) or len(standing.channels)
    plan, months = _plan_titles(chosen, book), {one.months or book.renew_months for one in chosen}
    if rung.kind is Kind.UNPAID and chosen and standing.unpaid is not None:
        return {"plan": plan, "channels": channels, "months": chosen[0].months, "price": as_json(standing.unpaid)}
    price = _price(chosen) if len(months) == 1 else None
    return {
        "plan": plan,
        "channels": channels,
        "months": None if price is None else max(months),
        "price": None if price is None else as_json(price),
        "short": _short(standing, rung, price) if price is not None else None,
    }


def _price(chosen: Sequence[SubscriptionView]) -> Money | None:
    """What renewing all of them costs; None where one's price is not known."""
    known = [one.renewal for one in chosen if one.renewal is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(chosen) else None


def _short(standing: Standing, rung: Due, price: Money) -> Mapping[str, Any] | None:
    """What the balance lacks for the coming renewal, after the daily payments till then.

    None where it is enough, where another subscription ends before, and where there is no money at all: then the
    balance says so itself.
    """
    first = _iso(standing.next_end) == rung.cycle
    if rung.kind is not Kind.ENDING or not first or standing.balance.minor <= 0:
        return None
    left = max(standing.balance.minor - standing.daily_total.minor * rung.stage, 0)
    lacks = price.minor - left
    return as_json(Money(lacks, standing.currency)) if lacks > 0 else None


def _automatic(standing: Standing, rung: Due, book: PriceBook) -> Mapping[str, Any]:
    """When the subscription of the rung renews by itself, and why it will not as things stand."""
    if standing.auto is None or rung.kind not in (Kind.ENDING, Kind.NOT_RENEWED):
        return {}
    at = renews_at(date.fromisoformat(rung.cycle), standing.time_zone, book)
    fails = rung.kind is Kind.NOT_RENEWED or _iso(standing.auto.failed_for) == rung.cycle
    return {"auto_at": at.isoformat(), "auto_why": standing.auto.failed_why if fails else None}


def _not_renewed(standing: Standing) -> date | None:
    """The end of a running subscription that fails to renew by itself."""
    failed = standing.auto.failed_for if standing.auto else None
    return failed if any(one.end_date == failed and one.state == _ACTIVE for one in standing.subscriptions) else None


def _plan_titles(chosen: Sequence[SubscriptionView], book: PriceBook) -> str | None:
    """The plans, each once; None where one is not known."""
    names = list(dict.fromkeys(one.plan for one in chosen))
    titles = [book.plans[name].title if name in book.plans else name for name in names if name is not None]
    return " + ".join(titles) if titles and len(titles) == len(names) else None


def _daily_channels(standing: Standing) -> int:
    """Channels that are charged by the day now: running ones that no active subscription covers."""
    covered = {one.id for one in standing.subscriptions if one.state in (_ACTIVE, "unpaid")}
    return sum(
        one.state == _ACTIVE and not one.free and one.subscription_id not in covered for one in standing.channels
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
