"""A year on land: Madrid, Moscow and Almaty, of which one changes its clocks."""

from collections.abc import Iterator

import pytest

from tests.property.year_checks import SEEDS, Ledger, YearChecks, lived
from tests.property.year_play import LAND, Year

pytestmark = pytest.mark.timeout(3600)
"""Some twenty seconds of work with the clients of the suite, minutes with those of `make year`."""


@pytest.fixture(scope="module", params=SEEDS)
def played(request: pytest.FixtureRequest) -> Iterator[tuple[Year, Ledger]]:
    """The year, lived once for all tests."""
    yield from lived(request.param, LAND)


class TestYear(YearChecks):
    """What must hold of it."""
