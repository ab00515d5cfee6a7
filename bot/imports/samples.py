"""The sample partner of the demo: a Clients table around a given day, curators, money in the partner account.

Companies, people and addresses are invented; `.example` names cannot be registered.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from bot.money import Money

_OFFSET_HEADING = "Ends in days"
_END_HEADING = "Subscription end date"


@dataclass(frozen=True, slots=True)
class SampleCurator:
    """A person to invite: `role` is owner, curator or viewer, `phone` E.164."""

    name: str
    phone: str
    language: str
    role: str
    time_zone: str


def sample_table(today: date) -> bytes:
    """The sample Clients table (CSV, UTF-8) with end dates counted from `today`, so that it is never stale."""
    source = files("bot.imports").joinpath("sample", "clients.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(source)))
    place = rows[0].index(_OFFSET_HEADING)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_END_HEADING if heading == _OFFSET_HEADING else heading for heading in rows[0]])
    for row in rows[1:]:
        end = (today + timedelta(days=int(row[place]))).isoformat() if row[place] else ""
        writer.writerow([*row[:place], end, *row[place + 1 :]])
    return target.getvalue().encode()


def sample_curators() -> tuple[SampleCurator, ...]:
    """Three curators: an owner, a curator who reads Russian, and a viewer."""
    return (
        SampleCurator("Anna", "+37120000101", "en", "owner", "Europe/Riga"),
        SampleCurator("Марта", "+37120000102", "ru", "curator", "Europe/Riga"),
        SampleCurator("Tom", "+37120000103", "en", "viewer", "Europe/London"),
    )


def sample_deposit() -> Money:
    """What is in the partner account when the demo begins."""
    return Money(120_000, "EUR")
