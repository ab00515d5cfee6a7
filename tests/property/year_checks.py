"""What must hold of a year of clients in three zones with people who pay, mute, sleep and leave.

What is due is worked out by an oracle of its own (`year_oracle`); `year_play` lives through the year on the production
jobs. `test_alert_year_oceans` and `test_alert_year_land` play half of the world each.
"""

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from bot.alerts.alert import WATCHED
from bot.alerts.repository import RAISED
from bot.ids import CuratorId
from bot.storage.tables import alert, alert_due, delivery, notification
from tests.conftest import fresh_sqlite
from tests.property.year_oracle import Stage, at_local, due_stages
from tests.property.year_play import LEVELS, NAMES, Play, Year

DAY = timedelta(days=1)
Key = tuple[str, str, int, str]
CLIENTS = int(os.environ.get("CURATORBOT_YEAR_CLIENTS", "250"))
"""In each half of the world."""
SEEDS = [int(one) for one in os.environ.get("CURATORBOT_YEAR_SEEDS", "7").split()]
_WORKDAYS = {"Bruno": range(1, 7)}
_OPENS = {"Bruno": time(10, 30)}
_OF_ALERTS = {f"alerts/{name}" for name in ("several", "ending", "ended", "running_out", "out_of_money", "low_balance")}
_KINDS = [kind.value for kind in WATCHED]


def lived(seed: int, zones: Sequence[str]) -> Iterator[tuple[Year, "Ledger"]]:
    """A year, and what the product has written down of it."""
    with fresh_sqlite() as db:
        year = Play(db, seed, CLIENTS, 365, zones).run()
        yield year, db.read_now(Ledger, year)


class Ledger:
    """What was raised, told and written, and what the oracle says was due."""

    def __init__(self, conn: Connection, year: Year) -> None:
        self.now = year.steps[-1]
        self.alerts: dict[Key, Row[Any]] = {
            (row.client_id, row.kind, row.stage, row.cycle): row
            for row in conn.execute(select(alert).where(alert.c.kind.in_(_KINDS), RAISED))
        }
        unraised = select(alert.c.client_id, alert.c.kind, alert.c.stage, alert.c.cycle).where(~RAISED)
        self.unraised = {tuple(row) for row in conn.execute(unraised)}
        self.told: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
        for row in conn.execute(select(notification)):
            self.told[row.alert_id][row.curator_id] = row
        self.messages = list(conn.execute(select(delivery).where(delivery.c.kind == "alert")))
        self.left = conn.execute(select(alert_due.c.client_id).where(alert_due.c.due_at <= self.now)).all()
        self.due = due_stages(conn, year)
        self.table = self._table()

    def outcome(self, one: Stage) -> str:
        """What came of a stage that was due: exactly one name."""
        key = (one.client_id, one.kind, one.stage, one.cycle)
        row = self.alerts.get(key)
        if row is None and key in self.unraised:
            return "over before a scan looked"
        if row is None:
            return "passed over by a later stage" if self._passed(one) else "LOST"
        if row.resolution in ("superseded", "forgotten"):
            return str(row.resolution)
        people = self.told[row.id].values()
        outcomes = {note.outcome for note in people}
        for name in ("sent", "waiting", "settled"):
            if name in outcomes:
                return {"settled": "settled before anybody was told"}.get(name, name)
        reasons = {str(note.reason) for note in people}
        return "cooldown" if "cooldown" in reasons else "nobody is left to be told"

    def _passed(self, one: Stage) -> bool:
        """Whether a more advanced stage of the same countdown was said by the time this one was looked at."""
        same = [
            row for key, row in self.alerts.items() if (key[0], key[1], key[3]) == (one.client_id, one.kind, one.cycle)
        ]
        return any(row.stage < one.stage and row.raised_at <= one.look for row in same)

    def _table(self) -> Mapping[str, Counter[str]]:
        table: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.due:
            table[f"{one.kind} {one.stage}"][self.outcome(one)] += 1
        return table

    def __str__(self) -> str:
        names = sorted({name for row in self.table.values() for name in row})
        lines = [f"{'stage':14}{'due':>6}  " + "  ".join(names)]
        for stage, row in sorted(self.table.items()):
            cells = "  ".join(f"{row[name] or '·':>{len(name)}}" for name in names)
            lines.append(f"{stage:14}{row.total():>6}  {cells}")
        pairs = Counter(note.reason or note.outcome for notes in self.told.values() for note in notes.values())
        lines += ["", "of every alert and person: " + ", ".join(f"{name} {n}" for name, n in pairs.most_common())]
        return "\n".join(lines)


