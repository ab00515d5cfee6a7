"""The shipped price book, for tests of billing."""

import tomllib
from functools import lru_cache
from pathlib import Path

from bot.billing.book_file import price_book
from bot.billing.plan import PriceBook

PLANS_FILE = Path(__file__).parents[2] / "config" / "plans.toml"


@lru_cache(maxsize=1)
def shipped_book() -> PriceBook:
    """What config/plans.toml says."""
    return price_book(tomllib.loads(PLANS_FILE.read_text(encoding="utf-8")))
