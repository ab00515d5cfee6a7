"""The price book: what the shipped one says, dates in force, and what is said about a wrong one."""

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.billing.book_file import price_book
from bot.billing.plan import CurrencyTerms, Period, Plan, Price, PriceBook
from bot.billing.program import Program, Rate
from bot.errors import ConfigError, UserError
from bot.money import Money, of
from tests.unit.billing_book import PLANS_FILE, shipped_book

ON = date(2026, 11, 26)
BOOK = shipped_book()


def raw() -> dict[str, Any]:
    return tomllib.loads(PLANS_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("plan", "currency", "months", "amount"),
    [
        ("start", "RUB", 1, "1000.00"),
        ("inbox", "USD", 1, "30.00"),
        ("pro", "KZT", 6, "129600.00"),
        ("max", "USD", 12, "864.00"),
        ("Inbox", "EUR", 12, "288.00"),
        ("PRO", "EUR", 6, "243.00"),
    ],
)
def test_prices_by_plan_currency_and_period(plan: str, currency: str, months: int, amount: str) -> None:
    assert BOOK.price(plan, "whatsapp", currency, months, ON) == of(amount, currency)


def test_the_conversations_prices() -> None:
    """Inbox for five channels and a year 1440.00, Pro for two and a month 90.00, for three and half a year 729.00."""
    assert BOOK.price("inbox", "whatsapp", "EUR", 12, ON) * 5 == of("1440", "EUR")
    assert BOOK.price("pro", "whatsapp", "EUR", 1, ON) * 2 == of("90", "EUR")
    assert BOOK.price("pro", "whatsapp", "EUR", 6, ON) * 3 == of("729", "EUR")
    assert BOOK.daily("pro", "whatsapp", "EUR", ON) * 2 == of("4", "EUR")


def test_waba_has_a_price_of_its_own() -> None:
    prices = [BOOK.price("pro", "wapi", "USD", months, ON) for months in (1, 6, 12)]
    assert prices == [of("90", "USD"), of("486", "USD"), of("864", "USD")]


def test_the_day_is_dearer_than_the_month() -> None:
    for (per, plan, transport, currency), prices in BOOK.prices.items():
        if per == "day":
            month = BOOK.price(plan, transport, currency, 1, ON)
            assert prices[-1].amount * 30 > month, (plan, transport, currency)


def test_samples_are_marked() -> None:
    """Euro and daily prices are ours; what was published is not marked."""
    assert BOOK.is_sample("month", "inbox", "whatsapp", "EUR", ON)
    assert BOOK.is_sample("day", None, "whatsapp", "RUB", ON)
    assert not BOOK.is_sample("month", "inbox", "whatsapp", "USD", ON)
    assert not BOOK.is_sample("month", "max", "wapi", "EUR", ON)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: BOOK.price("gold", "whatsapp", "EUR", 1, ON), "unknown_plan"),
        (lambda: BOOK.price("pro", "whatsapp", "EUR", 3, ON), "unknown_period"),
        (lambda: BOOK.price("pro", "whatsapp", "BRL", 1, ON), "price_unknown"),
        (lambda: BOOK.price("pro", "whatsapp", "EUR", 1, date(2020, 1, 1)), "price_unknown"),
        (lambda: BOOK.program("gold"), "unknown_program"),
    ],
)
def test_what_is_not_in_the_book(call: Any, key: str) -> None:
    with pytest.raises(UserError) as refused:
        call()
    assert refused.value.key == key


def test_an_unknown_period_names_those_of_its_day() -> None:
    with pytest.raises(UserError) as refused:
        BOOK.discount(3, ON)
    assert refused.value.facts == {"months": 3, "known": [1, 6, 12]}
    with pytest.raises(UserError) as refused:
        BOOK.discount(6, date(2021, 8, 3))
    assert refused.value.facts == {"months": 6, "known": []}


