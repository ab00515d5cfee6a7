"""`make mutate`: what a mutant is called, which are the same, which may live, what reaches it, which verdict holds."""

from pathlib import Path

import pytest

from tests.mutation import accepted, reach, results
from tests.mutation.changes import change, numbered, twins

SOURCE = """\
LIMIT = 3


def pay(amount, floor=0):
    if amount > floor:
        total = add(
            amount,
            floor,
        )
        return total
    return None


class Book:
    def pay(self):
        return 1
"""


def test_a_change_is_named_by_its_lines_without_their_place() -> None:
    found = change(
        ["def f():", "    return (", "        1", "    )"], ["def f():", "    return (", "        2", "    )"]
    )
    assert (found.text, found.offsets) == ("1 -> 2", frozenset({2}))


def test_equal_changes_of_one_function_are_told_apart() -> None:
    assert numbered(["a -> b", "c -> d", "a -> b"]) == ["a -> b", "c -> d", "a -> b #2"]


def test_the_case_of_a_string_is_a_twin_of_the_same_string_only() -> None:
    original = 'return ask("Name", "key"), mode("XX")'
    mutants = [
        'return ask("XXNameXX", "key"), mode("XX")',
        'return ask("name", "key"), mode("XX")',
        'return ask("NAME", "key"), mode("XX")',
        'return ask("Name", "XXkeyXX"), mode("XX")',
        'return ask("Name", "KEY"), mode("XX")',
        'return ask("Name", None), mode("XX")',
        'return ASK("Name", "key"), mode("XX")',
    ]
    assert twins(original, mutants) == [False, True, True, False, True, False, False]


def entries(tmp_path: Path, text: str) -> accepted.Accepted:
    path = tmp_path / "accepted.toml"
    path.write_text(text, "utf-8")
    return accepted.read(path)


def test_an_accepted_change_means_that_change_and_a_star_any_text(tmp_path: Path) -> None:
    judged = entries(
        tmp_path,
        """
        [[accepted]]
        module = "chain"
        function = "link"
        reason = "the default"
        changes = ['x[0].y(a) -> x[0].y()', '* -> x[?]*']
        """,
    )
    assert judged.reason("chain", "link", "x[0].y(a) -> x[0].y()") == "the default"
    assert judged.reason("chain", "link", "x[0].y(a) -> x[0].y() #2") is None
    assert judged.reason("chain", "links", "x[0].y(a) -> x[0].y()") is None
    assert judged.reason("charging", "link", "x[0].y(a) -> x[0].y()") is None
    assert [pattern.change for pattern in judged.unmet(["chain"])] == ["* -> x[?]*"]
    assert judged.unmet(["charging"]) == []


def test_a_group_for_any_module_is_missed_only_when_several_were_tried(tmp_path: Path) -> None:
    judged = entries(tmp_path, '[[accepted]]\nmodule = "*"\nreason = "locks"\nchanges = ["* -> lock()"]\n')
    assert (judged.unmet(["chain"]), len(judged.unmet(["chain", "charging"]))) == ([], 1)
    assert judged.reason("payments.terms", "Terms.check", "lock(x) -> lock()") == "locks"
    assert judged.unmet(["chain", "charging"]) == []


@pytest.mark.parametrize(
    "entry",
    [
        'module = "chain"\nchanges = ["a -> b"]',
        'module = "chain"\nreason = " "\nchanges = ["a -> b"]',
        'module = "chain"',
    ],
)
def test_an_entry_without_a_reason_or_a_change_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(accepted.BadEntry):
        entries(tmp_path, f"[[accepted]]\n{entry}\n")


def test_the_list_of_the_repository_can_be_read() -> None:
    assert accepted.read().patterns


def test_a_mutant_is_reached_by_what_executes_its_statement() -> None:
    assert reach.statement_lines(SOURCE, "pay", {1}) == {5}
    assert reach.statement_lines(SOURCE, "pay", {3}) == {6, 7, 8, 9}
    assert reach.statement_lines(SOURCE, "pay", {0}) == {5, 6, 7, 8, 9, 10, 11}
    assert reach.statement_lines(SOURCE, "Book.pay", {1}) == {16}


def test_lines_are_followed_through_an_edit_and_new_ones_are_reached_like_their_function() -> None:
    edited = SOURCE.replace("LIMIT = 3", "LIMIT = 3\nMORE = 4").replace(
        "return total", "total += 1\n        return total"
    )
    moves = reach.moved(SOURCE, edited)
    assert moves[1] == {1}
    assert moves[16] == {18}
    assert moves[5] == {6, 11}


def test_a_kill_holds_while_its_test_stands_and_a_survivor_while_nothing_new_could_see_it() -> None:
    files = {"tests/unit/test_a.py": "a1"}
    killed = {"verdict": "killed", "by": "tests/unit/test_a.py::t", "by_file": "a1", "source": "s", "reach": "r"}
    survived = {"verdict": "survived", "by": None, "source": "s", "reach": "r", "budget": 4, "tried": 3, "of": 9}

    def holds(record: results.Record, source: str = "s", reached: str = "r", budget: float = 4) -> bool:
        return results.holds(record, source=source, reach=reached, files=files, budget=budget)

    assert holds(killed, reached="other", budget=60)
    assert not holds(killed, source="edited")
    assert not holds(killed | {"by_file": "a0"})
    assert holds(survived)
    assert not holds(survived, reached="other")
    assert not holds(survived, budget=60)
    assert holds(survived | {"of": 3}, budget=60)
