"""A quote: what a money move will do, said before anything is done, and exactly what will be posted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from bot.ids import ClientId, PartnerId, SubscriptionId, TransferId
from bot.money import Money, as_json

QuoteKind = Literal["topup", "renew", "subscribe", "change"]


@dataclass(frozen=True, slots=True)
class Quote:
    """What the partner is asked to confirm. `id` is the id of the transfer that carries it out.

    `client_gets` is what goes to the client's balance, `price` what a renewal takes from it; `partner_pays` and
    `partner_keeps` are the parts of `client_gets`. Balances before and after are what can be spent, held money left
    out. `ends_before`, `ends_after` are last paid days. `gone_by` is the last day that the money lasts for daily
    payments. `repeat_of` names the receipt of an identical top-up a moment ago. `other_id` ties the two quotes of a
    guard together: confirming one cancels the other. `change` says what happens to a running subscription: upgrade, add
    or remove; `names` are the channels that come or go. A top-up of a client with an unpaid subscription carries its
    price and term when the money reaches, else `still_missing`.
    """

    id: TransferId
    kind: QuoteKind
    partner_id: PartnerId
    client_id: ClientId
    client_gets: Money
    partner_pays: Money
    partner_keeps: Money
    rate: Decimal
    partner_before: Money
    partner_after: Money
    client_before: Money
    client_after: Money
    expires_at: datetime
    token: str
    code: str | None = None
    price: Money | None = None
    difference: Money | None = None
    plan: str | None = None
    plan_title: str | None = None
    plan_before: str | None = None
    """Title of the plan that a renewal leaves for another."""
    months: int | None = None
    channels: int = 0
    subscription_id: SubscriptionId | None = None
    ends_before: date | None = None
    ends_after: date | None = None
    starts_on: date | None = None
    gone_by: date | None = None
    sample_prices: bool = False
    as_of: datetime | None = None
    source: str | None = None
    """How the client was read from elsewhere at `as_of`: table or poll; None where the book is the truth."""
    repeat_of: str | None = None
    other_id: TransferId | None = None
    change: str | None = None
    names: tuple[str, ...] = ()
    daily: Money | None = None
    """What the channels that leave a subscription cost a day from tomorrow on; None where the price is unknown."""
    still_missing: Money | None = None
    guard: "Quote | None" = None
    """For a top-up of a client whose channels are on daily payments: the better quote, subscription first."""

    def facts(self) -> dict[str, Any]:
        """Every field as plain JSON: money, days and moments in the shapes that texts and answers take."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


_MONEY = (
    "client_gets",
    "partner_pays",
    "partner_keeps",
    "partner_before",
    "partner_after",
    "client_before",
    "client_after",
    "price",
    "difference",
    "still_missing",
    "daily",
)
_DAYS = ("ends_before", "ends_after", "starts_on", "gone_by")
_MOMENTS = ("expires_at", "as_of")


def from_facts(facts: Mapping[str, Any]) -> Quote:
    """The quote that `facts()` wrote."""
    values: dict[str, Any] = {field.name: facts.get(field.name) for field in fields(Quote)}
    for name in _MONEY:
        values[name] = values[name] and Money(values[name]["minor"], values[name]["currency"])
    for name in _DAYS:
        values[name] = values[name] and date.fromisoformat(values[name])
    for name in _MOMENTS:
        values[name] = values[name] and datetime.fromisoformat(values[name])
    values["rate"] = Decimal(facts["rate"])
    values["names"] = tuple(values["names"] or ())
    values["guard"] = values["guard"] and from_facts(values["guard"])
    return Quote(**values)


def plain(value: Any) -> Any:
    """A value in the shape that JSON takes: money, days and moments as the texts expect them."""
    match value:
        case Money():
            return as_json(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Quote():
            return value.facts()
        case tuple():
            return list(value)
        case _:
            return value
