"""`import_table`: take a Clients table for true, and tell alerts what changed. The door of this room.

`import_table` does it in one unit, for a caller that has one open; `import_in_units` in several short ones, so that a
table of thousands keeps nobody else from writing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar, TypeVarTuple

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing import repository as billing
from bot.billing.holdings import Holdings
from bot.billing.local_day import local_date
from bot.directory import service as directory
from bot.directory.partners import require_official
from bot.directory.people import Client
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import PartnerId
from bot.imports import repository
from bot.imports.plan import Addition, Alteration, Doubt, Known, Plan, Rules
from bot.imports.planning import make_plan
from bot.imports.report import ImportReport, report_of
from bot.imports.sights import look_at_tasks
from bot.imports.table import Table
from bot.imports.writing import Run, Written, write_client
from bot.money import Money

SNAPSHOT_REASON = "newest table"
"""Why balances follow the table of a partner whose money lives elsewhere."""
UNIT_SIZE = 4
"""Clients that one unit of `import_in_units` writes."""
T = TypeVar("T")
Args = TypeVarTuple("Args")


class Write(Protocol):
    """Runs a function of a connection as a durable unit, as `Database.write_now` does."""

    def __call__(self, fn: Callable[[Connection, *Args], T], /, *args: *Args) -> T: ...


@dataclass(frozen=True, slots=True)
class How:
    """How a table is taken, and by whom.

    `adjust` with a `reason`: where it disagrees with our books it is right. `yes`: go on though much would move.
    `dry_run`: only report. `as_of`: when the table was true, None for now; of what is kept elsewhere, a newer sight
    of a client wins.
    """

    by: str
    dry_run: bool = False
    adjust: bool = False
    reason: str | None = None
    yes: bool = False
    file_name: str | None = None
    as_of: datetime | None = None


def import_table(
    conn: Connection,
    partner_id: PartnerId,
    table: Table,
    *,
    env: Surroundings,
    now: datetime,
    by: str,
    dry_run: bool = False,
    adjust: bool = False,
    reason: str | None = None,
    yes: bool = False,
    file_name: str | None = None,
    as_of: datetime | None = None,
) -> ImportReport:
    """Take a Clients table for true as of `as_of`, or now. The same table twice changes nothing.

    Absent clients are flagged. In the book gateway the first balance opens the account, later ones are compared and
    left, unless `adjust` with a `reason`; in any other the newest table wins. `dry_run` only reports. UserError
    `import_many_changes` when more than a fifth of known balances or end dates would move and there is no `yes`;
    `import_reason_missing`; `partner_unknown`; `partner_applicant` or `partner_not_official` where there is no Clients
    table yet.
    """
    how = How(by, dry_run, adjust, reason, yes, file_name, as_of)

    def here(fn: Callable[[Connection, *Args], T], /, *args: *Args) -> T:
        return fn(conn, *args)

    return _import(here, partner_id, table, env, now, how, size=len(table.rows) + 1)


def import_in_units(
    write: Write,
    partner_id: PartnerId,
    table: Table,
    *,
    env: Surroundings,
    now: datetime,
    how: How,
    size: int = UNIT_SIZE,
) -> ImportReport:
    """As `import_table`, in units of `size` clients. Cut short, the next import of the table does the rest."""
    return _import(write, partner_id, table, env, now, how, size)


def _import(
    write: Write, partner_id: PartnerId, table: Table, env: Surroundings, now: datetime, how: How, size: int
) -> ImportReport:
    plan, run = write(_begin, partner_id, table, env, now, how)
    as_of = how.as_of or now
    if how.dry_run:
        return report_of(table, plan, as_of=as_of, dry_run=True, run_id=None)
    written = Written()
    for part in _parts((*plan.additions, *plan.alterations), size):
        written += write(_carry_out, run, part, env)
    report = report_of(table, plan, as_of=as_of, dry_run=False, run_id=run.id)
    report = replace(report, differences=(*report.differences, *written.refused))
    write(_finish, run, plan, report, table.digest, how.file_name)
    write(look_at_tasks, partner_id, table, as_of, env, now)
    return report


def _begin(
    conn: Connection, partner_id: PartnerId, table: Table, env: Surroundings, now: datetime, how: How
) -> tuple[Plan, Run]:
    """Compare, and refuse what must be asked first. Writes nothing."""
    partner = directory.get_partner(conn, partner_id)
    require_official(partner)
    if how.adjust and not (how.reason or "").strip():
        raise UserError("import_reason_missing")
    if not how.dry_run:
        repository.lock_partner(conn, partner_id)
    plans = {one.name: one.title for one in env.book.plans.values()}
    rules = Rules(partner, how.as_of or now, overwrite=how.adjust or partner.gateway != "book", plans=plans)
    plan = make_plan(table, _known(conn, partner_id, now), rules)
    if not how.dry_run and not how.yes:
        _ask(plan.doubt)
    return plan, Run(new_id(), partner_id, table.present, now, how.by, how.reason or SNAPSHOT_REASON, table.source)


def _ask(doubt: Doubt) -> None:
    if doubt.asks:
        facts = {"balances": doubt.balances, "balances_of": doubt.balances_of, "ends": doubt.ends}
        raise UserError("import_many_changes", **facts, ends_of=doubt.ends_of)


def _carry_out(conn: Connection, run: Run, part: Sequence[Addition | Alteration], env: Surroundings) -> Written:
    """Write some clients and let alerts know, together."""
    repository.lock_partner(conn, run.partner_id)
    written = Written()
    for one in part:
        written += write_client(conn, run, one)
    alerts.apply(conn, written.changes, now=run.now, env=env)
    return written


def _finish(conn: Connection, run: Run, plan: Plan, report: ImportReport, digest: str, file_name: str | None) -> None:
    """Note who was seen and who was not, and record the run."""
    repository.mark_seen(conn, (one.client.id for one in plan.unchanged), report.as_of, run.source)
    directory.flag_missing(conn, [one.client.id for one in plan.missing], run.now)
    repository.insert_run(
        conn,
        run.id,
        run.partner_id,
        file_name=file_name,
        checksum=digest,
        at=run.now,
        done_by=run.by,
        report={**report.as_json(), "said": plan.said},
    )


def _parts(work: Sequence[Addition | Alteration], size: int) -> Iterator[Sequence[Addition | Alteration]]:
    for start in range(0, len(work), size):
        yield work[start : start + size]


def _known(conn: Connection, partner_id: PartnerId, now: datetime) -> list[Known]:
    clients = directory.list_clients(conn, partner_id)
    holdings = billing.holdings(conn, [one.id for one in clients])
    said = repository.last_said(conn, partner_id)
    return [_one_known(one, holdings[one.id], said.get(one.account_id, {}), now) for one in clients]


def _one_known(client: Client, held: Holdings, said: Mapping[str, str], now: datetime) -> Known:
    subscription = held.to_renew(local_date(now, held.time_zone))
    rates = [one.daily_minor for one in held.channels]
    daily = sum(rate for rate in rates if rate is not None)
    return Known(
        client=client,
        balance=held.balance if held.account_id else None,
        end=subscription.end_date if subscription else None,
        plan=subscription.plan if subscription else None,
        months=subscription.months if subscription else None,
        channels=tuple((one.transport, one.name) for one in held.channels),
        daily=Money(daily, held.currency) if rates and None not in rates else None,
        said=said,
    )
