"""A year on three oceans: Riga, São Paulo and Auckland, with the clock changes of both hemispheres."""

from collections.abc import Iterator

import pytest

from tests.property.year_checks import SEEDS, Ledger, YearChecks, lived
from tests.property.year_play import OCEANS, Year

pytestmark = pytest.mark.timeout(3600)
"""Some twenty seconds of work with the clients of the suite, minutes with those of `make year`."""


@pytest.fixture(scope="module", params=SEEDS)
def played(request: pytest.FixtureRequest) -> Iterator[tuple[Year, Ledger]]:
    """The year, lived once for all tests."""
    yield from lived(request.param, OCEANS)


class TestYear(YearChecks):
    """What must hold of it."""