class YearChecks:
    """The tests; each half of the world gives them the year that it `played`."""

    def test_every_due_stage_is_accounted_for(self, played: tuple[Year, "Ledger"]) -> None:
        year, ledger = played
        print(f"\n{ledger}")
        lost = [one for one in ledger.due if ledger.outcome(one) == "LOST"]
        assert not lost, f"{len(lost)} lost, first {lost[:3]}\n{ledger}"
        assert not ledger.left, str(ledger)
        assert sum(row.total() for row in ledger.table.values()) == len(ledger.due) > len(year.lives)

    def test_nothing_that_was_not_due_was_raised(self, played: tuple[Year, "Ledger"]) -> None:
        """Only the eve of days off may come early: Friday reaches to Monday."""
        year, ledger = played
        due = {(one.client_id, one.kind, one.stage, one.cycle) for one in ledger.due}
        hovering = {life.client_id for life in year.lives if life.hovers}
        zones = {life.client_id: life.zone for life in year.lives}
        for key, row in ledger.alerts.items():
            if key in due or key[0] in hovering or key[1] not in ("ending", "running_out"):
                continue
            last = row.facts["last_day"]
            assert last, key
            ends = at_local(datetime.fromisoformat(last).date() + DAY, time(), zones[row.client_id])
            assert any(ends <= _next_opening(name, row.raised_at, year.zones[name]) for name in NAMES), (
                key,
                row.raised_at,
            )

    def test_each_person_has_exactly_one_explained_outcome(self, played: tuple[Year, "Ledger"]) -> None:
        """Every alert is told, settled or not told for a reason that is true, to each person who follows the client."""
        year, ledger = played
        names = {person: name for name, person in year.people.items()}
        for row in ledger.alerts.values():
            if row.resolution in ("superseded", "forgotten"):
                continue
            people = {one for one in names if year.own.get(one, row.client_id) == row.client_id}
            assert set(ledger.told[row.id]) == people
            for person, note in ledger.told[row.id].items():
                who = CuratorId(person)
                held = {
                    "muted": year.muted.held((who, row.client_id), note.at),
                    "stopped": year.stopped.held(who, note.at),
                    "away": year.away.held(who, note.at),
                    "assigned": year.assigned.held(row.client_id, note.at),
                }
                if note.outcome == "suppressed":
                    assert note.reason is not None
                    assert held.get(note.reason, note.reason in ("claimed", "cooldown")), (names[who], note)
                if note.outcome == "sent":
                    assert not year.stopped.inside(who, note.at)
                    assert not year.muted.inside((who, row.client_id), note.at)
                if note.outcome == "waiting":
                    assert note.send_at > ledger.now

    def test_nobody_hears_of_it_in_quiet_hours_or_on_a_day_off(self, played: tuple[Year, "Ledger"]) -> None:
        """The one exception is what would come too late: it goes on a day off, and never in quiet hours."""
        year, ledger = played
        names = {person: name for name, person in year.people.items()}
        deadlines = _deadlines(year, ledger)
        for message in ledger.messages:
            name = names[message.curator_id]
            at = max(message.created_at, message.not_before)
            zone = year.zones.get(name) or next(
                life.zone for life in year.lives if life.client_id == year.own[message.curator_id]
            )
            local = at.astimezone(ZoneInfo(zone))
            assert _OPENS.get(name, time(9)) <= local.time() < time(20), (name, local, message.template)
            if local.isoweekday() not in _WORKDAYS.get(name, range(1, 6)):
                assert deadlines.get(message.id, at) <= _next_opening(name, at, zone), (name, local, message.template)

    def test_whoever_is_told_is_told_before_it_happens(self, played: tuple[Year, "Ledger"]) -> None:
        """What announces an end reaches each person before it, unless they slept all the time that was left."""
        year, ledger = played
        names = {person: name for name, person in year.people.items()}
        zones = {life.client_id: life.zone for life in year.lives}
        messages = {one.id: one for one in ledger.messages}
        early = 0
        for row in ledger.alerts.values():
            if row.kind not in ("ending", "running_out") or not row.facts["last_day"]:
                continue
            ends = at_local(datetime.fromisoformat(row.facts["last_day"]).date() + DAY, time(), zones[row.client_id])
            for person, note in ledger.told[row.id].items():
                if note.outcome != "sent":
                    continue
                assert note.delivery_id in messages, (person, row)
                message = messages[note.delivery_id]
                went = max(message.created_at, message.not_before)
                name = names[CuratorId(person)]
                zone = year.zones.get(name) or zones[row.client_id]
                assert went < ends or _slept(name, row.raised_at, ends, zone, year.steps), (name, went, ends, row)
                early += went < ends
        assert early > len(ledger.due)

    def test_the_same_is_told_to_nobody_twice(self, played: tuple[Year, "Ledger"]) -> None:
        """Each client, person, rule, stage and cycle at most once; a balance on the edge once a level and week,
        counted from when it was raised or, if it came back too soon and stayed, from when it was told."""
        year, ledger = played
        assert len({row.key for row in ledger.alerts.values()}) == len(ledger.alerts)
        assert len({message.key for message in ledger.messages}) == len(ledger.messages)
        meant = {note.delivery_id for notes in ledger.told.values() for note in notes.values()}
        stray = [one for one in ledger.messages if one.template in _OF_ALERTS and one.id not in meant]
        assert not stray, f"{len(stray)} messages that no note stands for, first {stray[:1]}"
        last: dict[tuple[str, str, int], tuple[datetime, datetime]] = {}
        hovering = {life.client_id for life in year.lives if life.hovers}
        rows = [row for row in ledger.alerts.values() if row.client_id in hovering and row.kind == "low_balance"]
        for row in sorted(rows, key=lambda row: row.raised_at):
            assert row.stage in LEVELS
            for person, note in ledger.told[row.id].items():
                if note.outcome != "sent":
                    continue
                raised, told = last.get((person, row.client_id, row.stage), (row.raised_at - 7 * DAY, note.at))
                assert max(row.raised_at - raised, note.at - told) >= 7 * DAY, (raised, told, row)
                last[(person, row.client_id, row.stage)] = row.raised_at, note.at
        assert last


