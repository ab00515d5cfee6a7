"""The job table under any order of events: nothing waits twice, nothing runs twice at once, nothing gets lost."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.ids import JobId
from bot.jobs import queue
from bot.jobs.port import Job
from bot.storage.engine import Database
from bot.storage.tables import job as job_table
from tests.conftest import fresh_sqlite

START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
KEYS = st.sampled_from(["a", "b", "c"])
WORKERS = st.sampled_from(["w1", "w2"])


class JobQueue(RuleBasedStateMachine):
    """Two workers, three keys, a clock. `owed` counts per key the wishes that no run has begun after."""

    db: Database

    def __init__(self) -> None:
        super().__init__()
        self.db.write_now(lambda conn: conn.execute(sa.delete(job_table)).close())
        self.now = START
        self.hands: dict[str, dict[JobId, Job]] = defaultdict(dict)
        self.owed: dict[str, int] = defaultdict(int)

    @rule(key=KEYS, delay=st.integers(0, 60), priority=st.integers(0, 2))
    def enqueue(self, key: str, delay: int, priority: int) -> None:
        after = self.now + timedelta(seconds=delay)
        self.db.write_now(queue.enqueue, "work", key, after, priority, None, self.now)
        self.owed[key] += 1

    @rule(worker=WORKERS, most=st.integers(1, 3))
    def claim(self, worker: str, most: int) -> None:
        who = queue.Claimant(worker, ("work",), self.now + LEASE)
        queued = self.rows(state="queued")
        for job in self.db.write_now(queue.claim, who, self.now, self.now, most):
            self.hands[worker][job.id] = job
            for row in queued:
                if row.id == job.id:  # else it is taken over from a worker that is gone
                    assert row.run_after <= self.now
                    self.owed[job.key] = 0

    @precondition(lambda self: any(self.hands.values()))
    @rule(data=st.data(), end=st.sampled_from(["finish", "retry", "release", "bury", "extend"]))
    def end(self, data: st.DataObject, end: str) -> None:
        worker = data.draw(st.sampled_from(sorted(name for name, jobs in self.hands.items() if jobs)))
        job = self.hands[worker][data.draw(st.sampled_from(sorted(self.hands[worker])))]
        mine = [row for row in self.rows(state="running") if row.id == job.id and row.worker == worker]
        if end == "extend":
            kept = self.db.write_now(queue.extend, [job.id], worker, self.now + LEASE)
            assert kept == {row.id for row in mine}
            return
        del self.hands[worker][job.id]
        if end == "retry":
            self.db.write_now(queue.retry, job.id, worker, self.now + timedelta(seconds=9), "oops")
        else:
            self.db.write_now(getattr(queue, end), job.id, worker, *(["oops"] if end == "bury" else []))
        if mine and end in ("retry", "release"):
            self.owed[job.key] += 1
            (waiting,) = [row for row in self.rows(state="queued") if row.key == job.key]
            assert waiting.attempts >= job.attempt - (end == "release")

    @rule(seconds=st.integers(1, 40))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def never_two_of_a_key(self) -> None:
        for state in ("queued", "running"):
            keys = [row.key for row in self.rows(state=state)]
            assert len(keys) == len(set(keys))

    @invariant()
    def every_wish_still_waits(self) -> None:
        waiting = {row.key for row in self.rows(state="queued")}
        assert {key for key, owed in self.owed.items() if owed} == waiting

    def rows(self, state: str) -> list[Any]:
        query = sa.select(job_table).where(job_table.c.state == state)
        return list(self.db.read_now(lambda conn: conn.execute(query).all()))


def test_any_order_of_events() -> None:
    """A failing order is shown as it was found: making it shorter would take minutes on a database."""
    found_only = settings(max_examples=25, stateful_step_count=40, phases=[Phase.reuse, Phase.generate])
    with fresh_sqlite() as db:
        JobQueue.db = db
        run_state_machine_as_test(JobQueue, settings=found_only)
