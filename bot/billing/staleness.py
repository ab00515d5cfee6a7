"""Why a confirmed purchase or change no longer fits what the client has; None while it does. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.billing.holdings import Holdings
from bot.ids import SubscriptionId


def stale_purchase(held: Holdings, bought: Mapping[str, Any]) -> str | None:
    """A purchase: its subscription ends as it did, and its channels are those it was quoted for."""
    if _names_taken(held, bought):
        return "channels"
    found = held.subscription(SubscriptionId(bought["id"]))
    wanted = set(bought["channels"]) - {one["id"] for one in bought.get("new_channels", ())}
    if bought["was_end"] is None:
        free = {one.id for one in held.on_daily_payment(date.fromisoformat(bought["start"]))}
        return None if found is None and wanted <= free else "channels"
    if found is None or found.state == "closed" or found.end_date.isoformat() != bought["was_end"]:
        return "end_date"
    return None if {one.id for one in held.in_subscription(found.id)} == wanted else "channels"


def stale_change(held: Holdings, change: Mapping[str, Any]) -> str | None:
    """A change of a running subscription: plan, end date and channels are as they were, those to come are free to."""
    found = held.subscription(SubscriptionId(change["id"]))
    if found is None or not found.paid_on(date.fromisoformat(change["on"])):
        return "end_date"
    if (found.end_date.isoformat(), found.plan, found.months) != (
        change["was_end"],
        change["was_plan"],
        change["was_months"],
    ):
        return "end_date"
    if _names_taken(held, change) or {one.id for one in held.in_subscription(found.id)} != set(change["was_channels"]):
        return "channels"
    loose = {one.id: one for one in held.on_daily_payment(date.fromisoformat(change["on"]))}
    known = set(change["add"]) - {one["id"] for one in change["new_channels"]}
    if not known <= set(loose):
        return "channels"
    paid = {one: loose[one].charged_through for one in known}
    return None if {one: day and day.isoformat() for one, day in paid.items()} == change["paid_through"] else "channels"


def _names_taken(held: Holdings, effect: Mapping[str, Any]) -> bool:
    """Whether a channel that was to be added exists by now."""
    known = {(one.transport, one.name) for one in held.channels}
    return any((one["transport"], one["name"]) in known for one in effect.get("new_channels", ()))
