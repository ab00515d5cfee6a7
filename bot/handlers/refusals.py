"""Why something was not done, as a reply: a reason that a person can put right, or an apology with a number."""

import structlog

from bot.errors import UserError
from bot.handlers.reply import Reply
from bot.messaging import templates
from bot.messaging.inbox import InboxMessage

_log = structlog.get_logger(__name__)
_NUMBER_LENGTH = 6
REASON_FAMILIES = ("replies", "payments", "care", "tasks", "subscriptions")
"""Families of texts that hold reasons, as `error_<key>`."""


def refusal(error: UserError, message: InboxMessage) -> Reply:
    """The text of a reason. One that nobody wrote a text for is our mistake: it is logged."""
    known = templates.registry().names()
    for family in REASON_FAMILIES:
        if (template := f"{family}/error_{error.key}") in known:
            return Reply(template, error.facts)
    _log.error("chat.reason_without_text", key=error.key, inbox=message.id)
    return trouble(message)


def trouble(message: InboxMessage) -> Reply:
    """Something broke; the number finds the message in the log."""
    return Reply("replies/trouble", {"id": message.id[-_NUMBER_LENGTH:]})
