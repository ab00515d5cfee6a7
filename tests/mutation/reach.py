"""Which tests execute a line of a module: measured for each test file, carried over when the module changes later."""

import ast
import difflib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutation.workspace import ROOM, Workspace, digest, write

_AT_ONCE = 12
"""Test files measured by one process: what is measured is kept when the run is stopped."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tests execute which lines of one module, and what is known of these tests."""

    by_line: dict[int, set[str]]
    seconds: dict[str, float]
    file_digests: dict[str, str]
    """Test file to the fingerprint of its text."""

    def tests(self, lines: Iterable[int]) -> set[str]:
        """The tests that execute any of these lines."""
        return set().union(*(self.by_line.get(line, set()) for line in lines))

    def fingerprint(self, tests: Iterable[str]) -> str:
        """Changes when another test reaches a mutant, or the file of one that does was edited."""
        return digest(*(f"{test} {self.file_digests[file_of(test)]}" for test in sorted(tests)))


def file_of(test: str) -> str:
    """The file of a test by pytest's name for it."""
    return test.partition("::")[0]


def refresh(space: Workspace, files: Iterable[str]) -> None:
    """Measures the test files that are new or were edited since they were measured; another run may do so beside it."""
    files = list(files)
    if not _stale(space, files):
        return
    with space.tree() as tree:
        sources = _keep_sources(space, tree)
        while stale := _stale(space, files):
            print(f"measuring which lines {len(stale)} test files execute …", flush=True)
            _measure(space, tree, stale[:_AT_ONCE], sources)


def read(space: Workspace, path: str, files: Iterable[str]) -> Reach:
    """What is known of the module at this path, in terms of its present lines."""
    source = (space.source / path).read_text("utf-8")
    by_line: dict[int, set[str]] = defaultdict(set)
    seconds: dict[str, float] = {}
    digests: dict[str, str] = {}
    moves: dict[str, dict[int, set[int]]] = {}
    for file in files:
        known = _record(space, file)
        digests[file] = known["digest"]
        measured = known["sources"].get(path)
        if measured is None:
            continue
        if measured not in moves:
            moves[measured] = moved((space.folder("reach", "sources") / measured).read_text("utf-8"), source)
        for test, facts in known["tests"].items():
            seconds[test] = facts["seconds"]
            for line in facts["lines"].get(path, ()):
                for now in moves[measured].get(line, ()):
                    by_line[now].add(test)
    return Reach(by_line, seconds, digests)


def moved(old: str, new: str) -> dict[int, set[int]]:
    """Line of the old text to lines of the new: the same line, and every changed line of the function that it is in."""
    to: dict[int, set[int]] = defaultdict(set)
    known: set[int] = set()
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    back: dict[int, int] = {}
    for tag, i1, i2, j1, _ in matcher.get_opcodes():
        if tag == "equal":
            back |= {j1 + step + 1: i1 + step + 1 for step in range(i2 - i1)}
    for now, before in back.items():
        to[before].add(now)
        known.add(now)
    for node in ast.walk(ast.parse(new)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
            changed = {line for line in body if line not in known}
            sources = {back[line] for line in body if line in known} or set(back.values())
            for before in sources if changed else ():
                to[before] |= changed
    return to


def statement_lines(source: str, function: str, offsets: Iterable[int]) -> set[int]:
    """The lines of the statements that hold these lines of a function; of its whole body for its signature."""
    node = _function(_parsed(source), function)
    body = set(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    parts = [set(_own_lines(each)) for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node]
    found: set[int] = set()
    for offset in offsets:
        line = node.lineno + offset
        holders = [part for part in parts if line in part]
        found |= min(holders, key=len) if holders else body
    return found


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    owner, _, plain = name.rpartition(".")
    body: list[ast.stmt] = tree.body
    if owner:
        body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner)
    functions = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node for node in functions if node.name == plain][-1]


def _own_lines(node: ast.stmt) -> range:
    """A statement's lines without those of the statements in it."""
    inner: Any = getattr(node, "body", None) or getattr(node, "cases", None)
    if not inner:
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    first = inner[0].lineno if hasattr(inner[0], "lineno") else inner[0].pattern.lineno
    return range(node.lineno, max(node.lineno + 1, first))


def _record(space: Workspace, file: str) -> dict[str, Any]:
    path = space.folder("reach") / f"{file.replace('/', '.')}.json"
    nothing: dict[str, Any] = {"digest": "", "sources": {}, "tests": {}}
    return json.loads(path.read_text("utf-8")) if path.exists() else nothing


def _stale(space: Workspace, files: Iterable[str]) -> list[str]:
    return [file for file in files if _record(space, file)["digest"] != _digest(space.source, file)]


def _digest(root: Path, file: str) -> str:
    return digest((root / file).read_text("utf-8"))


def _keep_sources(space: Workspace, tree: Path) -> dict[str, str]:
    """Keeps the text of every module of the room under its fingerprint: later lines are matched with it."""
    kept: dict[str, str] = {}
    for path in (tree / ROOM).rglob("*.py"):
        text = path.read_text("utf-8")
        name = kept[path.relative_to(tree).as_posix()] = digest(text)
        write(space.folder("reach", "sources") / name, text)
    return kept


def _measure(space: Workspace, tree: Path, files: list[str], sources: dict[str, str]) -> None:
    out = space.folder("reach") / f"measured.{os.getpid()}"
    command = [sys.executable, "-m", "tests.mutation.measuring", str(out), *files]
    log = space.folder("logs") / "measuring.log"
    with log.open("a") as to:
        subprocess.run(command, cwd=tree, env=environment(tree), stdout=to, stderr=to, check=True)
    tests: dict[str, Any] = json.loads(out.read_text("utf-8"))
    out.unlink()
    for file in files:
        own = {test: facts for test, facts in tests.items() if file_of(test) == file}
        record = {"digest": _digest(tree, file), "sources": sources, "tests": own}
        write(space.folder("reach") / f"{file.replace('/', '.')}.json", json.dumps(record))


def environment(tree: Path) -> dict[str, str]:
    """What tests run with in a copy: few, repeatable hypothesis examples, and the copy's own modules."""
    return {**os.environ, "HYPOTHESIS_PROFILE": "mutants", "PYTHONPATH": str(tree)}
