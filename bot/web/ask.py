"""What a reader asked a page for: path and query, checked and bounded, and whose console it is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.errors import BotError

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
_TEXT_MAX = 200
_PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}


class BadQuery(BotError):
    """A value in the address that cannot be understood; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: this value is not understood")
        self.name = name


class NotFound(BotError):
    """There is no such thing, or it belongs to another partner."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a page or of its JSON twin. Empty values count as left out."""

    now: datetime
    values: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """A value as it was typed, without blanks around it. BadQuery when it is long or holds control characters."""
        value = self.values.get(name, "").strip()
        if len(value) > _TEXT_MAX or any(map(_unfit, value)):
            raise BadQuery(name)
        return value or None

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """One of the allowed values. BadQuery otherwise."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise BadQuery(name)
        return value

    def limit(self) -> int:
        """How many rows a page holds: 1 to 200."""
        value = self.text("limit")
        if value is None:
            return LIMIT_DEFAULT
        if not (value.isascii() and value.isdigit() and len(value) < 7):
            raise BadQuery("limit")
        return max(1, min(int(value), LIMIT_MAX))

    def days(self, name: str, default: int, most: int) -> int:
        """A number of days such as `14d` or `14`, at most `most`."""
        value = (self.text(name) or str(default)).removesuffix("d")
        if not (value.isascii() and value.isdigit() and len(value) < 5):
            raise BadQuery(name)
        return min(int(value), most)

    def since(self, name: str = "since") -> datetime | None:
        """A moment: `24h`, `7d`, `30d` before now, an ISO date (midnight UTC) or an ISO time; `all` is no limit."""
        value = self.text(name)
        if value is None or value == "all":
            return None
        if value in _PERIODS:
            return self.now - _PERIODS[value]
        return _moment(name, value)


def _unfit(character: str) -> bool:
    """Control characters and halves of a character: no database takes them."""
    return character < " " or "\ud800" <= character <= "\udfff"


def _moment(name: str, value: str) -> datetime:
    try:
        if len(value) == len("2026-11-26"):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(value.replace(" ", "+"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadQuery(name) from error
