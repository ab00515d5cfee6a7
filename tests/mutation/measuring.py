"""Runs test files with coverage in an unchanged copy, and writes which test executes which lines of the room.

A process of its own in that copy, `python -m tests.mutation.measuring OUT FILE…`.
"""

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

from tests.mutation.workspace import ROOM

_MARKS = "not simulation and not postgres and not browser"
"""On SQLite, without a browser."""


def arguments(files: Iterable[str]) -> list[str]:
    """How pytest is called here and for mutants. Its files lie in a folder that no other run clears away."""
    own = Path(tempfile.mkdtemp(prefix="curatorbot-mutate-"))
    quiet = ["-q", "--tb=no", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
    place = ["--rootdir=.", f"--basetemp={own}", "-o", "tmp_path_retention_policy=none"]
    return [*quiet, *place, "-m", _MARKS, *files]


class Watch:
    """Gives each test its own coverage context, and notes what it took of the processor and whether it failed."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        answer = yield
        self.seconds[item.nodeid] = time.process_time() - began
        self.coverage.switch_context("")
        return answer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def measure(out: Path, files: list[str]) -> None:
    """Writes `{test: {"seconds": …, "lines": {file: [line, …]}}}` of the tests that passed."""
    coverage = Coverage(data_file=None, include=[f"{Path.cwd()}/{ROOM}/*"], config_file=False)
    watch = Watch(coverage)
    coverage.start()
    pytest.main(arguments(files), plugins=[watch])
    coverage.stop()
    lines = _lines(coverage.get_data())
    passed = (test for test in watch.seconds if test not in watch.failed)
    tests = {test: {"seconds": round(watch.seconds[test], 3), "lines": lines.get(test, {})} for test in passed}
    out.write_text(json.dumps(tests), "utf-8")


def _lines(data: CoverageData) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for file in data.measured_files():
        relative = Path(file).relative_to(Path.cwd()).as_posix()
        for line, contexts in data.contexts_by_lineno(file).items():
            for context in contexts:
                found[context][relative].append(line)
    return found


if __name__ == "__main__":
    measure(Path(sys.argv[1]), sys.argv[2:])