def test_the_nearest_plan_is_named() -> None:
    with pytest.raises(UserError) as refused:
        BOOK.plan("inbx")
    assert refused.value.facts["nearest"] == "inbox"


def test_a_new_price_holds_from_its_date() -> None:
    data = raw()
    data["prices"].append(
        {"plans": ["pro"], "per": "month", "from": date(2027, 1, 1), "amount": {"EUR": "50.00"}, "sample": False}
    )
    book = price_book(data)
    assert book.price("pro", "whatsapp", "EUR", 1, date(2026, 12, 31)) == of("45", "EUR")
    assert book.price("pro", "whatsapp", "EUR", 1, date(2027, 1, 1)) == of("50", "EUR")
    assert not book.is_sample("month", "pro", "whatsapp", "EUR", date(2027, 1, 1))


def test_welcome_credit_by_currency() -> None:
    welcome = {code: BOOK.terms(code).welcome for code in ("RUB", "EUR", "USD", "KZT", "BRL")}
    assert welcome == {
        "RUB": of("500", "RUB"),
        "EUR": of("10", "EUR"),
        "USD": of("10", "USD"),
        "KZT": None,
        "BRL": None,
    }


def test_programs() -> None:
    seed, tiered = BOOK.program("seed"), BOOK.program("tiered")
    assert [seed.rate(ON, clients) for clients in (0, 1, 9, 10, 500)] == [Decimal("0.35")] * 5
    assert [tiered.rate(ON, clients) for clients in (0, 9, 10, 500)] == [Decimal("0.35")] * 2 + [Decimal("0.50")] * 2


def test_a_rate_holds_from_its_date() -> None:
    data = raw()
    data["programs"][0]["rates"].append({"from": date(2027, 1, 1), "clients": 1, "rate": "0.40"})
    program = price_book(data).program("seed")
    rates = [program.rate(on, 3) for on in (date(2019, 1, 1), date(2026, 12, 31), date(2027, 1, 1))]
    assert rates == [Decimal("0.35"), Decimal("0.35"), Decimal("0.40")]


