"""The snapshot that a picture of the list is drawn from: plain data, a page of it, as it was at one moment. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.alert import Kind
from bot.alerts.due import DueClient
from bot.money import as_json

_STATES = {Kind.ENDING: "ends", Kind.RUNNING_OUT: "lasts", Kind.ENDED: "ended", Kind.STOPPED: "stopped"}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and what its picture shows."""

    shown: Sequence[DueClient]
    facts: dict[str, Any]


def state_of(one: DueClient) -> str:
    """How a line of a list says what happens to a client: `ends`, `lasts`, `lasts_about`, `ended`, `stopped`."""
    return "lasts_about" if one.estimated else _STATES[one.reason]


def page_of(
    found: Sequence[DueClient],
    page: int,
    rows: int,
    *,
    partner: str,
    language: str,
    zone: str,
    within: int,
    now: datetime,
) -> Page:
    """Page `page` (from 1; a later one than there are is the last) of at most `rows` lines, for a reader in `zone`."""
    pages = max(-(-len(found) // rows), 1)
    page = min(page, pages)
    start = (page - 1) * rows
    shown = found[start : start + rows]
    read = [(one.as_of, one.source) for one in shown if one.as_of is not None]
    as_of, source = min(read, key=lambda one: one[0], default=(None, None))
    facts = {
        "partner": partner,
        "language": language,
        "zone": zone,
        "at": now.isoformat(),
        "today": now.astimezone(ZoneInfo(zone)).date().isoformat(),
        "within": within,
        "total": len(found),
        "page": page,
        "pages": pages,
        "more": max(len(found) - start - len(shown), 0),
        "rows": [_row(number, one) for number, one in enumerate(shown, start=1)],
        "as_of": as_of.isoformat() if as_of else None,
        "source": source,
    }
    return Page(shown, facts)


def _row(number: int, one: DueClient) -> dict[str, Any]:
    return {
        "n": number,
        "company": one.company,
        "account_id": one.account_id,
        "balance": as_json(one.balance),
        "state": state_of(one),
        "day": one.day.isoformat(),
        "days": one.days,
    }
