"""Which text an alert is told with, from which facts, with which buttons. Pure.

The words themselves are in `bot/templates/messages/alerts`. A text with buttons is for people who may move money; the
partner's viewers get a note: the same facts and the contact, nothing to tap. A client's own people are spoken to as
such, and are told of the partner nothing but its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.alert import Alert, Kind
from bot.alerts.digest import Digest
from bot.directory.people import Curator
from bot.messaging.templates import Button

_RENEWAL = ("renew", "claim", "later")
_MONEY = ("subscribe", "topup", "claim")
_BALANCE = ("topup", "claim", "later")
_BY_ITSELF = ("renew",)


@dataclass(frozen=True, slots=True)
class Wording:
    """The key of a text, its facts, its buttons with their payloads."""

    template: str
    facts: Mapping[str, Any]
    buttons: tuple[Button, ...] = ()


def worded(told: Digest, now: datetime, reader: Curator, partner: str) -> Wording:
    """How a digest is told: one client in full, several by the most urgent and a button to see them all.

    `partner`: the name that a client's own people know theirs by.
    """
    first = told.first
    facts = {**alert_facts(first, now, reader.time_zone), **reader_facts(told.alerts, now, reader.time_zone)}
    if reader.client_id is not None:
        name = "recovered" if first.kind is Kind.RECOVERED else _full(first)[0]
        return Wording(f"alerts/{name}_own", {**facts, "partner": partner})
    if first.kind is Kind.RECOVERED:
        return _good_news(told, facts)
    if not told.single:
        several = {**facts, "count": len(told.alerts)}
        return Wording("alerts/several", several, (Button("show", f"show:{first.id}"),))
    name, actions = _full(first)
    if not reader.may_move_money:
        return Wording(f"alerts/{name}_note", facts)
    return Wording(f"alerts/{name}", facts, tuple(Button(action, f"{action}:{first.id}") for action in actions))


def alert_facts(alert: Alert, now: datetime, zone: str) -> dict[str, Any]:
    """The snapshot of an alert; how many days are left of it today in the client's own calendar; the reader's day."""
    today = now.astimezone(ZoneInfo(alert.facts["time_zone"])).date()
    return {
        "short": None,
        "by_use": None,
        **alert.facts,
        **reader_facts([alert], now, zone),
        "days": alert.days_left(today),
    }


def reader_facts(alerts: Sequence[Alert], now: datetime, zone: str) -> dict[str, Any]:
    """The reader's zone and day, and as of when these alerts are, the oldest: only what was read from elsewhere has a
    source to name."""
    read = [(one.facts["as_of"], one.facts["source"]) for one in alerts if one.facts.get("source")]
    as_of, source = min(read, default=(None, None))
    today = now.astimezone(ZoneInfo(zone)).date().isoformat()
    return {"as_of": as_of, "source": source, "zone": zone, "today": today}


def _good_news(told: Digest, facts: Mapping[str, Any]) -> Wording:
    if told.single:
        return Wording("alerts/recovered", facts)
    return Wording("alerts/several_recovered", {**facts, "count": len(told.alerts)})


def _full(alert: Alert) -> tuple[str, tuple[str, ...]]:
    match alert.kind:
        case Kind.RUNNING_OUT if alert.facts.get("by_use"):
            return "running_out_by_use", _BALANCE
        case Kind.RUNNING_OUT:
            return "running_out", _MONEY
        case Kind.LOW_BALANCE:
            return "low_balance", _BALANCE
        case Kind.UNPAID:
            return "unpaid", _MONEY
        case Kind.ENDING if alert.facts.get("auto_at") and not alert.facts.get("auto_why"):
            return "renewing", _BY_ITSELF
        case Kind.STOPPED if alert.facts.get("ended_on") is None:
            return "out_of_money", _MONEY
        case kind:
            return kind.value, _RENEWAL