def _set(data: dict[str, Any], path: list[str | int], value: object) -> None:
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (["daily_plan"], "gold", "daily_plan: there is no plan 'gold'"),
        (["quote_minuts"], 10, "quote_minuts: no such setting, did you mean quote_minutes?"),
        (["renew_months"], 7, "renew_months: there is no period of 7 months"),
        (["quote_minutes"], "ten", "quote_minutes: 'ten' is not a whole number from 0 to 1000000"),
        (["prices", 0, "plans"], ["strat"], "prices[1].plans: there is no plan 'strat'"),
        (["prices", 0, "plans"], "start", 'prices[1].plans: a list such as ["start", "pro"] is needed'),
        (["prices", 0, "per"], "week", 'prices[1].per: \'week\' is neither "month" nor "day"'),
        (["prices", 0, "from"], "2026", "prices[1].from: a day such as 2026-01-31 is needed"),
        (["prices", 0, "amount"], {}, 'prices[1].amount: a table such as { EUR = "30.00" } is needed'),
        (
            ["prices", 0, "amount"],
            {"EUR": 15.0},
            'prices[1].amount.EUR: 15.0 is not an amount of EUR in quotes, such as "30.00"',
        ),
        (
            ["prices", 0, "amount"],
            {"EUR": "-1"},
            "prices[1].amount.EUR: '-1' is not an amount of EUR in quotes, such as \"30.00\"",
        ),
        (["prices", 0, "amount"], {"euros": "1"}, "prices[1].amount.euros: 'euros' is not a currency code such as EUR"),
        (["periods", 0, "months"], 0, "periods[1].months: from 1 to 120"),
        (
            ["programs", 0, "rates", 0, "rate"],
            "35",
            "programs[1].rates[1].rate: '35' is not a share from 0 to 1 in quotes, such as \"0.35\"",
        ),
        (["programs", 0, "rates"], [], "programs[1].rates: at least one is needed"),
        (["programs", 0, "name"], "", "programs[1].name: a word is needed"),
        (["programs"], [], "programs: at least one is needed"),
        (["prices"], {}, "prices: must be written as [[prices]]"),
        (["plans"], [], "plans: must be written as [plans.name]"),
        (["currencies", "EUR", "welcome"], "x", "currencies.EUR.welcome: 'x' is not an amount"),
        (["currencies", "EUR", "welcome"], "0.001", "currencies.EUR.welcome: '0.001' is not an amount"),
        (["currencies", "EUR", "top_up_max"], "inf", "currencies.EUR.top_up_max: 'inf' is not an amount"),
        (["currencies", "euro"], {}, "currencies.euro.: 'euro' is not a currency code such as EUR"),
        (["periods", 0, "months"], 121, "periods[1].months: from 1 to 120"),
        (["periods", 0, "months"], True, "periods[1].months: True is not a whole number from 0 to 1000000"),
        (["periods", 0, "discount"], 0.1, "periods[1].discount: 0.1 is not a share from 0 to 1 in quotes"),
        (["periods", 0, "discount"], "1.01", "periods[1].discount: '1.01' is not a share from 0 to 1 in quotes"),
        (["periods", 0, "discount"], "-0.01", "periods[1].discount: '-0.01' is not a share from 0 to 1 in quotes"),
        (["periods", 0, "discount"], "nan", "periods[1].discount: 'nan' is not a share from 0 to 1 in quotes"),
        (["periods", 0, "discount"], "ten", "periods[1].discount: 'ten' is not a share from 0 to 1 in quotes"),
        (["quote_minutes"], 1_000_001, "quote_minutes: 1000001 is not a whole number from 0 to 1000000"),
        (["quote_minutes"], 0, "quote_minutes: from 1 to 60"),
        (["quote_minutes"], 61, "quote_minutes: from 1 to 60"),
        (["repeat_minutes"], -1, "repeat_minutes: -1 is not a whole number from 0 to 1000000"),
        (["subscribe_months"], 7, "subscribe_months: there is no period of 7 months"),
        (["grace_days"], 15, "grace_days: at most 14"),
        (["auto_renew_late_days"], 15, "auto_renew_late_days: at most 14"),
        (["auto_renew_minutes"], 0, "auto_renew_minutes: from 1 to 1439"),
        (["auto_renew_minutes"], 1440, "auto_renew_minutes: from 1 to 1439"),
        (["plans", "pro", "title"], 5, "plans.pro.title: a word is needed"),
        (["plans", "pro", "dialogues"], "many", "plans.pro.dialogues: 'many' is not a whole number from 0 to 1000000"),
        (["plans", "pro", "writes_first"], "yes", "plans.pro.writes_first: 'yes' is neither true nor false"),
        (["prices", 0, "sample"], "no", "prices[1].sample: 'no' is neither true nor false"),
        (["programs", 0, "referral_on_discounted"], 1, "programs[1].referral_on_discounted: 1 is neither true nor"),
        (["programs", 0, "referral_rate"], "20", "programs[1].referral_rate: '20' is not a share from 0 to 1"),
        (["programs", 0, "own_channel_discount"], 0, "programs[1].own_channel_discount: 0 is not a share from 0 to 1"),
        (["programs", 0, "rates", 0, "from"], "2020", "programs[1].rates[1].from: a day such as 2026-01-31 is needed"),
        (
            ["periods", 0, "zzz"],
            1,
            "periods[1].zzz: no such setting, known are discount, from, months",
        ),
    ],
)
def test_a_wrong_book_is_explained(path: list[str | int], value: object, line: str) -> None:
    data = deepcopy(raw())
    _set(data, path, value)
    with pytest.raises(ConfigError) as refused:
        price_book(data)
    assert any(problem.startswith(line) for problem in refused.value.problems), refused.value.problems


