"""One module from its source to its counts: makes the mutants, lets mypy stop what it can, tries the rest."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation import accepted, reach, results, type_errors
from tests.mutation.mutants import Mutant, Mutated, mutate
from tests.mutation.workspace import Workspace, digest, path_of, write

COUNTS = ("all", "types", "twins", "killed", "too long", "accepted", "open")


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


def run(space: Workspace, module: str, files: list[str], budget: float, judged: accepted.Accepted) -> Outcome:
    """Tries what has to be tried of a module. Raises Busy when another run is at it."""
    kept = space.folder("results") / f"{module}.jsonl"
    with space.held(module), space.tree() as tree:
        source = (tree / path_of(module)).read_text("utf-8")
        mutated = mutate(path_of(module), source)
        (tree / path_of(module)).write_text(mutated.text, "utf-8")
        stopped = _stopped(space, tree, module, source, mutated)
        subject = Subject(module, source, mutated, stopped, reach.read(space, path_of(module), files))
        _try(space, tree, subject, kept, budget)
    return outcome(subject, results.read(kept), judged)


def outcome(subject: Subject, records: dict[tuple[str, str], results.Record], judged: accepted.Accepted) -> Outcome:
    """The counts of a module by its records, and its survivors that nobody accepted."""
    every = subject.mutated.mutants
    counts = Counter(all=len(every), types=len(subject.stopped))
    counts["twins"] = sum(each.twin for each in every if each.key not in subject.stopped)
    survivors = []
    for mutant in subject.tried:
        record = records[mutant.function, mutant.name]
        if record["verdict"] == "killed":
            counts["killed"] += 1
        elif record["verdict"] == "timeout":
            counts["too long"] += 1
        elif judged.reason(subject.module, mutant.function, mutant.name):
            counts["accepted"] += 1
        else:
            counts["open"] += 1
            survivors.append((mutant, record))
    return Outcome(subject.module, counts, survivors)


def _stopped(space: Workspace, tree: Path, module: str, source: str, mutated: Mutated) -> dict[str, str]:
    """What mypy says of the mutants: asked once for each state of the module."""
    path = space.folder("types") / f"{module}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if known.get("source") != digest(source):
        stops = type_errors.stopped(tree, path_of(module), mutated)
        known = {"source": digest(source), "stopped": stops}
        write(path, json.dumps(known))
    return dict(known["stopped"])


def _try(space: Workspace, tree: Path, subject: Subject, kept: Path, budget: float) -> None:
    """Tries every mutant whose last verdict does not hold, and adds what came of it to the kept records."""
    plan = _plan(subject, results.read(kept), budget)
    if not plan:
        return
    print(f"{subject.module}: trying {len(plan)} mutants", flush=True)
    what = {
        "module": f"bot.billing.{subject.module}",
        "budget": budget,
        "seconds": subject.reach.seconds,
        "files": subject.reach.file_digests,
        "mutants": plan,
    }
    path = space.folder("plans") / f"{subject.module}.json"
    write(path, json.dumps(what, ensure_ascii=False))
    log = space.folder("logs") / f"{subject.module}.log"
    command = [sys.executable, "-m", "tests.mutation.trying", str(path), str(kept)]
    with log.open("w") as to:
        subprocess.run(command, cwd=tree, env=reach.environment(tree), stdout=to, stderr=to, check=True)


def _plan(subject: Subject, known: dict[tuple[str, str], results.Record], budget: float) -> list[dict[str, Any]]:
    """The mutants to try: what each is, the tests that reach it, and the one that killed it the last time."""
    source = digest(subject.source)
    files = subject.reach.file_digests
    plan = []
    for mutant in subject.tried:
        tests = subject.tests(mutant)
        record = known.get((mutant.function, mutant.name))
        reached = subject.reach.fingerprint(tests)
        if results.holds(record, source=source, reach=reached, files=files, budget=budget):
            continue
        first = [record["by"]] if record and record["by"] in tests else []
        own = {"function": mutant.function, "name": mutant.name, "source": source, "reach": reached}
        plan.append({"key": mutant.key, "tests": sorted(tests), "first": first, "record": own})
    return plan
