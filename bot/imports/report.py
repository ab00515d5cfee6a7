"""What an import did or would do, for people and as JSON. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.imports.plan import Difference, Doubt, Plan
from bot.imports.reasons import reason_text
from bot.imports.table import Rejection, Table


@dataclass(frozen=True, slots=True)
class ClientChange:
    """One client whose data differ now, and in which fields."""

    account_id: str
    company: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of one import. `added`, `changed`, `unchanged` and `rejected` together are all rows `read`.

    `missing` clients are known and not in the table. `differences` were left as our books have them. `doubt.asks`: the
    import needs a yes. `as_of`: when the table was taken for true.
    `warned`: what is odd in rows that were taken all the same. `run_id` is None for a dry run.
    """

    read: int
    added: tuple[ClientChange, ...]
    changes: tuple[ClientChange, ...]
    unchanged: int
    missing: tuple[ClientChange, ...]
    rejected: tuple[Rejection, ...]
    differences: tuple[Difference, ...]
    ignored: tuple[str, ...]
    doubt: Doubt
    as_of: datetime
    dry_run: bool
    run_id: str | None = None
    warned: tuple[Rejection, ...] = ()

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The answer of `clients import --json`."""
        return {
            "read": self.read,
            "added": len(self.added),
            "changed": len(self.changes),
            "unchanged": self.unchanged,
            "missing": len(self.missing),
            "rejected": [_rejection(one, language) for one in self.rejected],
            "warnings": [_rejection(one, language) for one in self.warned],
            "ignored": list(self.ignored),
            "differences": [asdict(one) for one in self.differences],
            "changes": [_change(one) for one in self.changes],
            "missing_clients": [{"account_id": one.account_id, "company": one.company} for one in self.missing],
            "needs_yes": self.doubt.asks,
            "as_of": self.as_of.isoformat(),
            "dry_run": self.dry_run,
            "run": self.run_id,
        }


def report_of(table: Table, plan: Plan, *, as_of: datetime, dry_run: bool, run_id: str | None) -> ImportReport:
    """The report on a plan."""
    return ImportReport(
        read=table.read,
        added=tuple(ClientChange(one.row.account_id, one.data.company, ()) for one in plan.additions),
        changes=tuple(ClientChange(one.row.account_id, one.data.company, one.fields) for one in plan.alterations),
        unchanged=len(plan.unchanged),
        missing=tuple(ClientChange(one.client.account_id, one.client.company, ()) for one in plan.missing),
        rejected=plan.rejected,
        differences=plan.differences,
        ignored=table.ignored,
        doubt=plan.doubt,
        as_of=as_of,
        dry_run=dry_run,
        run_id=run_id,
        warned=plan.warned,
    )


def _rejection(one: Rejection, language: str) -> Mapping[str, Any]:
    return {"line": one.line, "column": one.column, "reason": reason_text(one.problem, language)}


def _change(one: ClientChange) -> Mapping[str, Any]:
    return {"account_id": one.account_id, "company": one.company, "fields": list(one.fields)}
