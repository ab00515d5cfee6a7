"""One client's account as the partner API answers it, to values. Pure.

The shape of the answer is not published, so it is read by the names that such answers use, whatever their spelling;
what is there and could not be read is named, never guessed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.billing.local_day import local_date
from bot.money import MINOR_MAX, Money, normal_currency, of

_PERIODS = (1, 6, 12)
_ENDS = (
    "enddate", "subscriptionenddate", "endat", "endsat", "dateend", "expiresat", "expiredat", "expireat", "expires",
    "expirationdate", "paidtill", "paiduntil", "paidto", "validtill", "validuntil", "activetill", "activeuntil", "till",
    "end",
)  # fmt: skip
_BALANCES = ("balance", "accountbalance")
"""An `amount` beside them may be anything, such as the last bill."""
_AMOUNTS = ("balance", "amount", "value")
_CURRENCIES = ("currency", "currencycode")
_PLANS = ("plan", "tariff", "planname", "tariffname", "plancode", "tariffcode")
_MONTHS = ("months", "period", "periodmonths", "monthscount", "duration")
_STATES = ("state", "status")
_NAMES = ("name", "title", "code")
_CHANNEL_IDS = ("channelid", "guid", "id")
_CHANNEL_NAMES = ("name", "phone", "plainid", "username")
_GONE = frozenset({"deleted", "closed", "cancelled", "canceled", "archived", "removed"})
_LISTS = ("items", "data", "list")
_PER_SECOND = {10: 1, 13: 1000}
"""A moment as a number, by its digits: seconds from 2001 to 2286, or milliseconds. Any other number is no moment."""
STATE_MAX = 32
"""So much of a channel's state is kept, as wide as its column; so are the two below."""
_TRANSPORT_MAX = 16
_ID_MAX = 64
_TEXT_MAX = 200
_ITEMS_MAX = 500


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One channel. `id` is Wazzup's own; `state` in small letters without underscores, such as `notenoughmoney`."""

    id: str
    transport: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account. None: not told. `end` is the last paid day; `unread` names what was not understood."""

    account_id: str
    currency: str | None
    balance: Money | None
    end: date | None
    plan: str | None
    months: int | None
    channels: tuple[ChannelView, ...] | None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Subscription:
    end: date
    plan: str | None
    months: int | None


def read_account(account_id: str, body: bytes, zone: str, today: date) -> AccountView:
    """Read an answer of `GET /v2/accounts/{id}?expand=billing,channels,subscriptions`. `zone` is the client's: a moment
    at which something ends belongs to the day before it there. ValueError when it is no answer about this account.
    """
    answer = _document(body)
    account = _account(answer)
    named = _text(_first(account, ("accountid", "id")))
    if named is not None and named != account_id:
        raise ValueError(f"the answer is about another account than {account_id}")
    unread: list[str] = []
    billing = _part(account, answer, "billing")
    money = billing if isinstance(billing, Mapping) else {}
    currency = _currency(money) or _currency(account)
    told = _first(money, _BALANCES)
    balance = _balance(_first(account, _BALANCES) if told is None else told, currency, unread)
    found = _subscriptions(_part(account, answer, "subscriptions"), zone, unread)
    best = _to_renew(found, today)
    return AccountView(
        account_id=account_id,
        currency=balance.currency if balance else currency,
        balance=balance,
        end=best.end if best else None,
        plan=best.plan if best else None,
        months=best.months if best else None,
        channels=_channels(_part(account, answer, "channels"), unread),
        unread=tuple(dict.fromkeys(unread)),
    )


def plain(name: str) -> str:
    """A name or code in the one spelling that they are compared in."""
    return name.replace("_", "").replace("-", "").lower()


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ValueError("the answer is no JSON") from error
    data = answer.get("data", answer) if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise ValueError("the answer holds no account")
    return data


def _account(data: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = data.get("account")
    return inner if isinstance(inner, dict) else data


def _part(account: Mapping[str, Any], answer: Mapping[str, Any], name: str) -> Any:
    """A part that was asked for, inside the account or beside it."""
    found = _first(account, (name,))
    return _first(answer, (name,)) if found is None else found


def _plain(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {plain(str(name)): value for name, value in holder.items()}


def _first(holder: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of these names that holds anything."""
    known = _plain(holder)
    return next((known[name] for name in names if known.get(name) is not None), None)


