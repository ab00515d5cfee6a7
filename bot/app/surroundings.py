"""What the rooms are handed at start: prices, alert policy, the sender, the queue of jobs."""

from dataclasses import replace

from bot.alerts.policy import policy
from bot.alerts.surroundings import Surroundings
from bot.billing.book_file import price_book
from bot.config import Settings, load_toml
from bot.ids import Address
from bot.jobs.port import Jobs


def surroundings(settings: Settings, jobs: Jobs) -> Surroundings:
    """Read price book and policy as the settings name them. ConfigError with one line per mistake."""
    rules = policy(load_toml(settings.alerts.policy, "alerts.toml"))
    return Surroundings(
        book=price_book(load_toml(settings.money.prices, "plans.toml")),
        policy=rules if settings.alerts.brake else replace(rules, brake=None),
        sender=Address(settings.twilio.sender),
        jobs=jobs,
        undo_seconds=settings.money.undo_seconds,
    )
