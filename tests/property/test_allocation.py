"""What pays for what: nothing is lost, nothing is paid twice, and never is somebody owing and ahead at once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.billing.allocation import Credit, Payment, allocate
from bot.ids import ClientPaymentId, TransferId

START = datetime(2026, 11, 26, tzinfo=UTC)
amounts = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([100, 250, 250, 999])), max_size=8)


def credits_of(rows: list[tuple[int, int]]) -> list[Credit]:
    return [Credit(TransferId(f"t{n}"), START + timedelta(days=day), minor) for n, (day, minor) in enumerate(rows)]


def payments_of(rows: list[tuple[int, int]], said: list[int | None]) -> list[Payment]:
    return [
        Payment(
            ClientPaymentId(f"p{n}"), START + timedelta(days=day), minor,
            None if index is None else TransferId(f"t{index}"),
        )
        for n, ((day, minor), index) in enumerate(zip(rows, said, strict=True))
    ]  # fmt: skip


@given(credited=amounts, paid=amounts, data=st.data())
def test_every_unit_is_accounted_for_once(
    credited: list[tuple[int, int]], paid: list[tuple[int, int]], data: st.DataObject
) -> None:
    said = [data.draw(st.none() | st.integers(0, 9)) for _ in paid]
    credits, payments = credits_of(credited), payments_of(paid, said)
    found = allocate(credits, payments)
    assert not (found.unpaid and found.ahead)
    used: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    for part in found.parts:
        assert part.minor > 0
        used[part.payment_id] += part.minor
        covered[part.transfer_id] += part.minor
    left = {one.id: one.minor for one in found.ahead}
    owed = {one.transfer_id: one.minor for one in found.unpaid}
    assert all(used[one.id] + left.get(one.id, 0) == one.minor for one in payments)
    assert all(covered[one.transfer_id] + owed.get(one.transfer_id, 0) == one.minor for one in credits)
    assert allocate(credits[::-1], payments[::-1]) == found


def test_what_was_said_comes_first_then_equal_amounts_then_the_oldest() -> None:
    credits = credits_of([(0, 100), (1, 250), (2, 999)])
    said = allocate(credits, payments_of([(3, 250)], [2]))
    assert [(one.transfer_id, one.minor) for one in said.parts] == [("t2", 250)]
    equal = allocate(credits, payments_of([(3, 250)], [None]))
    assert [(one.transfer_id, one.minor) for one in equal.parts] == [("t1", 250)]
    oldest = allocate(credits, payments_of([(3, 300)], [None]))
    assert [(one.transfer_id, one.minor) for one in oldest.parts] == [("t0", 100), ("t1", 200)]
