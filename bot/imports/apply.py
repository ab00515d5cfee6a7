"""`import_table`: carry a table into people, money and subscriptions, in one unit, and tell alerts what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing import repository as billing
from bot.billing.changed import Changed
from bot.billing.holdings import Holdings
from bot.billing.importing import set_channels, set_subscription
from bot.billing.local_day import local_date
from bot.billing.opening import adjust_balance, open_client
from bot.directory import service as directory
from bot.directory.people import Client
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import ClientId, PartnerId
from bot.imports import repository
from bot.imports.compare import channel_list
from bot.imports.plan import Addition, Alteration, Difference, Known, Plan, Rules
from bot.imports.planning import make_plan
from bot.imports.report import ImportReport, report_of
from bot.imports.table import ClientRow, Table
from bot.money import Money

SNAPSHOT_REASON = "newest table"
"""Why balances follow the table of a partner whose money lives elsewhere."""


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
) -> ImportReport:
    """Take a Clients table for true as of `now`. The same table twice changes nothing; absent clients are flagged.

    In the book gateway the first balance opens the account, later ones are compared and left, unless `adjust` with a
    `reason`; in any other the newest table wins. `dry_run` only reports. UserError `import_many_changes` when more than
    a fifth of known balances or end dates would move and there is no `yes`; `import_reason_missing`; `partner_unknown`.
    """
    partner = directory.get_partner(conn, partner_id)
    if adjust and not (reason or "").strip():
        raise UserError("import_reason_missing")
    if not dry_run:
        repository.lock_partner(conn, partner_id)
    rules = Rules(partner, now, overwrite=adjust or partner.gateway != "book")
    plan = make_plan(table, _known(conn, partner_id, now), rules)
    if dry_run:
        return report_of(table, plan, as_of=now, dry_run=True, run_id=None)
    if plan.doubt.asks and not yes:
        doubt = plan.doubt
        facts = {"balances": doubt.balances, "balances_of": doubt.balances_of, "ends": doubt.ends}
        raise UserError("import_many_changes", **facts, ends_of=doubt.ends_of)
    run = _Run(conn, partner_id, table.present, now, new_id(), by, reason or SNAPSHOT_REASON)
    changes, refused = _write(run, plan)
    report = report_of(table, plan, as_of=now, dry_run=False, run_id=run.id)
    report = replace(report, differences=(*report.differences, *refused))
    repository.insert_run(
        conn,
        run.id,
        partner_id,
        file_name=file_name,
        checksum=table.digest,
        at=now,
        done_by=by,
        report={**report.as_json(), "said": plan.said},
    )
    alerts.apply(conn, changes, now=now, env=env)
    return report


@dataclass(frozen=True, slots=True)
class _Run:
    """What every write of one import shares."""

    conn: Connection
    partner_id: PartnerId
    present: frozenset[str]
    now: datetime
    id: str
    by: str
    reason: str


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
        channels=tuple((one.transport, one.name) for one in held.channels),
        daily=Money(daily, held.currency) if rates and None not in rates else None,
        said=said,
    )


def _write(run: _Run, plan: Plan) -> tuple[list[Changed], list[Difference]]:
    """Carry the plan out. What changed, and balances that could not be adjusted."""
    changes = [_add(run, addition) for addition in plan.additions]
    refused: list[Difference] = []
    for alteration in plan.alterations:
        directory.update_client(run.conn, alteration.known.client.id, alteration.data)
        refused += _write_money(run, alteration)
        _write_subscription(run, alteration)
        changes.append(Changed(run.partner_id, alteration.known.client.id, "imported"))
    repository.mark_seen(run.conn, (one.client.id for one in plan.unchanged), run.now)
    directory.flag_missing(run.conn, [one.client.id for one in plan.missing], run.now)
    return changes, refused


def _add(run: _Run, addition: Addition) -> Changed:
    row = addition.row
    client = directory.add_client(run.conn, run.partner_id, addition.data, run.now)
    if row.balance is not None:
        open_client(run.conn, run.partner_id, client.id, row.balance, now=run.now)
    if row.subscription_end is not None:
        _set_subscription(run, client.id, row, row.subscription_end)
    if row.channels is not None:
        wanted = channel_list(row.channels, ())
        subscribed = row.subscription_end is not None
        set_channels(run.conn, run.partner_id, client.id, wanted, row.daily_charge, subscribed, run.now)
    return Changed(run.partner_id, client.id, "opened")


def _write_money(run: _Run, alteration: Alteration) -> list[Difference]:
    known = alteration.known
    if alteration.opening is not None:
        open_client(run.conn, run.partner_id, known.client.id, alteration.opening, now=run.now)
    if alteration.balance is None:
        return []
    try:
        adjust_balance(
            run.conn,
            run.partner_id,
            known.client.id,
            alteration.balance,
            reason=run.reason,
            by=run.by,
            key=f"{run.id}:{known.client.id}",
            now=run.now,
        )
    except UserError:  # money is held for a transfer under way: the balance cannot go below it now
        return [
            Difference(
                known.client.account_id, known.client.company, "balance", str(known.balance), str(alteration.balance)
            )
        ]
    return []


def _write_subscription(run: _Run, alteration: Alteration) -> None:
    known, row = alteration.known, alteration.row
    end = row.subscription_end if "subscription_end" in alteration.fields else known.end
    if alteration.subscription and end is not None:
        _set_subscription(run, known.client.id, row, end)
    if alteration.channels:
        daily = row.daily_charge if "daily_charge" in run.present else known.daily
        wanted = channel_list(row.channels, known.channels)
        set_channels(run.conn, run.partner_id, known.client.id, wanted, daily, end is not None, run.now)


def _set_subscription(run: _Run, client_id: ClientId, row: ClientRow, end: date) -> None:
    set_subscription(
        run.conn,
        run.partner_id,
        client_id,
        plan=row.plan,
        end_date=end,
        months=row.months,
        as_of=run.now,
        now=run.now,
    )
