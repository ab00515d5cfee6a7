"""Random histories of clients and people: every day, every rule has exactly one explained outcome for each person."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

import bot
from bot.alerts import claims, postponing
from bot.alerts import service as alerts
from bot.alerts.alert import WATCHED
from bot.alerts.leaving import leave
from bot.alerts.returning import come_back
from bot.alerts.why import Outcome, why
from bot.directory import arrangements
from bot.directory import service as directory
from bot.errors import UserError
from bot.ids import ClientId, CuratorId
from bot.storage.tables import alert, alert_due, notification
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    POLICY,
    add_client,
    add_curator,
    add_partner,
    charge,
    move_end,
    top_up,
)

HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))
START = datetime(2026, 12, 17, 7, tzinfo=UTC)
"""The Thursday of the week before Christmas: a row of holidays lies ahead."""
WORDS = set(
    re.findall(r"why == '(\w+)'", (Path(bot.__file__).parent / "templates/messages/care/why.txt.j2").read_text())
) | {"settled"}
"""Reasons that the chat has words for."""
NOTHING = {"not_yet", "no_subscription", "no_daily_payments", "channels_run", "no_level_reached", "nothing_unpaid",
           "no_renewal_failed"}  # fmt: skip

PASSED = {"passed_over", "said_early"}

client, person = st.integers(0, 1), st.integers(0, 2)
step = st.one_of(
    st.tuples(st.just("wait"), st.integers(3, 40)),
    st.tuples(st.just("wait"), st.integers(3, 40)),
    st.tuples(st.just("outage"), st.integers(1, 9)),
    st.tuples(st.just("move_end"), client, st.integers(-2, 20)),
    st.tuples(st.just("top_up"), client, st.integers(1, 60)),
    st.tuples(st.just("mute"), person, client),
    st.tuples(st.just("unmute"), person, client),
    st.tuples(st.just("stop"), person),
    st.tuples(st.just("start"), person),
    st.tuples(st.just("away"), person, st.integers(1, 9)),
    st.tuples(st.just("back"), person),
    st.tuples(st.just("assign"), client, person),
    st.tuples(st.just("claim"), person, client),
    st.tuples(st.just("snooze"), person, client, st.integers(1, 5)),
    st.tuples(st.just("promise"), person, client, st.integers(1, 9)),
)


class History:
    """Two clients, three people of three countries, and a clock; every hour may bring a scan."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.now = START
        add_partner(conn, "100000.00")
        self.people: list[CuratorId] = [
            add_curator(conn),
            add_curator(conn, "Marta", time_zone="Asia/Almaty"),
            add_curator(conn, "Olga", role="owner"),
        ]
        arrangements.set_hours(conn, self.people[1], country="KZ")
        wanted = (replace(ALFA, ends=date(2026, 12, 28)), BETA)
        self.clients: list[ClientId] = [add_client(conn, one, now=START) for one in wanted]
        self.seen: dict[tuple[ClientId, CuratorId, str, date], Outcome] = {}
        self.due: set[tuple[str, str, int, str]] = set()
        """Client, kind, stage and cycle of everything that came due, as the ladder had it before anything was done."""

    def wait(self, hours: int) -> None:
        for _ in range(0, hours, 4):
            self.now += timedelta(hours=4)
            self.note_due()
            charge(self.conn, self.now)
            self.note_due()
            alerts.scan(self.conn, now=self.now, env=HOURS)

    def outage(self, days: int) -> None:
        """Nobody looks for some days."""
        self.now += timedelta(days=days)

    def note_due(self) -> None:
        query = select(alert_due.c.client_id, alert_due.c.kind, alert_due.c.stage, alert_due.c.cycle)
        self.due |= {tuple(row) for row in self.conn.execute(query.where(alert_due.c.due_at <= self.now))}

    def move_end(self, which: int, days: int) -> None:
        move_end(self.conn, self.clients[which], (self.now + timedelta(days=days)).date(), now=self.now)

    def top_up(self, which: int, amount: int) -> None:
        top_up(self.conn, self.clients[which], f"{amount}.00", self.people[0], now=self.now)

    def mute(self, who: int, which: int) -> None:
        self._leave(who, lambda one: directory.mute(self.conn, one, self.clients[which], self.now), which)

    def unmute(self, who: int, which: int) -> None:
        directory.unmute(self.conn, self.people[who], self.clients[which])
        self._catch_up(who)

    def stop(self, who: int) -> None:
        self._leave(who, lambda one: directory.stop(self.conn, one, self.now))

    def start(self, who: int) -> None:
        directory.start(self.conn, self.people[who])
        self._catch_up(who)

    def away(self, who: int, days: int) -> None:
        until = self.now + timedelta(days=days)
        self._leave(who, lambda one: arrangements.set_away(self.conn, one, until, None))

    def back(self, who: int) -> None:
        come_back(self.conn, self.people[who], now=self.now, env=HOURS)

    def assign(self, which: int, who: int) -> None:
        arrangements.assign(self.conn, self.clients[which], self.people[who])

    def claim(self, who: int, which: int) -> None:
        for one in alerts.open_alerts(self.conn, directory.get_client(self.conn, self.clients[which]).partner_id):
            if one.client_id == self.clients[which]:
                claims.claim(self.conn, one.id, self.people[who], now=self.now, env=HOURS)

    def snooze(self, who: int, which: int, days: int) -> None:
        until = self.now + timedelta(days=days)
        postponing.snooze(self.conn, self.clients[which], self.people[who], until=until, now=self.now)

    def promise(self, who: int, which: int, days: int) -> None:
        day = (self.now + timedelta(days=days)).date()
        postponing.promised(self.conn, self.clients[which], self.people[who], day=day, now=self.now, env=HOURS)

    def look(self) -> None:
        """Ask why of every client, and hold the answers against what is in the tables."""
        for client_id in self.clients:
            found = why(self.conn, client_id, now=self.now, env=HOURS)
            pairs = [(one.curator_id, one.kind) for one in found]
            assert sorted(pairs) == sorted((who, kind) for who in self.people for kind in WATCHED)
            for one in found:
                _is_explained(one, self.now)
                _is_true(self.conn, client_id, one)
                self.seen[(client_id, one.curator_id, one.kind, self.now.date())] = one
            self._every_stage_has_one(client_id, found)

    def _every_stage_has_one(self, client_id: ClientId, found: list[Outcome]) -> None:
        """Whatever came due has for each person exactly one outcome on its day, and a reason where it was not sent."""
        for person in self.people:
            stages = [one for outcome in found if outcome.curator_id == person for one in outcome.stages]
            days = [(one.kind.value, one.stage, one.cycle, one.due_at) for one in stages]
            assert len(days) == len(set(days)), days
            assert {day[:3] for day in days} >= {due[1:] for due in self.due if due[0] == client_id}
            for one in stages:
                assert one.verdict in ("sent", "waiting") or one.reason in WORDS | PASSED, one
                assert (one.instead is None) == (one.reason not in PASSED)

    def _leave(self, who: int, change: Callable[[CuratorId], object], which: int | None = None) -> None:
        one = self.people[who]
        client_id = None if which is None else self.clients[which]
        leave(self.conn, one, lambda: change(one), now=self.now, env=HOURS, client_id=client_id)

    def _catch_up(self, who: int) -> None:
        alerts.catch_up(self.conn, self.people[who], now=self.now, env=HOURS)