def _deadlines(year: Year, ledger: Ledger) -> dict[str, datetime]:
    """Of each message the earliest end that it tells of."""
    zones = {life.client_id: life.zone for life in year.lives}
    found: dict[str, datetime] = {}
    for row in ledger.alerts.values():
        if row.kind not in ("ending", "running_out") or not row.facts["last_day"]:
            continue
        ends = at_local(datetime.fromisoformat(row.facts["last_day"]).date() + DAY, time(), zones[row.client_id])
        for note in ledger.told[row.id].values():
            if note.delivery_id is not None:
                found[note.delivery_id] = min(ends, found.get(note.delivery_id, ends))
    return found


def _next_opening(name: str, at: datetime, zone: str) -> datetime:
    """When a person's next working day begins, the one of this moment left out."""
    day = at.astimezone(ZoneInfo(zone)).date() + DAY
    while day.isoweekday() not in _WORKDAYS.get(name, range(1, 6)):
        day += DAY
    return at_local(day, _OPENS.get(name, time(9)), zone)


def _slept(name: str, raised: datetime, ends: datetime, zone: str, steps: Sequence[datetime]) -> bool:
    """Whether nobody looked at clients in a person's waking hours between these two moments."""
    opens = _OPENS.get(name, time(9))
    return not any(
        opens <= one.astimezone(ZoneInfo(zone)).time() < time(20)
        for one in steps[bisect_left(steps, raised) : bisect_left(steps, ends)]
    )
