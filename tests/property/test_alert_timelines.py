"""Random lives of three clients on a real database: what is said, is said once, forward, and in one message a scan."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bot.alerts import service as alerts
from bot.alerts.repository import RAISED
from bot.directory import service as directory
from bot.errors import UserError
from bot.ids import ClientId, CuratorId
from bot.storage.tables import alert, delivery, notification
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    add_client,
    add_curator,
    add_partner,
    charge,
    move_end,
    scan,
    top_up,
)

clients = st.integers(0, 2)
step = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 24 * 9)),
    st.tuples(st.just("scan")),
    st.tuples(st.just("scan")),
    st.tuples(st.just("move_end"), clients, st.integers(-5, 30)),
    st.tuples(st.just("top_up"), clients, st.integers(1, 60)),
    st.tuples(st.just("mute"), clients),
    st.tuples(st.just("unmute"), clients),
)


class Story:
    """Three clients, two curators, and a clock."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.now: datetime = NOW
        add_partner(conn, "100000.00")
        self.people: list[CuratorId] = [add_curator(conn), add_curator(conn, "Marta", language="ru")]
        self.clients: list[ClientId] = [add_client(conn, wanted) for wanted in (ALFA, BETA, GAMMA)]

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        charge(self.conn, self.now)

    def scan(self) -> None:
        before = Counter(row.curator_id for row in self.conn.execute(_ALERTS_OUT))
        report = scan(self.conn, self.now)
        after = Counter(row.curator_id for row in self.conn.execute(_ALERTS_OUT))
        assert all(after[one] - before[one] <= 1 for one in self.people)
        assert sum(after.values()) - sum(before.values()) == report.messages
        assert alerts.scan(self.conn, now=self.now, env=ENV).messages == 0

    def move_end(self, client: int, days: int) -> None:
        move_end(self.conn, self.clients[client], (self.now + timedelta(days=days)).date(), now=self.now)

    def top_up(self, client: int, amount: int) -> None:
        with suppress(UserError):
            top_up(self.conn, self.clients[client], f"{amount}.00", self.people[0], now=self.now)

    def mute(self, client: int) -> None:
        directory.mute(self.conn, self.people[0], self.clients[client], self.now)

    def unmute(self, client: int) -> None:
        directory.unmute(self.conn, self.people[0], self.clients[client])


_ALERTS_OUT = select(delivery.c.curator_id).where(delivery.c.kind.in_(["alert", "notice"]))


@settings(max_examples=40)
@given(st.lists(step, max_size=25))
def test_each_stage_is_raised_once_and_forward_and_every_alert_is_accounted_for(steps: list[tuple[Any, ...]]) -> None:
    with fresh_sqlite() as db:

        def play(conn: Connection) -> None:
            story = Story(conn)
            for name, *values in steps:
                getattr(story, name)(*values)
            _check_stages(conn)
            _check_accounts(conn, story.people)

        db.write_now(play)


def _check_stages(conn: Connection) -> None:
    stages: dict[tuple[str, str, str], list[int]] = {}
    for row in conn.execute(select(alert).where(RAISED).order_by(alert.c.raised_at, alert.c.id)):
        stages.setdefault((row.client_id, row.kind, row.cycle), []).append(row.stage)
    for told in stages.values():
        assert told == sorted(set(told), reverse=True)


def _check_accounts(conn: Connection, people: list[CuratorId]) -> None:
    """Every alert that was worth saying has one outcome for each curator, and what was sent has its message."""
    unsaid = alert.c.resolution.in_(["superseded", "forgotten"])
    watched = select(alert.c.id).where((alert.c.state == "open") | ~unsaid)
    watched = watched.where(RAISED, alert.c.kind.in_(["ending", "ended", "running_out", "stopped"]))
    for alert_id in conn.execute(watched).scalars():
        rows = conn.execute(select(notification).where(notification.c.alert_id == alert_id)).all()
        assert {row.curator_id for row in rows} == set(people)
        assert all((row.outcome == "sent") == (row.delivery_id is not None) for row in rows)
        assert all((row.outcome == "suppressed") == (row.reason is not None) for row in rows)
