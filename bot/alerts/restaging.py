"""Makes the ladders anew when the stages of `alerts.toml` have changed, as they do not when only time passes."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select

from bot.alerts.ladders import rebuild
from bot.alerts.policy import Levels, Policy
from bot.alerts.surroundings import Surroundings
from bot.errors import ConfigError
from bot.ids import ClientId
from bot.storage.queries import insert_if_absent, upsert
from bot.storage.reading import Reading
from bot.storage.tables import client, ladder_policy, partner

_RESTAGED = "stages"
"""What is noted with alerts that no stage stands for any more."""
_REMEMBERED = Reading(select(ladder_policy.c.digest, ladder_policy.c.anew_after))
_known: tuple[Policy, str] | None = None
"""The policy that was asked of last, and its digest."""
_FIRST = ""
"""Before the first client."""


def note(conn: Connection, policy: Policy) -> None:
    """Remember with which stages this database's ladders are made, when nothing is remembered yet."""
    insert_if_absent(conn, ladder_policy, [{"id": 1, "digest": digest(policy), "anew_after": None}])


def restage(conn: Connection, limit: int, *, now: datetime, env: Surroundings) -> bool:
    """Make the ladders of at most so many clients anew if their stages are old ones; whether more of them wait."""
    note(conn, env.policy)
    known = _REMEMBERED.one(conn)
    wanted = digest(env.policy)
    after = known.anew_after if known.digest == wanted else _FIRST
    if after is None:
        return False
    query = select(client.c.id).where(client.c.id > after).order_by(client.c.id).limit(limit)
    found = [ClientId(one) for one in conn.execute(query).scalars()]
    rebuild(conn, dict.fromkeys(found, _RESTAGED), now=now, env=env)
    more = len(found) == limit
    upsert(conn, ladder_policy, [{"id": 1, "digest": wanted, "anew_after": found[-1] if more else None}])
    return more


def of_nobody(conn: Connection, policy: Policy) -> list[str]:
    """The tables of `alerts.toml` that are about a partner or a client that there is not, as they are written there."""
    partners = set(conn.execute(select(partner.c.id)).scalars())
    clients = _holders(conn, {*policy.of_client, *(account_id for _, account_id in policy.of_partners_client)})
    named = {*policy.of_partner, *policy.days_off}
    of_partners = sorted(one for one in policy.of_partners_client if one[0] not in clients.get(one[1], ()))
    return [
        *(f"partner.{one}" for one in sorted(named - partners)),
        *(f"client.{one}" for one in sorted(set(policy.of_client) - set(clients))),
        *(f"partner.{partner_id}.client.{account_id}" for partner_id, account_id in of_partners),
    ]


def refuse_ambiguous(conn: Connection, policy: Policy) -> None:
    """ConfigError where a table is about an account ID that clients of several partners have."""
    shared = {one: holders for one, holders in _holders(conn, policy.of_client).items() if len(holders) > 1}
    problems = [
        f"client.{account_id}: {' and '.join(holders)} each have a client {account_id}, say whose: "
        f"[partner.{holders[0]}.client.{account_id}.stages]"
        for account_id, holders in sorted(shared.items())
    ]
    if problems:
        raise ConfigError(problems)


def _holders(conn: Connection, account_ids: Iterable[str]) -> dict[str, list[str]]:
    """The partners who have a client with each of these account IDs, in order; no entry where nobody has."""
    columns = (client.c.account_id, client.c.partner_id)
    found: dict[str, list[str]] = {}
    for row in conn.execute(select(*columns).where(client.c.account_id.in_(list(account_ids))).order_by(*columns)):
        found.setdefault(row.account_id, []).append(row.partner_id)
    return found


def digest(policy: Policy) -> str:
    """The same for policies that make the same ladders. Worked out once for a policy: it is asked for at every scan."""
    global _known
    if _known is None or _known[0] is not policy:
        _known = policy, _digest(policy)
    return _known[1]


def _digest(policy: Policy) -> str:
    parts = {
        "raise_at": policy.raise_at.isoformat(),
        "general": _plain(policy.general),
        "partner": {name: _plain(one) for name, one in policy.of_partner.items()},
        "client": {name: _plain(one) for name, one in policy.of_client.items()},
    }
    if policy.of_partners_client:
        parts["partners_client"] = {".".join(name): _plain(one) for name, one in policy.of_partners_client.items()}
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _plain(levels: Levels) -> Mapping[str, Mapping[str, list[int]]]:
    return {
        "stages": {kind.value: list(days) for kind, days in levels.stages.items()},
        "balance": {currency: list(amounts) for currency, amounts in levels.balance.items()},
    }
