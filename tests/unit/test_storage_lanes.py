"""The queue in front of the database, without a database."""

from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.storage.lanes import Lanes
from bot.storage.unit import Overloaded, Rows, Unavailable, Unit, Waiter


def fn(conn: Connection, rows: list[Any]) -> list[Any]:
    return rows


def unit(name: Any) -> Unit:
    return Unit(fn, (name,), Waiter(Future()))


def named(units: list[Unit]) -> list[Any]:
    return [[row for row, _ in one.rows] if isinstance(one, Rows) else one.args[0] for one in units]


def take(lanes: Lanes, most: int = 100) -> tuple[list[Any], bool]:
    units, bulk = lanes.take(most)
    lanes.done(units, bulk=bulk)
    return named(units), bulk


def test_interactive_first_together_then_bulk_one_by_one() -> None:
    lanes = Lanes(10, 1)
    for name in ("b1", "b2"):
        lanes.put(unit(name), bulk=True)
    for name in ("i1", "i2", "i3"):
        lanes.put(unit(name), bulk=False)
    assert len(lanes) == 5
    assert take(lanes, 2) == (["i1", "i2"], False)
    assert take(lanes, 2) == (["i3"], False)
    assert take(lanes) == (["b1"], True)
    assert take(lanes) == (["b2"], True)
    assert len(lanes) == 0


def test_bulk_gets_a_turn_however_busy_it_is() -> None:
    lanes = Lanes(100, 1)
    lanes.put(unit("bulk"), bulk=True)
    turns = 0
    while True:
        lanes.put(unit("busy"), bulk=False)
        turns += 1
        if take(lanes, 1)[1]:
            break
    assert turns == 9


def test_only_so_many_bulk_units_at_a_time() -> None:
    lanes = Lanes(10, 1)
    for name in ("b1", "b2"):
        lanes.put(unit(name), bulk=True)
    first, bulk = lanes.take(5)
    assert (named(first), bulk) == (["b1"], True)
    lanes.put(unit("i"), bulk=False)
    assert take(lanes) == (["i"], False)
    lanes.done(first, bulk=True)
    assert take(lanes) == (["b2"], True)


def test_rows_gather_while_their_kind_is_being_run() -> None:
    lanes = Lanes(2000, 1)
    lanes.put_row(fn, 1, Waiter(Future()))
    lanes.put_row(fn, 2, Waiter(Future()))
    lanes.put(unit("u"), bulk=False)
    units, _ = lanes.take(100)
    assert named(units) == [[1, 2], "u"]
    for n in range(3, 700):
        lanes.put_row(fn, n, Waiter(Future()))
    lanes.put(unit("v"), bulk=False)
    assert len(lanes) == 698
    assert take(lanes) == (["v"], False)
    lanes.done(units, bulk=False)
    assert take(lanes)[0] == [list(range(3, 503))]
    assert take(lanes)[0] == [list(range(503, 700))]
    assert len(lanes) == 0


@pytest.mark.parametrize("kind", ["interactive", "bulk", "rows"])
def test_each_lane_is_bounded_by_itself(kind: str) -> None:
    lanes = Lanes(2, 1)

    def put(what: str) -> None:
        if what == "rows":
            lanes.put_row(fn, 1, Waiter(Future()))
        else:
            lanes.put(unit(1), bulk=what == "bulk")

    put(kind)
    put(kind)
    with pytest.raises(Overloaded):
        put(kind)
    if kind != "interactive":
        put("interactive")
    if kind != "bulk":
        put("bulk")


def test_closing_refuses_the_new_and_gives_out_the_old() -> None:
    lanes = Lanes(10, 1)
    lanes.put(unit("b"), bulk=True)
    lanes.put_row(fn, 1, Waiter(Future()))
    lanes.close()
    with pytest.raises(Unavailable):
        lanes.put(unit("late"), bulk=False)
    with pytest.raises(Unavailable):
        lanes.put_row(fn, 2, Waiter(Future()))
    assert take(lanes) == ([[1]], False)
    assert take(lanes) == (["b"], True)
    assert take(lanes) == ([], False)


@given(st.lists(st.sampled_from(["interactive", "bulk", "row", "take"]), max_size=80), st.integers(1, 5))
def test_everything_comes_out_once_and_in_the_order_of_its_lane(steps: list[str], most: int) -> None:
    lanes = Lanes(1000, 1)
    came: dict[str, list[int]] = {"interactive": [], "bulk": [], "row": []}
    put: dict[str, list[int]] = {"interactive": [], "bulk": [], "row": []}

    def take_one() -> None:
        units, bulk = lanes.take(most)
        for one in units:
            if isinstance(one, Rows):
                came["row"] += [row for row, _ in one.rows]
            else:
                came["bulk" if bulk else "interactive"].append(one.args[0])
        lanes.done(units, bulk=bulk)

    for n, step in enumerate(steps):
        if step == "take":
            if len(lanes):
                take_one()
            continue
        put[step].append(n)
        if step == "row":
            lanes.put_row(fn, n, Waiter(Future()))
        else:
            lanes.put(unit(n), bulk=step == "bulk")
    while len(lanes):
        take_one()
    assert came == put
