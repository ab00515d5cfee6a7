"""When a balance that is spent by usage runs out: an honest band, or nothing where there is too little to go by. Pure.

Fixed daily payments alone are counted exactly elsewhere (`standing.run_out_day`). What is spent by usage differs from
day to day, so no single day is promised: the band is meant to hold the true one in four cases of five. Fixed payments
of the days to come are known and added as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import sqrt
from statistics import NormalDist, fmean, stdev

HISTORY_MIN_DAYS = 14
"""With fewer days of history nothing is said."""
HISTORY_MAX_DAYS = 60
"""Older days say little about the coming ones."""
HORIZON_DAYS = 365
_ONE_SIDE = 0.90
"""A tenth of the cases is left out on either side: 80 % within."""


@dataclass(frozen=True, slots=True)
class Band:
    """The last day that the money lasts, in four cases of five between `earliest` and `latest`.

    `likely` lies where spending goes on as on average. None: not within a year. `days` of history it rests on.
    """

    earliest: date | None
    likely: date | None
    latest: date | None
    days: int


def usage_band(money: int, spent: Sequence[int], today: date, fixed: Sequence[int] = ()) -> Band | None:
    """The band for `money` minor units, today already paid, given what was spent on each of the days before.

    `spent` is in minor units, the oldest day first, days without spending as 0; `fixed` what is charged for sure on
    each day to come beside, tomorrow first. None: not enough history.
    """
    seen = spent[-HISTORY_MAX_DAYS:]
    if len(seen) < HISTORY_MIN_DAYS:
        return None
    mean, spread, count = fmean(seen), stdev(seen), len(seen)
    margin = _student(_ONE_SIDE, count - 1) * spread
    ahead = list(accumulate(fixed))
    return Band(
        earliest=_last_day(money, mean, margin, count, today, ahead),
        likely=_last_day(money, mean, 0.0, count, today, ahead),
        latest=_last_day(money, mean, -margin, count, today, ahead),
        days=count,
    )


def _last_day(money: int, mean: float, margin: float, count: int, today: date, ahead: Sequence[int]) -> date | None:
    """The day before what is spent in all passes the money.

    The spread of a sum over so many days grows by its root; not knowing the true mean adds its square by days of
    history.
    """
    for days in range(1, HORIZON_DAYS + 1):
        sure = ahead[min(days, len(ahead)) - 1] if ahead else 0
        if sure + max(days * mean + margin * sqrt(days + days * days / count), 0.0) > money:
            return today + timedelta(days=days - 1)
    return None


def _student(share: float, freedom: int) -> float:
    """The quantile of Student's distribution, by Cornish and Fisher's expansion; good to a hundredth from 13 on."""
    z = NormalDist().inv_cdf(share)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
