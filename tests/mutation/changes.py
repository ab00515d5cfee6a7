"""What a mutant changes: a name for it that outlives renumbering, and which mutants are twins of another. Pure."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MARK = "XX"
"""What mutmut puts around a string to change it; after that it changes the same string's case."""


@dataclass(frozen=True, slots=True)
class Change:
    """The lines that differ between a function and its mutant, stripped, and where they lie in the function."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    offsets: frozenset[int]
    """Which lines of the original are changed or, for an insertion, stand where it is made; 0 is the `def` line."""

    @property
    def text(self) -> str:
        """`old -> new`, each on one line: what a mutant is called by."""
        return f"{' '.join(self.old)} -> {' '.join(self.new)}"


def change(original: Sequence[str], mutant: Sequence[str]) -> Change:
    """What differs between the lines of a function and of its mutant, which bear the same name here."""
    old: list[str] = []
    new: list[str] = []
    offsets: set[int] = set()
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, original, mutant, autojunk=False).get_opcodes():
        if tag != "equal":
            old += [line.strip() for line in original[i1:i2]]
            new += [line.strip() for line in mutant[j1:j2]]
            offsets |= set(range(i1, max(i2, i1 + 1)))
    return Change(tuple(old), tuple(new), frozenset(offsets))


def numbered(texts: Iterable[str]) -> list[str]:
    """The same texts, the second equal one with ` #2` behind it, and so on: the mutants of one function, told apart."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for text in texts:
        seen[text] += 1
        names.append(text if seen[text] == 1 else f"{text} #{seen[text]}")
    return names


def twins(original: str, mutants: Sequence[str]) -> list[bool]:
    """For each mutant of a function, in mutmut's order, whether it only changes the case of a string already changed.

    mutmut changes every string three times: `XX…XX` around it, all lower case, all upper case. Where a test looks at
    the string at all, the first of these shows it, so the other two are counted with it.
    """
    marked: tuple[int, int] | None = None
    answer: list[bool] = []
    for mutant in mutants:
        start, end = _changed(original, mutant)
        if len(mutant) - len(original) == 2 * len(_MARK) and mutant[start:].startswith(_MARK):
            marked = (start, end)
        in_case_only = mutant != original and mutant.lower() == original.lower()
        answer.append(in_case_only and marked is not None and marked[0] <= start and end <= marked[1] + len(_MARK))
    return answer


def _changed(original: str, mutant: str) -> tuple[int, int]:
    """The part of the original, from and to, that is not the same in the mutant."""
    shortest = min(len(original), len(mutant))
    start = next((at for at in range(shortest) if original[at] != mutant[at]), shortest)
    end = next((at for at in range(shortest - start) if original[-1 - at] != mutant[-1 - at]), shortest - start)
    return start, len(original) - end
