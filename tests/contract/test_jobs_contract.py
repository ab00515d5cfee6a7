"""What every engine behind the `Jobs` port keeps to, on both databases."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from bot.clock import ManualClock
from bot.errors import PermanentError
from bot.ids import JobId
from bot.jobs import queue
from bot.jobs.local import LocalJobs
from bot.jobs.port import Job
from bot.retry import RetryPolicy
from bot.storage.engine import Database
from bot.storage.tables import job as job_table
from bot.storage.tables import tick

POLICY = RetryPolicy(attempts_max=3, first=timedelta(seconds=10), cap=timedelta(seconds=60))
Make = Callable[..., LocalJobs]


@pytest.fixture
def make(db: Database, clock: ManualClock) -> Make:
    """Makes a worker; its machine clock is the test's own too unless another is given."""

    def build(worker: str = "w1", **options: Any) -> LocalJobs:
        defaults: dict[str, Any] = {"machine": clock, "policy": POLICY, "jitter": lambda: 1.0}
        return LocalJobs(db, clock, worker=worker, **{**defaults, **options})

    return build


async def put(db: Database, jobs: LocalJobs, clock: ManualClock, key: str, name: str = "work", **more: Any) -> None:
    after = clock.now() + timedelta(seconds=more.pop("delay", 0))
    await db.write(lambda conn: jobs.enqueue(conn, name, key, after, **more))