def test_the_bounds_themselves_are_allowed() -> None:
    edges = {"grace_days": 14, "auto_renew_late_days": 14, "quote_minutes": 60, "repeat_minutes": 1_000_000}
    assert price_book(raw() | edges).grace_days == 14
    assert [price_book(raw() | {"auto_renew_minutes": minutes}).renews_before for minutes in (1, 1439)] == [
        timedelta(minutes=1),
        timedelta(minutes=1439),
    ]
    long = {"months": 120, "discount": "1", "from": date(2026, 1, 1)}
    free = price_book(raw() | {"periods": [*raw()["periods"], long]})
    assert free.price("pro", "whatsapp", "EUR", 120, ON) == of("0", "EUR")
    nothing = {**raw()["currencies"]["EUR"], "welcome": "0"}
    assert price_book(raw() | {"currencies": {"EUR": nothing}}).terms("EUR").welcome == of("0", "EUR")


def spare() -> dict[str, Any]:
    """The least that a price book needs."""
    return {
        "daily_plan": "Solo",
        "plans": {"SOLO": {}},
        "periods": [{"months": months, "from": date(2026, 1, 1)} for months in (1, 12)],
        "programs": [{"name": "plain", "rates": [{"from": date(2026, 1, 1), "rate": "0.1"}]}],
    }


def test_what_a_book_does_not_say_has_the_documented_value() -> None:
    book = price_book(spare())
    assert book == PriceBook(
        plans={"solo": Plan("solo", "Solo", None, writes_first=False)},
        prices={},
        period_terms=tuple(Period(date(2026, 1, 1), months, Decimal(0)) for months in (1, 12)),
        programs={
            "plain": Program(
                name="plain",
                rates=(Rate(date(2026, 1, 1), 1, Decimal("0.1")),),
                free_channels=0,
                free_years=0,
                own_channel_discount=Decimal(0),
                referral_rate=Decimal(0),
                referral_months=0,
                referral_on_discounted=False,
            )
        },
        currencies={},
        daily_plan="solo",
        subscribe_months=1,
        renew_months=12,
        quote_lasts=timedelta(minutes=10),
        repeat_within=timedelta(minutes=10),
        grace_days=3,
        renews_before=timedelta(minutes=120),
        renews_late_days=2,
    )


def full() -> dict[str, Any]:
    """A price book in which every value is said, and differs from its default."""
    return spare() | {
        "subscribe_months": 12,
        "renew_months": 1,
        "quote_minutes": 21,
        "repeat_minutes": 22,
        "grace_days": 4,
        "auto_renew_minutes": 25,
        "auto_renew_late_days": 6,
        "plans": {"solo": {"title": "Alone", "dialogues": 70, "writes_first": True}},
        "currencies": {"EUR": {"welcome": "7", "top_up_min": "8", "top_up_max": "9"}},
        "prices": [
            {"plans": ["solo"], "per": per, "transport": "vk", "from": day, "amount": {"EUR": "3"}, "sample": sample}
            for per, day, sample in (("day", date(2026, 3, 1), False), ("month", date(2026, 2, 1), True))
        ],
        "programs": [
            {
                "name": "rich",
                "free_channels": 3,
                "free_years": 4,
                "own_channel_discount": "0.5",
                "referral_rate": "0.6",
                "referral_months": 7,
                "referral_on_discounted": True,
                "rates": [{"from": date(2026, 1, 1), "clients": 8, "rate": "0.9"}],
            }
        ],
    }


