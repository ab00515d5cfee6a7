"""The price of a message: what the shipped table says, by date, country and window; mistakes are told."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import load_toml
from bot.errors import ConfigError
from bot.messaging.prices import MICROS, Category, PriceTable, amount, micros, price_table

FILE = Path(__file__).parents[2] / "config" / "message_prices.toml"
BEFORE, AFTER = date(2026, 9, 30), date(2026, 10, 1)


def shipped() -> PriceTable:
    return price_table(load_toml(str(FILE), "message_prices.toml"))


def test_a_template_outside_the_window_costs_both_fees() -> None:
    assert shipped().cost(Category.UTILITY, "LV", BEFORE, in_window=False) == 5_000 + 21_200
    assert shipped().cost(Category.UTILITY, "RU", AFTER, in_window=False) == 5_000 + 40_000


def test_until_october_2026_meta_takes_nothing_inside_the_window() -> None:
    assert shipped().cost(Category.UTILITY, "LV", BEFORE, in_window=True) == 5_000
    assert shipped().cost(Category.SERVICE, "LV", BEFORE, in_window=True) == 5_000
    assert shipped().free_replies(BEFORE) == 0


def test_since_october_2026_it_does_but_for_a_number_of_replies() -> None:
    table = shipped()
    assert table.cost(Category.UTILITY, "LV", AFTER, in_window=True) == 26_200
    assert table.cost(Category.UTILITY, "LV", AFTER, in_window=True, is_free=True) == 26_200
    assert table.cost(Category.SERVICE, "LV", AFTER, in_window=True) == 26_200
    assert table.cost(Category.SERVICE, "LV", AFTER, in_window=True, is_free=True) == 5_000
    assert table.free_replies(AFTER) == 1_000


@pytest.mark.parametrize("country", ["KZ", "EE", None, "??"])
def test_a_country_of_no_rate_and_region_is_another(country: str | None) -> None:
    assert shipped().cost(Category.UTILITY, country, AFTER, in_window=False) == 5_000 + 7_700


def test_a_failed_message_costs_its_processing_only() -> None:
    assert shipped().failed(AFTER) == 1_000


def test_nothing_is_known_before_the_first_date() -> None:
    early = date(2025, 6, 30)
    assert shipped().cost(Category.UTILITY, "LV", early, in_window=False) is None
    assert shipped().failed(early) is None
    assert shipped().free_replies(early) == 0


def test_every_entry_of_the_shipped_table_names_its_source_and_no_country_stands_twice() -> None:
    data = load_toml(str(FILE), "message_prices.toml")
    assert all(one["source"] for kind in ("fee", "window", "utility") for one in data[kind])
    countries = [one for region in data["regions"].values() for one in region]
    own = {name for one in data["utility"] for name in one["rates"] if name.isupper()}
    assert len(countries) == len(set(countries))
    assert not own & set(countries)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"currency": None}, "currency"),
        ({"fee": [{"since": date(2026, 1, 1), "message": "-1", "failed": "0"}]}, "-1"),
        ({"fee": [{"since": date(2026, 1, 1), "message": 0.005, "failed": "0"}]}, "0.005"),
        ({"utility": [{"since": date(2026, 1, 1), "rates": {"LV": "0.02"}}]}, "other"),
    ],
)
def test_a_mistake_is_told(change: dict[str, object], said: str) -> None:
    data = {key: value for key, value in (load_toml(str(FILE), "") | change).items() if value is not None}
    with pytest.raises(ConfigError, match=said):
        price_table(data)


@given(st.integers(0, 10 * MICROS))
def test_an_amount_reads_back(in_micros: int) -> None:
    assert micros(amount(in_micros)) == in_micros


def test_an_amount_has_two_places_at_least() -> None:
    assert [amount(one) for one in (0, 5_000, 26_200, 1_500_000)] == ["0.00", "0.005", "0.0262", "1.50"]