def _items(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, which may be wrapped once."""
    if isinstance(value, dict):
        value = _first(value, _LISTS)
    if isinstance(value, list):
        yield from (one for one in value[:_ITEMS_MAX] if isinstance(one, dict))


def _currency(holder: Mapping[str, Any]) -> str | None:
    told = _text(_first(holder, _CURRENCIES))
    return normal_currency(told) if told else None


def _balance(value: Any, currency: str | None, unread: list[str]) -> Money | None:
    if isinstance(value, dict):
        currency = _currency(value) or currency
        value = _first(value, _AMOUNTS)
    if value is None:
        return None
    if currency is None:
        unread.append("balance: no currency")
        return None
    try:
        money = of(Decimal(_text(value) or "nothing"), currency)
    except (InvalidOperation, ValueError, OverflowError):
        unread.append("balance")
        return None
    if abs(money.minor) > MINOR_MAX:
        unread.append("balance")
        return None
    return money


def _subscriptions(value: Any, zone: str, unread: list[str]) -> list[_Subscription]:
    found = []
    for item in _items(value):
        if plain(_text(_first(item, _STATES)) or "") in _GONE or _first(item, ("deleted",)) is True:
            continue
        end = _end(_first(item, _ENDS), zone)
        if end is None:
            unread.append("subscription: end date")
            continue
        found.append(_Subscription(end, _plan(_first(item, _PLANS)), _months(_first(item, _MONTHS))))
    return found


def _to_renew(found: Sequence[_Subscription], today: date) -> _Subscription | None:
    """The running one that ends first, else the one that ended last."""
    running = [one for one in found if one.end >= today]
    if running:
        return min(running, key=lambda one: one.end)
    return max(found, key=lambda one: one.end, default=None)


def _end(value: Any, zone: str) -> date | None:
    """The last paid day: a day as it is, or the day before the moment at which it is over."""
    text = _text(value)
    if text is None:
        return None
    try:
        if text.isdecimal():
            moment = datetime.fromtimestamp(int(text) / _PER_SECOND[len(text)], UTC)
        elif len(text) == len("2026-12-03"):
            return date.fromisoformat(text)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return local_date(moment - timedelta(microseconds=1), zone)
    except (ValueError, OverflowError, KeyError):
        return None


def _plan(value: Any) -> str | None:
    return _text(_first(value, _NAMES)) if isinstance(value, dict) else _text(value)


def _months(value: Any) -> int | None:
    if isinstance(value, dict):
        value = _first(value, _MONTHS)
    text = _text(value)
    return int(text) if text and text.isdecimal() and int(text) in _PERIODS else None


def _channels(value: Any, unread: list[str]) -> tuple[ChannelView, ...] | None:
    if value is None:
        return None
    found = {}
    for item in _items(value):
        if _first(item, ("deleted",)) is True:
            continue
        channel_id, transport = _text(_first(item, _CHANNEL_IDS)), _text(_first(item, ("transport",)))
        if channel_id is None or len(channel_id) > _ID_MAX or transport is None:
            unread.append("channel: id or transport")
            continue
        name = _text(_first(item, _CHANNEL_NAMES)) or channel_id
        state = plain(_text(_first(item, _STATES)) or "")
        found[channel_id] = ChannelView(channel_id, transport.lower()[:_TRANSPORT_MAX], name, state[:STATE_MAX])
    return tuple(found.values())


def _text(value: Any) -> str | None:
    """A text or number as text; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    fit = str(value).replace("\x00", "").encode("utf-8", "replace").decode()
    text = " ".join(fit.split())[:_TEXT_MAX]
    return text or None