async def rows(db: Database) -> list[Any]:
    return list(await db.read(lambda conn: conn.execute(sa.select(job_table).order_by(job_table.c.key)).all()))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Recorder:
    """A handler that notes what it was given, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.seen: list[Job] = []
        self.done: list[str] = []
        self.gate: asyncio.Event | None = None
        self.errors: list[Exception] = []
        self.now_running: dict[str, int] = {}
        self.most_running: dict[str, int] = {}

    async def __call__(self, job: Job) -> None:
        self.seen.append(job)
        self.now_running[job.key] = self.now_running.get(job.key, 0) + 1
        self.most_running[job.key] = max(self.most_running.get(job.key, 0), self.now_running[job.key])
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.errors:
                raise self.errors.pop(0)
            self.done.append(job.key)
        finally:
            self.now_running[job.key] -= 1

    @property
    def keys(self) -> list[str]:
        return [job.key for job in self.seen]


async def test_runs_what_is_due_in_order_of_priority_then_time(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(concurrency=1), Recorder()
    jobs.handle("work", seen)
    await put(db, jobs, clock, "late", delay=-1)
    await put(db, jobs, clock, "early", delay=-2)
    await put(db, jobs, clock, "urgent", priority=5, payload={"n": [1, "ü"]})
    await put(db, jobs, clock, "future", delay=60)
    assert await jobs.run_until_quiet() == 3
    assert seen.keys == ["urgent", "early", "late"]
    assert seen.seen[0].payload == {"n": [1, "ü"]}
    assert seen.seen[0].attempt == 1
    assert [row.key for row in await rows(db)] == ["future"]


async def test_a_job_that_waits_is_not_added_twice(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    jobs.handle("other", seen)
    await put(db, jobs, clock, "a", delay=60, payload=1)
    await put(db, jobs, clock, "a", delay=0, priority=3, payload=2)
    await put(db, jobs, clock, "a", delay=30, priority=1)
    (row,) = await rows(db)
    assert (row.run_after, row.priority, row.payload) == (clock.now(), 3, 1)
    await put(db, jobs, clock, "a", name="other")
    assert await jobs.run_until_quiet() == 2


async def test_many_are_added_as_each_would_be(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    await put(db, jobs, clock, "b", delay=60, payload=1)
    wanted = {key: clock.now() + timedelta(seconds=delay) for key, delay in (("c", 90), ("a", 0), ("b", 30))}
    await db.write(lambda conn: jobs.enqueue_many(conn, "work", wanted, priority=4))
    found = {row.key: (row.run_after, row.priority, row.payload) for row in await rows(db)}
    assert found == {key: (wanted[key], 4, 1 if key == "b" else None) for key in "abc"}
    await db.write(lambda conn: jobs.enqueue_many(conn, "work", {}))
    running = asyncio.create_task(jobs.run())
    await until(lambda: seen.done == ["a"])
    await db.write(lambda conn: jobs.enqueue_many(conn, "work", {"d": clock.now()}))
    await until(lambda: seen.done == ["a", "d"])
    await jobs.stop()
    await running


async def test_enqueued_only_if_the_unit_is_durable(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)

    def change_and_fail(conn: sa.Connection) -> None:
        conn.execute(tick.insert().values(name="x", at=clock.now()))
        jobs.enqueue(conn, "work", "a", clock.now())
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await db.write(change_and_fail)
    assert await jobs.run_until_quiet() == 0
    assert await rows(db) == []


async def test_one_runs_and_one_more_waits(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    seen.gate = asyncio.Event()
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    for _ in range(3):
        await put(db, jobs, clock, "a")
    assert sorted(row.state for row in await rows(db)) == ["queued", "running"]
    await put(db, jobs, clock, "b")
    await until(lambda: seen.keys == ["a", "b"])
    seen.gate.set()
    await until(lambda: len(seen.done) == 3)
    assert seen.most_running == {"a": 1, "b": 1}
    async with asyncio.timeout(10):
        while await rows(db):  # noqa: ASYNC110 - taken off a moment later; a stop before that would give it back
            await asyncio.sleep(0.005)
    await jobs.stop()
    await running
    assert await rows(db) == []


async def test_wakes_at_once_and_when_the_clock_reaches_the_time(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    running = asyncio.create_task(jobs.run())
    await asyncio.sleep(0.05)
    await put(db, jobs, clock, "now")
    await until(lambda: seen.done == ["now"])
    await put(db, jobs, clock, "later", delay=3600)
    await asyncio.sleep(0.05)
    assert seen.done == ["now"]
    clock.advance(hours=1)
    await until(lambda: seen.done == ["now", "later"])
    await jobs.stop()
    await running


async def test_failure_is_tried_again_later_and_then_kept_as_dead(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    seen.errors = [ValueError(f"boom {n}") for n in range(3)]
    await put(db, jobs, clock, "a")
    assert await jobs.run_until_quiet() == 1
    (row,) = await rows(db)
    assert (row.state, row.attempts, row.error) == ("queued", 1, "ValueError: boom 0")
    assert row.run_after == clock.now() + timedelta(seconds=10)
    await put(db, jobs, clock, "a")  # does not shorten the wait
    assert await jobs.run_until_quiet() == 0
    clock.advance(seconds=10)
    assert await jobs.run_until_quiet() == 1
    clock.advance(seconds=20)
    assert await jobs.run_until_quiet() == 1
    (row,) = await rows(db)
    assert (row.state, row.attempts, row.error) == ("dead", 3, "ValueError: boom 2")
    clock.advance(days=1)
    assert await jobs.run_until_quiet() == 0
    await put(db, jobs, clock, "a")  # a dead one is in nobody's way
    assert await jobs.run_until_quiet() == 1
    assert seen.done == ["a"]
    assert await db.read(queue.counts) == {"dead": 1}


async def test_a_permanent_error_is_not_tried_again(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    seen.errors = [PermanentError("never")]
    await put(db, jobs, clock, "a")
    await jobs.run_until_quiet()
    assert [row.state for row in await rows(db)] == ["dead"]


async def test_failure_while_another_waits_becomes_one(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    jobs.handle("work", seen)
    seen.gate, seen.errors = asyncio.Event(), [ValueError("boom")]
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    await put(db, jobs, clock, "a")
    seen.gate.set()
    await until(lambda: not jobs._running)
    (row,) = await rows(db)
    assert (row.state, row.attempts, row.run_after) == ("queued", 1, clock.now() + timedelta(seconds=10))
    clock.advance(seconds=10)
    await until(lambda: seen.done == ["a"])
    await jobs.stop()
    await running
    assert await rows(db) == []


async def test_a_dead_workers_job_is_taken_over(db: Database, clock: ManualClock, make: Make) -> None:
    lost, seen = make("lost"), Recorder()
    await put(db, lost, clock, "a")
    who = queue.Claimant("lost", ("work",), clock.now() + timedelta(seconds=30))
    assert len(await db.write(queue.claim, who, clock.now(), clock.now(), 5)) == 1
    await put(db, lost, clock, "a")
    jobs = make("heir")
    jobs.handle("work", seen)
    assert await jobs.run_until_quiet() == 0
    clock.advance(seconds=31)
    assert await jobs.run_until_quiet() == 2
    assert [(job.key, job.attempt) for job in seen.seen] == [("a", 2), ("a", 1)]
    assert seen.most_running == {"a": 1}


async def test_a_job_that_kills_its_workers_dies(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make("heir"), Recorder()
    jobs.handle("work", seen)
    await put(db, jobs, clock, "a")
    for n in range(POLICY.attempts_max):
        who = queue.Claimant(f"victim{n}", ("work",), clock.now() + timedelta(seconds=30))
        assert len(await db.write(queue.claim, who, clock.now(), clock.now(), 5)) == 1
        clock.advance(seconds=31)
    await jobs.run_until_quiet()
    assert seen.seen == []
    assert [row.state for row in await rows(db)] == ["dead"]


async def test_heartbeat_keeps_a_long_job(db: Database, clock: ManualClock, make: Make) -> None:
    first, second, seen = make("first"), make("second"), Recorder()
    seen.gate = asyncio.Event()
    first.handle("work", seen)
    second.handle("work", seen)
    running = [asyncio.create_task(worker.run()) for worker in (first, second)]
    await put(db, first, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    for _ in range(5):
        clock.advance(seconds=11)
        expected = clock.now() + timedelta(seconds=30)
        async with asyncio.timeout(10):
            while (await rows(db))[0].lease_until != expected:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    assert len(seen.seen) == 1
    seen.gate.set()
    await until(lambda: seen.done == ["a"])
    for worker in (first, second):
        await worker.stop()
    await asyncio.gather(*running)


async def test_a_job_that_was_taken_over_is_cancelled_here(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make("slow"), Recorder()
    seen.gate = asyncio.Event()
    jobs.handle("work", seen)
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    await db.write(lambda conn: conn.execute(sa.update(job_table).values(worker="thief")).rowcount)
    clock.advance(seconds=11)
    await until(lambda: not jobs._running)
    assert seen.done == []
    assert [row.worker for row in await rows(db)] == ["thief"]
    await jobs.stop()
    await running


async def test_stop_waits_then_gives_back(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    seen.gate = asyncio.Event()
    jobs.handle("work", seen)
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    await put(db, jobs, clock, "a", priority=2)
    await jobs.stop(grace=timedelta(milliseconds=20))
    await running
    (row,) = await rows(db)
    assert (row.state, row.attempts, row.priority) == ("queued", 0, 2)
    seen.gate.set()
    again = make("w2")
    again.handle("work", seen)
    assert await again.run_until_quiet() == 1


async def test_stopping_waits_until_the_jobs_are_given_back(
    db: Database, clock: ManualClock, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = queue.release

    def slowly(conn: Connection, job_id: JobId, worker: str) -> None:
        time.sleep(0.2)
        give_back(conn, job_id, worker)

    monkeypatch.setattr(queue, "release", slowly)
    jobs, seen = make(), Recorder()
    seen.gate = asyncio.Event()
    jobs.handle("work", seen)
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    await jobs.stop(grace=timedelta())
    await running
    assert [row.state for row in await rows(db)] == ["queued"]


async def test_cancelling_the_worker_gives_back(db: Database, clock: ManualClock, make: Make) -> None:
    jobs, seen = make(), Recorder()
    seen.gate = asyncio.Event()
    jobs.handle("work", seen)
    running = asyncio.create_task(jobs.run())
    await put(db, jobs, clock, "a")
    await until(lambda: len(seen.seen) == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [(row.state, row.attempts) for row in await rows(db)] == [("queued", 0)]


async def test_jobs_without_a_handler_are_left_alone(db: Database, clock: ManualClock, make: Make) -> None:
    jobs = make()
    jobs.handle("other", Recorder())
    await put(db, jobs, clock, "a")
    assert await jobs.run_until_quiet() == 0
    with pytest.raises(ValueError, match="handler already"):
        jobs.handle("other", Recorder())


async def test_two_workers_share_the_work_without_overlap(db: Database, clock: ManualClock, make: Make) -> None:
    seen = Recorder()
    workers = [make(f"w{n}", concurrency=4) for n in range(3)]
    for worker in workers:
        worker.handle("work", seen)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    await asyncio.gather(*(put(db, workers[n % 3], clock, f"k{n % 20}") for n in range(120)))
    async with asyncio.timeout(20):
        while await rows(db):
            clock.advance(seconds=1)
            await asyncio.sleep(0.01)
    assert set(seen.done) == {f"k{n}" for n in range(20)}
    assert set(seen.most_running.values()) == {1}
    for worker in workers:
        await worker.stop()
    await asyncio.gather(*running)