def _is_explained(one: Outcome, now: datetime) -> None:
    match one.verdict:
        case "sent":
            assert one.at is not None
            assert one.at <= now
            assert one.delivery_state is not None
        case "waiting":
            assert one.at is not None
            assert one.reason in WORDS | {"next_scan"}
        case "not_sent":
            assert one.reason in WORDS, one.reason
        case "nothing_due":
            assert one.reason in NOTHING, one.reason
    assert one.next_reason is None or one.next_reason in WORDS


def _is_true(conn: Connection, client_id: ClientId, one: Outcome) -> None:
    """What it speaks of is the last alert of the rule: nothing was sent, or is going to be, that it leaves out."""
    query = (
        select(alert.c.id, notification.c.outcome)
        .outerjoin(
            notification, (notification.c.alert_id == alert.c.id) & (notification.c.curator_id == one.curator_id)
        )
        .where(alert.c.client_id == client_id, alert.c.kind == one.kind.value)
        .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
    )
    rows = conn.execute(query).all()
    if not rows:
        assert one.verdict == "nothing_due"
        return
    meant = {"sent": "sent", "waiting": "waiting", "suppressed": "not_sent", "settled": "not_sent", None: "not_sent"}
    silenced = rows[0].outcome == "waiting" and one.reason in {"muted", "stopped"}
    assert one.verdict == ("not_sent" if silenced else meant[rows[0].outcome])
    assert "waiting" not in [row.outcome for row in rows[1:] if one.verdict == "nothing_due"]


@settings(max_examples=10)
@given(st.lists(step, min_size=4, max_size=12))
def test_every_client_curator_rule_and_day_has_one_explained_outcome(steps: list[tuple[Any, ...]]) -> None:
    with fresh_sqlite() as db:

        def play(conn: Connection) -> None:
            history = History(conn)
            for name, *values in steps:
                history.note_due()
                with suppress(UserError):
                    getattr(history, name)(*values)
                history.wait(4)
                history.look()
            days = {key[3] for key in history.seen}
            assert len(history.seen) == len(days) * len(history.clients) * len(history.people) * len(WATCHED)

        db.write_now(play)
