"""One row of a table against one known client: what to write, what to leave and note. Pure.

Three values meet in every field: ours, the table's, and what the table said last time. A field that the table has not
moved since then is no reason to undo what happened here meanwhile (a renewal, a top-up): it stays ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.directory.people import ClientData
from bot.imports.plan import Alteration, Difference, Known, Rules
from bot.imports.table import Channels, ClientRow, Table
from bot.money import Money

_TERMS = ("plan", "months")
_CHANNELS = ("channels", "daily_charge")


def compare(row: ClientRow, known: Known, table: Table, rules: Rules) -> tuple[Alteration, tuple[Difference, ...]]:
    """What to write of a known client, and where table and books disagree and the books stay."""
    present = table.present
    says = said_of(row, present)
    moved = frozenset(field for field in says if _moved(field, says[field], _ours(field, row, known), known, rules))
    data = _merged(row, known.client.data, present, rules.now)
    differences: list[Difference] = []
    opening = row.balance if known.balance is None else None
    balance = _target_balance(row, known, rules, differences)
    ends = "subscription_end" in present and _takes_end(row, known, moved, rules, differences)
    terms = bool(moved & set(_TERMS)) and bool(row.subscription_end or known.end)
    channels = bool(moved & set(_CHANNELS)) and _takes_channels(row, known, differences)
    fields = (
        *_different(known.client.data, data),
        *(["missing_since"] if known.client.missing_since else []),
        *(["balance"] if opening is not None or balance is not None else []),
        *(["subscription_end"] if ends else []),
        *(field for field in (*_TERMS, *_CHANNELS) if field in moved and (terms if field in _TERMS else channels)),
    )
    altered = Alteration(known, row, data, fields, opening, balance, subscription=ends or terms, channels=channels)
    return altered, tuple(differences)


def _moved(field: str, says: str, ours: str, known: Known, rules: Rules) -> bool:
    """Does the table tell news? What differs from ours, and is not what the last table said already."""
    return says != ours and (rules.overwrite or says != known.said.get(field, ours))


def _ours(field: str, row: ClientRow, known: Known) -> str:
    """What we know of a field ourselves, in the spelling of `said_of`."""
    if field == "channels" and row.channels is not None:
        return _channels_text(len(known.channels), known.channels if row.channels.named else ())
    texts = {
        "balance": str(known.balance),
        "subscription_end": known.end.isoformat() if known.end else "",
        "plan": known.plan or "",
        "months": f"{known.months or ''}",
        "daily_charge": str(known.daily) if known.daily is not None else "",
    }
    return texts.get(field, "")


def _target_balance(row: ClientRow, known: Known, rules: Rules, differences: list[Difference]) -> Money | None:
    """The balance to bring the account to; None to leave it, and then a difference is noted."""
    if row.balance is None or known.balance is None or row.balance == known.balance:
        return None
    if rules.overwrite:
        return row.balance
    differences.append(_difference(known, "balance", str(known.balance), str(row.balance)))
    return None


def _takes_end(
    row: ClientRow, known: Known, moved: frozenset[str], rules: Rules, differences: list[Difference]
) -> bool:
    """Is the table's end date to be written? Not when only ours has moved, nor when both have, unless told to.

    An empty cell ends nothing: it may be a gap in the table, and taking it for the truth would start daily payments.
    """
    if row.subscription_end == known.end:
        return False
    said = known.said.get("subscription_end")
    ours_moved = said is not None and said != (known.end.isoformat() if known.end else "")
    wanted = rules.overwrite or ("subscription_end" in moved and not ours_moved)
    if wanted and row.subscription_end is not None:
        return True
    ours = known.end.isoformat() if known.end else None
    table = row.subscription_end.isoformat() if row.subscription_end else None
    differences.append(_difference(known, "subscription_end", ours, table))
    return False


def _takes_channels(row: ClientRow, known: Known, differences: list[Difference]) -> bool:
    """Is there anything to write of channels? A channel that the table no longer has stays: it may not know of it."""
    wanted = channel_list(row.channels, known.channels)
    if row.channels is not None and row.channels.count < len(known.channels):
        differences.append(_difference(known, "channels", str(len(known.channels)), str(row.channels.count)))
    return bool(wanted)


def _difference(known: Known, field: str, ours: str | None, table: str | None) -> Difference:
    return Difference(known.client.account_id, known.client.company, field, ours, table)


def _different(before: ClientData, after: ClientData) -> tuple[str, ...]:
    fields = ("company", "email", "language", "time_zone", "contact_name", "contact_phone", "tags")
    return tuple(field for field in fields if getattr(before, field) != getattr(after, field))


def said_of(row: ClientRow, present: Iterable[str]) -> dict[str, str]:
    """What a row says of money, subscription and channels, in one spelling, for comparing with the next table."""
    texts = {
        "balance": str(row.balance) if row.balance is not None else "",
        "subscription_end": row.subscription_end.isoformat() if row.subscription_end else "",
        "plan": (row.plan or "").lower(),
        "months": f"{row.months or ''}",
        "channels": _channels_text(row.channels.count, channel_list(row.channels, ()) if row.channels.named else ())
        if row.channels
        else "",
        "daily_charge": str(row.daily_charge) if row.daily_charge is not None else "",
    }
    return {field: text for field, text in texts.items() if field in present}


def _channels_text(count: int, named: Iterable[tuple[str, str]]) -> str:
    return f"{count} " + ";".join(sorted(f"{transport}:{name}" for transport, name in named))


def channel_list(channels: Channels | None, ours: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Transport and name of each channel a table means. Where it gives only a number, ours and then numbered ones."""
    if channels is None:
        return list(ours)
    if channels.named:
        return [(one.transport, one.name or f"{n}") for n, one in enumerate(channels.named, start=1)]
    free = (("whatsapp", f"{n}") for n in range(1, len(ours) + channels.count + 1))
    more = [one for one in free if one not in ours]
    return [*ours, *more[: max(channels.count - len(ours), 0)]]


def _merged(row: ClientRow, before: ClientData, present: frozenset[str], now: datetime) -> ClientData:
    """The client's details with what the table tells. An empty cell clears what may be empty and nothing else."""

    def optional(field: str) -> str | None:
        value: str | None = getattr(row if field in present else before, field)
        return value

    return replace(
        before,
        company=row.company or before.company,
        language=row.language or before.language,
        time_zone=row.time_zone or before.time_zone,
        email=optional("email"),
        contact_name=optional("contact_name"),
        contact_phone=optional("contact_phone"),
        tags=row.tags if "tags" in present else before.tags,
        as_of=now,
    )
