"""Reports in any order, any number of times, lead to the same state: the furthest evidence wins."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.status import ARRIVED, LOST, RANK, Applied, State, forward, meaning

REPORTS = [
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "failed",
    "undelivered",
    "canceled",
]


def walk(reports: list[str]) -> tuple[State, bool]:
    state, contradicted = State.SENDING, False
    for report in reports:
        reported = meaning(report)
        assert reported is not None
        step = forward(state, reported, contradicted)
        assert RANK[step.state] >= RANK[state], "a state never goes back"
        state, contradicted = step.state, step.contradicted
    return state, contradicted


@given(st.lists(st.sampled_from(REPORTS), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(reports: list[str], random: object) -> None:
    shuffled = list(reports)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert walk(reports) == walk(shuffled) == walk(reports + reports)


@given(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=8))
def test_furthest_evidence_wins_and_contradictions_are_flagged(reports: list[str]) -> None:
    state, contradicted = walk(reports)
    seen = {meaning(report) for report in reports}
    if State.READ in seen:
        assert state is State.READ
    elif State.DELIVERED in seen:
        assert state is State.DELIVERED
    elif seen & LOST:
        assert state in LOST
    else:
        assert state is State.SENT
    assert contradicted is bool(seen & LOST and seen & ARRIVED)


def test_every_order_of_delivered_then_failed() -> None:
    for order in permutations(["sent", "delivered", "failed"]):
        assert walk(list(order)) == (State.DELIVERED, True)


def test_what_a_report_did() -> None:
    assert forward(State.SENT, State.DELIVERED).applied is Applied.APPLIED
    assert forward(State.DELIVERED, State.SENT).applied is Applied.OLDER
    assert forward(State.DELIVERED, State.FAILED).applied is Applied.CONTRADICTS
    assert forward(State.FAILED, State.DELIVERED).contradicted
    assert meaning("receiving") is None
