"""Tries mutants: a forked process each, in one pytest session that has collected the tests once.

A process of its own (`python -m tests.mutation.trying PLAN` in the copy that holds the mutated modules).
"""

import gc
import json
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.trampoline import set_mutant_under_test

from tests.mutation.measuring import arguments
from tests.mutation.reach import file_of
from tests.mutation.workspace import DONE

_CPU = (15.0, 6.0)
"""Seconds of processor time a mutant may take, and as many times what its tests take: more is an endless loop."""
_WALL = (90.0, 20.0)
"""The same on the clock, for a mutant that waits for ever; wide, since the machine may be busy."""


@dataclass(slots=True)
class Run:
    """How one process of tests ended."""

    verdict: str
    """`survived`, `killed` or `timeout`."""
    test: str | None = None
    """The test that was running when it ended, unless it survived."""


@dataclass(slots=True)
class Trier:
    """Goes through the mutants of the plan, one after another."""

    plan: dict[str, Any]
    items: dict[str, pytest.Item] = field(default_factory=dict)
    kills: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sound: dict[str, bool] = field(default_factory=dict)
    """Test that killed something to whether it passes in the same way without a mutant."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own loop."""
        from tests.conftest import sqlite_template  # pytest warns of what is imported before it is set up

        sqlite_template()
        self.items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        for module, mutants in groupby(self.plan["mutants"], key=lambda mutant: str(mutant["module"])):
            for mutant in mutants:
                with Path(mutant["out"]).open("a", encoding="utf-8") as out:
                    out.write(json.dumps(self.attempt(mutant), ensure_ascii=False) + "\n")
            print(f"\n{DONE}{module}", flush=True)
        return True

    def attempt(self, mutant: dict[str, Any]) -> dict[str, Any]:
        """The record of one mutant."""
        reaching = [test for test in mutant["tests"] if test in self.items]
        began = time.monotonic()
        while True:
            usable = [test for test in reaching if self.sound.get(test, True)]
            chosen = self.choose(mutant, usable)
            run = self.run(f"bot.billing.{mutant['module']}.{mutant['key']}", chosen) if chosen else Run("no tests")
            if run.verdict != "killed" or run.test is None or self.is_sound(run.test):
                break
        if run.verdict == "killed" and run.test:
            self.kills[_place(mutant)][run.test] += 10
            self.kills[mutant["module"]][run.test] += 1
        return {
            **mutant["record"],
            "verdict": run.verdict,
            "by": run.test,
            "by_file": self.plan["files"].get(file_of(run.test)) if run.test else None,
            "budget": self.plan["budget"],
            "tried": len(chosen),
            "of": len(usable),
            "seconds": round(time.monotonic() - began, 2),
        }

    def choose(self, mutant: dict[str, Any], tests: Sequence[str]) -> list[str]:
        """The tests to run and their order: what killed before, then one of each file in turn, the quickest first."""
        seconds: dict[str, float] = self.plan["seconds"]
        turn: Counter[str] = Counter()
        order: dict[str, tuple[Any, ...]] = {}
        for test in sorted(tests, key=lambda test: (seconds[test], test)):
            chances = self.kills[_place(mutant)][test] + self.kills[mutant["module"]][test]
            if test in mutant["first"]:
                order[test] = (0, mutant["first"].index(test))
            elif chances:
                order[test] = (1, seconds[test] / chances)
            else:
                order[test] = (2, turn[file_of(test)], seconds[test])
            turn[file_of(test)] += 1
        chosen: list[str] = []
        spent = 0.0
        for test in sorted(order, key=order.__getitem__):
            if not chosen or spent + seconds[test] <= self.plan["budget"] or test in mutant["first"]:
                chosen.append(test)
                spent += seconds[test]
        return chosen

    def is_sound(self, test: str) -> bool:
        """Whether a test passes here without a mutant: if not, it kills nothing."""
        if test not in self.sound:
            self.sound[test] = self.run("", [test]).verdict == "survived"
            if not self.sound[test]:
                print(f"left out, fails without a mutant: {test}", flush=True)
        return self.sound[test]

    def run(self, key: str, tests: Sequence[str]) -> Run:
        """Runs the tests with one mutant switched on, in a process that ends with the first failure."""
        expected = sum(self.plan["seconds"][test] for test in tests)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _live(key, [self.items[test] for test in tests], writing, int(_CPU[0] + _CPU[1] * expected))
        os.close(writing)
        status = _wait(child, _WALL[0] + _WALL[1] * expected)
        with os.fdopen(reading, "rb") as told:
            begun = len(told.read().splitlines())
        if status == 0:
            return Run("survived")
        last = tests[begun - 1] if begun else tests[0]
        return Run("timeout" if status in {None, -signal.SIGXCPU, -signal.SIGKILL} else "killed", last)


def _place(mutant: dict[str, Any]) -> str:
    return f"{mutant['module']} {mutant['record']['function']}"


def _live(key: str, items: Sequence[pytest.Item], writing: int, cpu: int) -> None:
    """The forked process: a line for each test begun; ends with 1 at the first failure. Never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        set_mutant_under_test(key)
        for item, following in zip(items, [*items[1:], None], strict=True):
            os.write(writing, b".\n")
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                os._exit(1)
        code = 0
    finally:
        os._exit(code)


def _wait(child: int, seconds: float) -> int | None:
    """The exit code, negative for a signal; None when it was ended for lasting too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.004)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main(plan: Path) -> None:
    """Collects the test files that the plan names and tries its mutants."""
    what = json.loads(plan.read_text("utf-8"))
    files = sorted({file_of(test) for mutant in what["mutants"] for test in mutant["tests"]})
    pytest.main(arguments(files), plugins=[Trier(what)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
