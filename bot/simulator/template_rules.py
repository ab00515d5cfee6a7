"""What WhatsApp asks of a template before it approves one. Pure."""

import re

from bot.simulator.content import LIST_PICKER, VARIABLE, content_type, placeholders
from bot.simulator.message import Content
from bot.simulator.refusals import Refusal
from bot.simulator.settings import INTERACTIVE_CHARACTERS_MAX

CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
APPROVAL_STATES = ("unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled")
_NAME = re.compile(r"^[a-z0-9_]{1,512}$")
_ADJACENT = re.compile(r"\}\}\s*\{\{")
_WORD = re.compile(r"[^\W_]+")


def check_submission(content: Content, name: object, category: object) -> tuple[str, str]:
    """Name and category of a submission; refused (20001) when one is bad, or for a list picker."""
    if content_type(content.types) == LIST_PICKER:
        raise Refusal(20001, "twilio/list-picker cannot be submitted for approval")
    if not isinstance(name, str) or not _NAME.match(name):
        raise Refusal(20001, "name must be lower-case letters, digits and underscores")
    if not isinstance(category, str) or category not in CATEGORIES:
        raise Refusal(20001, f"category must be one of {', '.join(CATEGORIES)}")
    return name, category


def rejection_reason(content: Content) -> str:
    """Why WhatsApp would reject this template; an empty text when it would not.

    Variables may not start, end or touch, are numbered without gaps, have samples, and x of them need at
    least 2x + 1 other words (Twilio, Using variables with the Content API).
    """
    body = content.types[content_type(content.types)]["body"].strip()
    names = placeholders(content.types)
    if len(body) > INTERACTIVE_CHARACTERS_MAX:
        return f"INVALID_FORMAT: the body is longer than {INTERACTIVE_CHARACTERS_MAX} characters"
    if body.startswith("{{") or body.endswith("}}"):
        return "INVALID_FORMAT: variables can't be at the start or end of the template"
    if _ADJACENT.search(body):
        return "INVALID_FORMAT: two variables stand next to each other"
    numbers = sorted(int(name) for name in names if name.isdigit())
    if numbers != list(range(1, len(numbers) + 1)):
        return "INVALID_FORMAT: numbered variables must run 1, 2, 3 without gaps"
    missing = [name for name in names if not content.variables.get(name)]
    if missing:
        return f"INVALID_FORMAT: no sample value for variable {', '.join(missing)}"
    used, words = set(VARIABLE.findall(body)), len(_WORD.findall(VARIABLE.sub(" ", body)))
    if used and words < 2 * len(used) + 1:
        return f"INVALID_FORMAT: too many variables ({len(used)}) for {words} words"
    return ""
