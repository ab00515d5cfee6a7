"""Column types that give the same Python values on SQLite and on PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, DateTime, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Takes any aware datetime, gives back an aware one in UTC; a naive one is refused with ValueError.

    SQLite holds text of 27 characters that sorts by time, `2026-11-26T07:00:00.000000Z`; PostgreSQL timestamptz.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _text_of_moment if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        return _moment_of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time must be aware, got {value!r}")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else utc_text(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)


class IsoDate(TypeDecorator[date]):
    """A calendar day, without a time. A datetime is refused with TypeError: whose day it is must be decided before."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> date | None:
        if isinstance(value, datetime):
            raise TypeError(f"a stored day must be a date, got {value!r}")
        return value


class JsonText(TypeDecorator[Any]):
    """Plain Python data (dict, list, str, int, bool, None) as JSON: text on SQLite, jsonb on PostgreSQL.

    None is SQL's NULL. A change inside a value that was read is not noticed: write the whole value again.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) and dialect.name != "postgresql" else value


class CodeText(TypeDecorator[int | str]):
    """A provider's error code, kept as text. A number comes back as int (Twilio), a word as it is (Wazzup)."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: int | str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)[:64]

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | str | None:
        return int(value) if value is not None and value.isascii() and value.isdigit() else value


class EnumText(TypeDecorator[StrEnum]):
    """A member of one StrEnum, stored as its value; a value outside the enum is refused with ValueError both ways."""

    impl = Text
    cache_ok = True

    def __init__(self, enum_class: type[StrEnum]) -> None:
        super().__init__()
        self.enum_class = enum_class

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.enum_class(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.enum_class(value)


def _text_of_moment(value: datetime | None) -> str | None:
    """What SQLite is given, a hundred times a scan: without the ways of the layer."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a stored time must be aware, got {value!r}")
    return utc_text(value if value.tzinfo is UTC else value.astimezone(UTC))


def _moment_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """The fixed-width form in which SQLite holds a moment given in UTC."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"
