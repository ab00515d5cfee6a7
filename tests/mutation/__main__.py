"""`make mutate`: mutation testing of `bot/billing`, one module or all of them; see docs/mutation.md."""

import argparse
import sys
from pathlib import Path

from tests.mutation import accepted, reach, report, running
from tests.mutation.workspace import CHECKOUT, Busy, Workspace, committed, uncommitted_paths

ROOT = CHECKOUT / "build" / "mutate"
_TOGETHER = 6
"""Modules tried in one session: the tests are collected once for them."""


def main() -> int:
    """Tries what is asked for and tells the survivors; 1 when there are any that nobody accepted."""
    asked = _arguments()
    space, commit = _workspace(uncommitted=asked.uncommitted)
    modules = asked.module or space.modules()
    unknown = set(modules) - set(space.modules())
    if unknown:
        sys.exit(f"bot.billing has no {', '.join(sorted(unknown))}")
    files = asked.tests or space.test_files()
    if not asked.tell:
        reach.refresh(space, files)
    judged = accepted.read()
    budget = None if asked.tell else asked.seconds
    outcomes: list[running.Outcome] = []
    for at in range(0, len(modules), _TOGETHER):
        try:
            for outcome in running.run(space, modules[at : at + _TOGETHER], files, budget, judged):
                outcomes.append(outcome)
                print(report.of_module(outcome), flush=True)
                if asked.out:
                    (asked.out / f"{outcome.module}.txt").write_text(report.of_module(outcome), "utf-8")
        except Busy as busy:
            print(busy)
    print(report.table(outcomes, commit))
    for pattern in judged.unmet(modules):
        print(
            f"accepted, but there is no such survivor any more: {pattern.module} {pattern.function}: {pattern.change}"
        )
    return int(any(outcome.survivors for outcome in outcomes) or len(outcomes) < len(modules))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("module", nargs="*", help="below bot.billing, as charging or payments.replenishing; none: all")
    parser.add_argument("--seconds", type=float, default=4.0, help="of tests spent on each mutant, the quickest first")
    parser.add_argument("--tests", nargs="*", default=[], help="only these test files")
    parser.add_argument("--tell", action="store_true", help="what is known from earlier runs; try nothing")
    parser.add_argument("--uncommitted", action="store_true", help="the checkout as it is instead of its last commit")
    parser.add_argument("--out", type=Path, help="a folder that gets a file for each module as well")
    return parser.parse_args()


def _workspace(*, uncommitted: bool) -> tuple[Workspace, str]:
    ROOT.mkdir(parents=True, exist_ok=True)
    if uncommitted:
        return Workspace(ROOT, CHECKOUT), "the checkout"
    edited = uncommitted_paths()
    space, commit = committed(ROOT)
    print(f"on commit {commit}" + (f"; {len(edited)} edited files are not committed and left out" if edited else ""))
    return space, commit


if __name__ == "__main__":
    sys.exit(main())
