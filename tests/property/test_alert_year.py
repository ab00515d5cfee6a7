"""Months of many clients in several zones, hour by hour, with people who renew, mute and sleep: the books balance."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select

from bot.alerts import service as alerts
from bot.directory import service as directory
from bot.ids import CuratorId
from bot.storage.tables import alert, alert_due, delivery, notification
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import ALFA, ENV, POLICY, add_client, add_curator, add_partner, charge, move_end

ZONES = ("Europe/Riga", "America/Sao_Paulo", "Asia/Almaty", "America/New_York")
HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))
START = datetime(2026, 9, 1, 5, tzinfo=UTC)
DAYS = 75
"""Long enough for the night on which Europe and America change their clocks."""


@pytest.mark.slow
def test_every_due_stage_is_accounted_for_and_nothing_went_out_at_night() -> None:
    chance = Random(7)
    with fresh_sqlite() as db:

        def play(conn: Connection) -> None:
            add_partner(conn)
            people = {add_curator(conn, f"Curator {n}", time_zone=ZONES[n]): ZONES[n] for n in range(3)}
            ends = [date(2026, 9, 3) + timedelta(days=chance.randrange(DAYS)) for _ in range(40)]
            clients = []
            for n, day in enumerate(ends):
                wanted = replace(ALFA, account_id=f"482{n:05d}", zone=chance.choice(ZONES), ends=day, channels=1)
                clients.append(add_client(conn, wanted, now=START))
            now = START
            while now < START + timedelta(days=DAYS):
                now += timedelta(hours=chance.choice((1, 1, 1, 2, 7)))
                charge(conn, now)
                if chance.random() < 0.04:
                    move_end(conn, chance.choice(clients), (now + timedelta(days=90)).date(), now=now)
                if chance.random() < 0.02:
                    directory.mute(conn, chance.choice(list(people)), chance.choice(clients), now)
                alerts.scan(conn, now=now, env=HOURS)
            _check(conn, people, now)

        db.write_now(play)


def _check(conn: Connection, people: dict[CuratorId, str], now: datetime) -> None:
    assert not conn.execute(select(func.count()).where(alert_due.c.due_at <= now)).scalar()
    outcomes = Counter(conn.execute(select(notification.c.outcome)).scalars())
    unsaid = func.coalesce(alert.c.resolution, "").in_(["superseded", "forgotten"])
    raised = conn.execute(select(func.count()).select_from(alert).where(~unsaid)).scalar_one()
    assert sum(outcomes.values()) == raised * len(people)
    assert outcomes["sent"] > 100
    for row in conn.execute(select(delivery).where(delivery.c.kind == "alert")):
        local = row.created_at.astimezone(ZoneInfo(people[row.curator_id]))
        assert 9 <= local.hour < 20
