"""The page about payments names every report to enable, every state, and every fault of the simulator's events."""

from pathlib import Path
from typing import get_args

from bot.billing.payments.news import CheckoutState
from bot.billing.payments.stripe_reading import KINDS
from bot.simulator.faults import FaultKind

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "payments.md").read_text(encoding="utf-8")


def test_every_report_to_enable_is_named() -> None:
    assert {kind for kind in KINDS if f"`{kind}`" not in PAGE} == set()


def test_every_state_is_explained() -> None:
    assert {state for state in get_args(CheckoutState) if f"`{state}`" not in PAGE} == set()


def test_every_fault_is_on_the_simulator_page() -> None:
    page = (DOCS / "simulator.md").read_text(encoding="utf-8")
    assert {kind.value for kind in FaultKind if f"`{kind.value}`" not in page} == set()
