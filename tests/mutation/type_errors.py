"""Which mutants `mypy --strict` stops: the gate runs it, so no test needs to see them."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutated

_OF_THE_COPIES = {"no-redef", "unused-ignore"}
"""Errors that come from the many copies of a function beside each other, not from what a mutant changed."""


class MypyFailed(Exception):
    """mypy could not read the mutated files."""


def stopped(tree: Path, mutated: Mapping[str, Mutated]) -> dict[str, dict[str, str]]:
    """For each mutated file: key of each mutant with a type error that its original lacks, and the error."""
    if not mutated:
        return {}
    errors = _errors(tree, list(mutated))
    return {
        path: _of_file(each, [error for error in errors if error["file"] == path]) for path, each in mutated.items()
    }


def _of_file(mutated: Mutated, errors: Iterable[dict[str, Any]]) -> dict[str, str]:
    messages: dict[str, set[str]] = defaultdict(set)
    spans = {mutant.key: mutant.span for mutant in mutated.mutants}
    spans |= {f"{base}__mutmut_orig": span for base, span in mutated.originals.items()}
    by_line = {line: key for key, (first, last) in spans.items() for line in range(first, last + 1)}
    for error in errors:
        key = by_line.get(error["line"])
        if key and error["code"] not in _OF_THE_COPIES:
            messages[key].add(error["message"])
    stops: dict[str, str] = {}
    for mutant in mutated.mutants:
        new = messages[mutant.key] - messages[f"{mutant.key.rpartition('__mutmut_')[0]}__mutmut_orig"]
        if new:
            stops[mutant.key] = min(new)
    return stops


def _errors(tree: Path, paths: list[str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "mypy", "--output", "json", *paths]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1} or done.stderr.strip():
        raise MypyFailed(done.stderr or done.stdout)
    found = (json.loads(line) for line in done.stdout.splitlines() if line.strip())
    return [error for error in found if error["severity"] == "error"]
