"""What came due and was over before a scan looked at it: kept as an alert that nobody was told of, so that it can be
explained. It is in no cycle's way: the same may come due again, and is said then."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from bot.alerts.alert import Alert, Due
from bot.alerts.fingerprint import alert_key
from bot.alerts.repository import UNRAISED
from bot.alerts.rules import passed_over
from bot.id_generator import new_id
from bot.ids import AlertId, ClientId, PartnerId

LASTS_LONGER = "lasts_longer"
"""The reason where money that is spent by use turned out to last longer."""


def gone(before: Collection[Due], after: Collection[Due], now: datetime) -> Iterator[Due]:
    """The most advanced rung of each cycle that was reached `before` and is not reached any more `after`."""
    still = {(one.kind, one.stage, one.cycle) for one in after if one.due_at <= now}
    lost = [one for one in before if (one.kind, one.stage, one.cycle) not in still]
    for one in lost:
        if one.stage == min(other.stage for other in lost if (other.kind, other.cycle) == (one.kind, one.cycle)):
            yield one


def unraised(
    partner_id: PartnerId, client_id: ClientId, rung: Due, beside: Collection[Due], reason: str, now: datetime
) -> Alert:
    """The note of one such rung; `beside` are the ones that were due with it."""
    return Alert(
        id=AlertId(new_id()),
        partner_id=partner_id,
        client_id=client_id,
        key=f"{alert_key(client_id, rung)}:{UNRAISED}:{now.isoformat()}",
        kind=rung.kind,
        stage=rung.stage,
        cycle=rung.cycle,
        facts=due_facts(rung, beside),
        raised_at=now,
        resolved_at=now,
        resolution=f"{UNRAISED}:{reason}",
    )


def due_facts(rung: Due, beside: Collection[Due]) -> Mapping[str, object]:
    """What a snapshot keeps of the ladder: when the stage was due, and the earlier stages that it stands for."""
    passed = [{"stage": one.stage, "due_at": one.due_at.isoformat()} for one in passed_over(beside, rung)]
    return {"due_at": rung.due_at.isoformat(), "passed": passed}
