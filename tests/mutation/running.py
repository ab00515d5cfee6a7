"""Modules from their source to their counts: makes the mutants, lets mypy stop what it can, tries the rest."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation import accepted, reach, results, type_errors
from tests.mutation.mutants import Mutant, Mutated, mutate
from tests.mutation.workspace import DONE, Workspace, digest, path_of, write

COUNTS = ("all", "types", "twins", "killed", "too long", "accepted", "open", "not run")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a module after a run."""

    module: str
    counts: Counter[str]
    survivors: list[tuple[Mutant, results.Record]]
    """Those that nobody accepted."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A module with its mutants, and which tests reach them."""

    module: str
    source: str
    mutated: Mutated
    stopped: dict[str, str]
    reach: reach.Reach

    @property
    def tried(self) -> list[Mutant]:
        """The mutants that only tests can see, each once."""
        return [each for each in self.mutated.mutants if each.key not in self.stopped and not each.twin]

    def tests(self, mutant: Mutant) -> set[str]:
        """Those that execute the changed statement."""
        return self.reach.tests(reach.statement_lines(self.source, mutant.function, mutant.change.offsets))


def run(
    space: Workspace, modules: list[str], files: list[str], budget: float | None, judged: accepted.Accepted
) -> Iterator[Outcome]:
    """Tries what has to be tried of some modules in one session of tests, and tells of each when it is done.

    Without a budget nothing is tried, and told is what is known. Raises Busy when another run is at one of them.
    """
    with ExitStack() as stack:
        for module in modules if budget is not None else ():
            stack.enter_context(space.held(module))
        tree = stack.enter_context(space.tree())
        subjects = _subjects(space, tree, modules, files)
        waiting = {subject.module: subject for subject in subjects}
        for done in _tried(space, tree, subjects, budget, judged) if budget is not None else ():
            yield outcome(waiting.pop(done), results.read(kept(space, done)), judged)
        for module, subject in waiting.items():
            yield outcome(subject, results.read(kept(space, module)), judged)


def kept(space: Workspace, module: str) -> Path:
    """Where the records of a module are."""
    return space.folder("results") / f"{module}.jsonl"


def outcome(subject: Subject, records: dict[tuple[str, str], results.Record], judged: accepted.Accepted) -> Outcome:
    """The counts of a module by its records, and its survivors that nobody accepted."""
    every = subject.mutated.mutants
    counts = Counter(all=len(every), types=len(subject.stopped))
    counts["twins"] = sum(each.twin for each in every if each.key not in subject.stopped)
    survivors = []
    for mutant in subject.tried:
        record = records.get((mutant.function, mutant.name))
        if record is None or record["source"] != digest(subject.source):
            counts["not run"] += 1
        elif record["verdict"] == "killed":
            counts["killed"] += 1
        elif record["verdict"] == "timeout":
            counts["too long"] += 1
        elif judged.reason(subject.module, mutant.function, mutant.name):
            counts["accepted"] += 1
        else:
            counts["open"] += 1
            survivors.append((mutant, record))
    return Outcome(subject.module, counts, survivors)


def _subjects(space: Workspace, tree: Path, modules: list[str], files: list[str]) -> list[Subject]:
    """Makes the mutants and puts them into the tree."""
    sources = {module: (tree / path_of(module)).read_text("utf-8") for module in modules}
    mutated = {module: mutate(path_of(module), source) for module, source in sources.items()}
    for module, each in mutated.items():
        (tree / path_of(module)).write_text(each.text, "utf-8")
    stopped = _stopped(space, tree, sources, mutated)
    return [
        Subject(module, source, mutated[module], stopped[module], reach.read(space, path_of(module), files))
        for module, source in sources.items()
    ]


def _stopped(
    space: Workspace, tree: Path, sources: dict[str, str], mutated: dict[str, Mutated]
) -> dict[str, dict[str, str]]:
    """What mypy says of the mutants of each module: asked once for each state of the module."""
    paths = {module: space.folder("types") / f"{module}.json" for module in sources}
    known = {module: json.loads(path.read_text("utf-8")) for module, path in paths.items() if path.exists()}
    asked = [module for module in sources if known.get(module, {}).get("source") != digest(sources[module])]
    stops = type_errors.stopped(tree, {path_of(module): mutated[module] for module in asked})
    for module in asked:
        known[module] = {"source": digest(sources[module]), "stopped": stops[path_of(module)]}
        write(paths[module], json.dumps(known[module]))
    return {module: dict(known[module]["stopped"]) for module in sources}


def _tried(
    space: Workspace, tree: Path, subjects: list[Subject], budget: float, judged: accepted.Accepted
) -> Iterator[str]:
    """Tries the mutants that have to be, adds what came of them to the kept records, and names each module done."""
    plan = [each for subject in subjects for each in _plan(subject, space, budget, judged)]
    if not plan:
        return
    print(f"trying {len(plan)} mutants of {', '.join(subject.module for subject in subjects)}", flush=True)
    what = {
        "budget": budget,
        "seconds": {test: cost for subject in subjects for test, cost in subject.reach.seconds.items()},
        "files": subjects[0].reach.file_digests,
        "mutants": plan,
    }
    name = "+".join(subject.module for subject in subjects)[:100]
    path = space.folder("plans") / f"{name}.json"
    write(path, json.dumps(what, ensure_ascii=False))
    command = [sys.executable, "-m", "tests.mutation.trying", str(path)]
    with (
        (space.folder("logs") / f"{name}.log").open("w") as log,
        subprocess.Popen(
            command, cwd=tree, env=reach.environment(tree), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            log.write(line)
            if line.startswith(DONE):
                yield line.removeprefix(DONE).strip()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _plan(subject: Subject, space: Workspace, budget: float, judged: accepted.Accepted) -> list[dict[str, Any]]:
    """The mutants to try: what each is, the tests that reach it, and the one that killed it the last time."""
    known = results.read(kept(space, subject.module))
    source = digest(subject.source)
    files = subject.reach.file_digests
    plan = []
    for mutant in subject.tried:
        tests = subject.tests(mutant)
        record = known.get((mutant.function, mutant.name))
        reached = subject.reach.fingerprint(tests)
        may_live = judged.reason(subject.module, mutant.function, mutant.name) is not None
        if results.holds(record, source=source, reach=reached, files=files, budget=budget, may_live=may_live):
            continue
        first = [record["by"]] if record and record["by"] in tests else []
        own = {"function": mutant.function, "name": mutant.name, "source": source, "reach": reached}
        what = {"module": subject.module, "key": mutant.key, "out": str(kept(space, subject.module))}
        plan.append({**what, "tests": sorted(tests), "first": first, "record": own})
    return plan
