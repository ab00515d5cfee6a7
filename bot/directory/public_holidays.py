"""Public holidays of a country, as the library `holidays` keeps them: moved days and yearly decrees included. Pure."""

from datetime import date
from functools import lru_cache

NOWHERE = "ZZ"
"""The country code of who has no public holidays (ISO 3166 keeps it free for users)."""


def is_public_holiday(country: str, day: date) -> bool:
    """Whether nobody works in the whole country; never in one that is not known. `country`: two letters."""
    return day in _of(country, day.year)


def has_holidays(country: str) -> bool:
    """Whether the public holidays of this country are known."""
    return country in _countries()


@lru_cache(maxsize=512)
def _of(country: str, year: int) -> frozenset[date]:
    from holidays import country_holidays  # imported late: the calendars of all countries take a while

    return frozenset(country_holidays(country, years=year)) if has_holidays(country) else frozenset()


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    from holidays import list_supported_countries

    return frozenset(list_supported_countries(include_aliases=False))