def test_all_that_a_book_says_is_read() -> None:
    book = price_book(full())
    assert (book.subscribe_months, book.renew_months, book.grace_days, book.renews_late_days) == (12, 1, 4, 6)
    assert [book.quote_lasts, book.repeat_within, book.renews_before] == [
        timedelta(minutes=minutes) for minutes in (21, 22, 25)
    ]
    assert book.plan("solo") == Plan("solo", "Alone", 70, writes_first=True)
    assert book.terms("EUR") == CurrencyTerms(of("7", "EUR"), of("8", "EUR"), of("9", "EUR"))
    assert book.prices == {
        ("day", "solo", "vk", "EUR"): (Price(date(2026, 3, 1), of("3", "EUR"), sample=False),),
        ("month", "solo", "vk", "EUR"): (Price(date(2026, 2, 1), of("3", "EUR"), sample=True),),
    }
    assert book.program("rich") == Program(
        name="rich",
        rates=(Rate(date(2026, 1, 1), 8, Decimal("0.9")),),
        free_channels=3,
        free_years=4,
        own_channel_discount=Decimal("0.5"),
        referral_rate=Decimal("0.6"),
        referral_months=7,
        referral_on_discounted=True,
    )


def places(data: Any, path: tuple[str | int, ...] = (), name: str = "") -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every single value of a price book: the way to it, and what it is called in a complaint."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from places(value, (*path, key), f"{name}{key}.")
        elif isinstance(value, list) and isinstance(value[0], dict):
            for n, one in enumerate(value):
                yield from places(one, (*path, key, n), f"{name}{key}[{n + 1}].")
        else:
            yield (*path, key), name + key


@pytest.mark.parametrize(
    ("path", "name"), list(places(full())), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_complaint_names_its_place(path: tuple[str | int, ...], name: str) -> None:
    """1.5 is right nowhere: no word, day, list, whole number, yes or no, nor an amount or a share in quotes."""
    for last, value, said in ((path[-1], 1.5, f"{name}: "), ("zzz", 1, f"{name[: -len(str(path[-1]))]}zzz")):
        data = full()
        _set(data, [*path[:-1], last], value)
        with pytest.raises(ConfigError) as refused:
            price_book(data)
        assert refused.value.problems[0].startswith(said), refused.value.problems


def test_how_long_a_quote_may_hold_is_told_in_whole_minutes() -> None:
    with pytest.raises(ConfigError) as refused:
        price_book(raw() | {"quote_minutes": 61})
    assert refused.value.problems == ["quote_minutes: from 1 to 60"]


def test_a_period_needs_its_months() -> None:
    with pytest.raises(ConfigError) as refused:
        price_book(spare() | {"periods": [*spare()["periods"], {"from": date(2026, 1, 1)}]})
    assert refused.value.problems == ["periods[3].months: from 1 to 120"]


def test_after_a_mistake_the_rest_is_read_on() -> None:
    """All mistakes of a file are told at once: a wrong price does not hide the one after it."""
    data = raw()
    data["prices"][0]["per"], data["prices"][1]["per"] = "week", "year"
    with pytest.raises(ConfigError) as refused:
        price_book(data)
    assert refused.value.problems == [
        f'prices[{n}].per: {per!r} is neither "month" nor "day"' for n, per in ((1, "week"), (2, "year"))
    ]


def test_two_prices_from_the_same_day_are_a_mistake() -> None:
    data: Mapping[str, Any] = {**raw(), "prices": [*raw()["prices"], raw()["prices"][0]]}
    with pytest.raises(ConfigError, match="two from the same day for month start default RUB"):
        price_book(data)


def test_several_mistakes_are_told_together() -> None:
    data = raw() | {"daily_plan": "gold", "renew_months": 7}
    with pytest.raises(ConfigError) as refused:
        price_book(data)
    assert len(refused.value.problems) == 2


def test_rounding_is_done_once_for_the_period() -> None:
    """A month of 0.15 for six months less 10 % is 0.81, not six times a rounded month."""
    data = raw()
    data["prices"].append(
        {"plans": ["pro"], "transport": "viber", "per": "month", "from": date(2026, 1, 1), "amount": {"EUR": "0.15"}}
    )
    assert price_book(data).price("pro", "viber", "EUR", 6, ON) == Money(81, "EUR")
