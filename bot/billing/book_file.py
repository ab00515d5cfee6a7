"""Turns the parsed price book file into a PriceBook, or says everything that is wrong with it. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.billing.book_reader import BookReader
from bot.billing.plan import (
    ANY_TRANSPORT,
    QUOTE_LASTS_MAX,
    CurrencyTerms,
    Period,
    Plan,
    Price,
    PriceBook,
    PriceKey,
)
from bot.billing.program import Program, Rate
from bot.errors import ConfigError
from bot.money import Money, normal_currency

_TOP = (
    "daily_plan",
    "subscribe_months",
    "renew_months",
    "quote_minutes",
    "repeat_minutes",
    "grace_days",
    "auto_renew_minutes",
    "auto_renew_late_days",
    "plans",
    "periods",
    "prices",
    "currencies",
    "programs",
)
_GRACE_DAYS_MAX = 14
"""Shorter than any period, so that an unpaid or ended subscription is never taken for a paid one."""


def price_book(data: Mapping[str, Any]) -> PriceBook:
    """The price book in what `tomllib` read. Raises ConfigError with one line per mistake, naming the key."""
    problems: list[str] = []
    reader = BookReader(problems)
    reader.known(data, "", _TOP)
    plans = _plans(reader, data)
    book = PriceBook(
        plans=plans,
        prices=_prices(reader, data, plans),
        period_terms=_periods(reader, data),
        programs=_programs(reader, data),
        currencies=_currencies(reader, data),
        daily_plan=reader.text(data, "daily_plan", "").lower(),
        subscribe_months=reader.whole(data, "subscribe_months", "", 1),
        renew_months=reader.whole(data, "renew_months", "", 12),
        quote_lasts=timedelta(minutes=reader.whole(data, "quote_minutes", "", 10)),
        repeat_within=timedelta(minutes=reader.whole(data, "repeat_minutes", "", 10)),
        grace_days=reader.whole(data, "grace_days", "", 3),
        renews_before=timedelta(minutes=reader.whole(data, "auto_renew_minutes", "", 120)),
        renews_late_days=reader.whole(data, "auto_renew_late_days", "", 2),
    )
    _check_whole(book, problems)
    if problems:
        raise ConfigError(problems)
    return book


def _check_whole(book: PriceBook, problems: list[str]) -> None:
    if book.daily_plan not in book.plans:
        problems.append(f"daily_plan: there is no plan {book.daily_plan!r}")
    months = {term.months for term in book.period_terms}
    for key, value in (("subscribe_months", book.subscribe_months), ("renew_months", book.renew_months)):
        if value not in months:
            problems.append(f"{key}: there is no period of {value} months")
    if not timedelta() < book.quote_lasts <= QUOTE_LASTS_MAX:
        problems.append(f"quote_minutes: from 1 to {QUOTE_LASTS_MAX // timedelta(minutes=1)}")
    if book.grace_days > _GRACE_DAYS_MAX:
        problems.append(f"grace_days: at most {_GRACE_DAYS_MAX}")
    if not timedelta() < book.renews_before < timedelta(days=1):
        problems.append("auto_renew_minutes: from 1 to 1439")
    if book.renews_late_days > _GRACE_DAYS_MAX:
        problems.append(f"auto_renew_late_days: at most {_GRACE_DAYS_MAX}")
    if not book.programs:
        problems.append("programs: at least one is needed")


def _plans(reader: BookReader, data: Mapping[str, Any]) -> dict[str, Plan]:
    plans = {}
    for key, table in reader.named(data, "plans").items():
        where = f"plans.{key}."
        reader.known(table, where, ("title", "dialogues", "writes_first"))
        dialogues = reader.whole(table, "dialogues", where, 0) or None
        title = reader.text(table, "title", where, key.title())
        plans[key.lower()] = Plan(key.lower(), title, dialogues, reader.flag(table, "writes_first", where))
    return plans


def _periods(reader: BookReader, data: Mapping[str, Any]) -> tuple[Period, ...]:
    periods = []
    for where, table in reader.tables(data, "periods"):
        reader.known(table, where, ("months", "discount", "from"))
        months = reader.whole(table, "months", where, 0)
        if not 1 <= months <= 120:
            reader.problems.append(f"{where}months: from 1 to 120")
        periods.append(Period(reader.day(table, "from", where), months, reader.share(table, "discount", where, "0")))
    return tuple(sorted(periods, key=lambda period: period.since))


def _prices(
    reader: BookReader, data: Mapping[str, Any], plans: Mapping[str, Plan]
) -> dict[PriceKey, tuple[Price, ...]]:
    found: dict[PriceKey, list[Price]] = defaultdict(list)
    for where, table in reader.tables(data, "prices"):
        reader.known(table, where, ("plans", "transport", "per", "from", "sample", "amount"))
        per = reader.text(table, "per", where)
        if per not in ("month", "day"):
            reader.problems.append(f'{where}per: {per!r} is neither "month" nor "day"')
            continue
        since, transport = reader.day(table, "from", where), reader.text(table, "transport", where, ANY_TRANSPORT)
        sample = reader.flag(table, "sample", where)
        for plan in _named_plans(reader, table, where, plans):
            for amount in _amounts(reader, table, where):
                key: PriceKey = ("month" if per == "month" else "day", plan, transport, amount.currency)
                found[key].append(Price(since, amount, sample))
    for key, prices in found.items():
        if len({price.since for price in prices}) < len(prices):
            reader.problems.append(f"prices: two from the same day for {' '.join(key)}")
    return {key: tuple(sorted(prices, key=lambda price: price.since)) for key, prices in found.items()}


def _named_plans(reader: BookReader, table: Mapping[str, Any], where: str, plans: Mapping[str, Plan]) -> list[str]:
    names = table.get("plans")
    if not isinstance(names, list) or not names:
        reader.problems.append(f'{where}plans: a list such as ["start", "pro"] is needed')
        return []
    for name in names:
        if name not in plans:
            reader.problems.append(f"{where}plans: there is no plan {name!r}")
    return [name for name in names if name in plans]


def _amounts(reader: BookReader, table: Mapping[str, Any], where: str) -> list[Money]:
    amounts = table.get("amount")
    if not isinstance(amounts, dict) or not amounts:
        reader.problems.append(f'{where}amount: a table such as {{ EUR = "30.00" }} is needed')
        return []
    return [
        reader.amount(value, currency, f"{where}amount.{currency}")
        for currency, value in amounts.items()
        if _is_currency(reader, currency, f"{where}amount.{currency}")
    ]


def _currencies(reader: BookReader, data: Mapping[str, Any]) -> dict[str, CurrencyTerms]:
    terms = {}
    names = ("welcome", "top_up_min", "top_up_max")
    for currency, table in reader.named(data, "currencies").items():
        where = f"currencies.{currency}."
        reader.known(table, where, names)
        if _is_currency(reader, currency, where):
            welcome, least, most = (
                reader.amount(table[name], currency, where + name) if name in table else None for name in names
            )
            terms[currency] = CurrencyTerms(welcome, least, most)
    return terms


def _is_currency(reader: BookReader, code: str, where: str) -> bool:
    if normal_currency(code) == code:
        return True
    reader.problems.append(f"{where}: {code!r} is not a currency code such as EUR")
    return False


def _programs(reader: BookReader, data: Mapping[str, Any]) -> dict[str, Program]:
    programs = {}
    numbers = ("free_channels", "free_years", "referral_months")
    for where, table in reader.tables(data, "programs"):
        shares = ("own_channel_discount", "referral_rate")
        reader.known(table, where, ("name", "rates", "referral_on_discounted", *numbers, *shares))
        name = reader.text(table, "name", where)
        programs[name] = Program(
            name=name,
            rates=_rates(reader, table, where),
            free_channels=reader.whole(table, "free_channels", where, 0),
            free_years=reader.whole(table, "free_years", where, 0),
            own_channel_discount=reader.share(table, "own_channel_discount", where, "0"),
            referral_rate=reader.share(table, "referral_rate", where, "0"),
            referral_months=reader.whole(table, "referral_months", where, 0),
            referral_on_discounted=reader.flag(table, "referral_on_discounted", where),
        )
    return programs


def _rates(reader: BookReader, table: Mapping[str, Any], where: str) -> tuple[Rate, ...]:
    rates = []
    for place, one in reader.tables(table, "rates"):
        reader.known(one, where + place, ("from", "clients", "rate"))
        since, clients = reader.day(one, "from", where + place), reader.whole(one, "clients", where + place, 1)
        rates.append(Rate(since, clients, reader.share(one, "rate", where + place)))
    if not rates:
        reader.problems.append(f"{where}rates: at least one is needed")
    return tuple(sorted(rates, key=lambda rate: (rate.since, rate.clients)))
