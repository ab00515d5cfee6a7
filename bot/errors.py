"""The kinds of failure this product knows: the user's, the passing, the permanent, the configuration's."""

from typing import Any


class BotError(Exception):
    """Base of every failure that is raised on purpose."""


class UserError(BotError):
    """Something the person can put right. `key` names a message template, `facts` fill it."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts


class TransientError(BotError):
    """May succeed when tried again later."""


class PermanentError(BotError):
    """Trying again will not help."""


class ConfigError(BotError):
    """The configuration is wrong; `problems` holds one line per mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
