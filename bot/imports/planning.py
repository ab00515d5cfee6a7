"""A whole table against all known clients: the plan of an import. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from bot.directory.people import ClientData
from bot.imports.cells import Problem, shown
from bot.imports.compare import compare, said_of
from bot.imports.plan import Addition, Alteration, Difference, Doubt, Known, Plan, Rules
from bot.imports.table import POLL, ClientRow, Rejection, Table


def make_plan(table: Table, known: Sequence[Known], rules: Rules) -> Plan:
    """Compare a table with what is known of the partner's clients."""
    by_account = {one.client.account_id: one for one in known}
    additions: list[Addition] = []
    compared: list[tuple[Alteration, tuple[Difference, ...]]] = []
    rejected, warned = list(table.rejected), []
    for row in table.rows:
        found = by_account.get(row.account_id)
        odd = _odd_plan(row, found, table, rules)
        if odd is not None and rules.partner.gateway != "book":
            warned.append(odd)
            odd = None
        if refused := _refusal(row, found, table, rules) or odd:
            rejected.append(refused)
        elif found is None:
            additions.append(Addition(row, _new_data(row, rules)))
        else:
            compared.append(compare(row, found, table, rules))
    seen = {row.account_id for row in table.rows} | {one for refused in rejected for one in refused.account_ids}
    return Plan(
        additions=tuple(additions),
        alterations=tuple(one for one, _ in compared if one.fields),
        unchanged=tuple(one.known for one, _ in compared if not one.fields),
        missing=tuple(
            one
            for account_id, one in by_account.items()
            if account_id not in seen and not one.client.is_own and table.kind != POLL
        ),
        rejected=tuple(sorted(rejected, key=lambda one: one.line)),
        warned=tuple(warned),
        differences=tuple(difference for _, found in compared for difference in found),
        doubt=_doubt(compared, table),
        said=_said([one.row for one in additions] + [one.row for one, _ in compared], table, by_account),
    )


def _refusal(row: ClientRow, known: Known | None, table: Table, rules: Rules) -> Rejection | None:
    """Why a row that reads well still cannot be taken."""
    field, problem = "currency", None
    if known is None:
        if row.company is None:
            field, problem = "company", Problem("company_missing")
        elif row.currency is None:
            problem = Problem("client_without_currency")
    elif row.currency not in (None, known.client.currency):
        problem = Problem("currency_changed", {"known": known.client.currency, "given": row.currency})
    elif rules.is_older(known.client.as_of):
        field, problem = "account_id", Problem("seen_later", {"known": f"{known.client.as_of:%Y-%m-%d %H:%M} UTC"})
    if problem is None:
        return None
    return Rejection(row.line, table.headings.get(field), problem, (row.account_id,))


def _odd_plan(row: ClientRow, known: Known | None, table: Table, rules: Rules) -> Rejection | None:
    """A plan that the price book does not have: in our own books it could be neither renewed nor charged."""
    if row.plan is None or not rules.plans:
        return None
    wanted = row.plan.casefold()
    names = {word.casefold(): title for name, title in rules.plans.items() for word in (name, title)}
    if wanted in names or (known is not None and known.plan == wanted):
        return None
    near = get_close_matches(wanted, names, n=1)
    facts = {"value": shown(row.plan), "known": ", ".join(rules.plans.values())}
    problem = (
        Problem("plan_unknown_near", {**facts, "nearest": names[near[0]]}) if near else Problem("plan_unknown", facts)
    )
    return Rejection(row.line, table.headings.get("plan"), problem, (row.account_id,))


def _new_data(row: ClientRow, rules: Rules) -> ClientData:
    return ClientData(
        account_id=row.account_id,
        company=row.company or "",
        currency=row.currency or "",
        language=row.language or rules.partner.language,
        time_zone=row.time_zone or rules.partner.time_zone,
        email=row.email,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        tags=row.tags,
        source="import",
        as_of=rules.now,
    )


def _doubt(compared: Sequence[tuple[Alteration, tuple[Difference, ...]]], table: Table) -> Doubt:
    """Balances that differ count whether or not they are written; those that the last table said already do not."""
    balances = ends = balances_of = ends_of = 0
    for one, _ in compared:
        says = said_of(one.row, table.present)
        if one.row.balance is not None and one.known.balance is not None:
            balances_of += 1
            news = says["balance"] != one.known.said.get("balance", "")
            balances += one.row.balance != one.known.balance and (news or one.balance is not None)
        if "subscription_end" in table.present:
            ends_of += 1
            ends += "subscription_end" in one.fields
    return Doubt(balances, balances_of, ends, ends_of)


def _said(taken: Iterable[ClientRow], table: Table, known: Mapping[str, Known]) -> dict[str, dict[str, str]]:
    """What is to be remembered: what earlier tables said, and over it what this one says."""
    said = {account_id: dict(one.said) for account_id, one in known.items() if one.said}
    for row in taken:
        said[row.account_id] = said.get(row.account_id, {}) | said_of(row, table.present)
    return said
