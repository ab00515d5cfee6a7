"""The timetable of the product: which job each tick enqueues."""

from collections.abc import Sequence

from bot.billing.confirming import SETTLE_JOB
from bot.scheduler.timetable import Entry, every_minute, every_minutes, every_seconds, hourly

SCAN = "scan"
CHARGE = "charge"
SETTLE = SETTLE_JOB
RENEW = "renew"
EXPIRE = "expire"
SWEEP = "sweep"
COST = "cost"
PRUNE = "prune"
RECONCILE = "reconcile"
POLL = "poll"
SEAL = "seal"
AUDIT = "audit"
REFERRALS = "referrals"
FREE_CHANNELS = "free_channels"
WATCH = "watch"
SIGNS = "signs"
CANARY = "canary"


def entries() -> Sequence[Entry]:
    """Every job that time alone starts. A fire with nothing to do costs one indexed look."""
    return (
        every_seconds(SWEEP, SWEEP, 5),
        every_seconds(SETTLE, SETTLE, 5),
        every_minute(CHARGE, CHARGE),
        every_minute(RENEW, RENEW),
        every_minute(SCAN, SCAN),
        every_minute(EXPIRE, EXPIRE),
        every_minute(SEAL, SEAL),
        every_minute(COST, COST),
        every_minutes(SIGNS, SIGNS, 5),
        every_minutes(RECONCILE, RECONCILE, 5),
        every_minutes(POLL, POLL, 30),
        every_minutes(CANARY, CANARY, 10),
        every_minutes(AUDIT, AUDIT, 15),
        hourly(FREE_CHANNELS, FREE_CHANNELS, 2),
        hourly(REFERRALS, REFERRALS, 7),
        hourly(WATCH, WATCH, 12),
        hourly(PRUNE, PRUNE, 17),
    )
