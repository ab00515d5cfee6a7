"""What the rooms are handed at start: prices, alert policy, the sender, the queue of jobs."""

from dataclasses import replace

from bot.alerts.policy import Policy, policy
from bot.alerts.surroundings import Surroundings
from bot.billing.book_file import price_book
from bot.billing.limits import SpendingLimits
from bot.config import load_toml
from bot.ids import Address
from bot.jobs.port import Jobs
from bot.settings import AlertSettings, Settings


def surroundings(settings: Settings, jobs: Jobs) -> Surroundings:
    """Read price book and policy as the settings name them. ConfigError with one line per mistake."""
    rules = policy(load_toml(settings.alerts.policy, "alerts.toml"))
    return Surroundings(
        book=price_book(load_toml(settings.money.prices, "plans.toml")),
        policy=_switched(rules, settings.alerts),
        sender=Address(settings.twilio.sender),
        jobs=jobs,
        undo_seconds=settings.money.undo_seconds,
        spending=SpendingLimits(settings.money.limit_operation, settings.money.limit_day),
    )


def _switched(rules: Policy, settings: AlertSettings) -> Policy:
    """The policy without what the settings switch off."""
    rules = rules if settings.brake else replace(rules, brake=None)
    return rules if settings.respect_hours else replace(rules, respect_hours=False)
