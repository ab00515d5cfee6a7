"""The demo's story on production code paths: both wires, the outbox, the ledger, the clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.cli.demo import play, until_morning
from bot.settings import Settings


def test_the_story_plays_to_its_end(tmp_path: Path) -> None:
    result = asyncio.run(play(Settings(), tmp_path, narrate=False))
    assert result.ok, result.problem
    assert result.ledger is not None
    assert result.ledger.ok
    document = result.document()
    assert document["ok"] is True
    assert document["ledger"] == {"ok": True, "transactions": result.ledger.transactions}
    texts = "\n".join(step.text for step in result.steps)
    assert "Client gets €1,440.00, all of it pays the renewal" in texts
    assert "You pay €936.00 (-35%), you keep €504.00" in texts
    assert "Your account: €1,200.00 → €264.00." in texts
    assert "Client has €9.00, gets €81.00; you pay €52.65" in texts


def test_every_message_of_the_story_has_an_end(tmp_path: Path) -> None:
    result = asyncio.run(play(Settings(), tmp_path, narrate=False))
    ours = [step for step in result.steps if step.who == "curatorbot"]
    assert len(ours) > 10
    assert {step.state for step in ours} <= {"delivered", "read"}


def test_nobody_but_the_partner_s_own_people_is_told_of_money(tmp_path: Path) -> None:
    result = asyncio.run(play(Settings(), tmp_path, narrate=False))
    to_stranger = [step.text for step in result.steps if step.to == "a stranger"]
    assert len(to_stranger) == 1
    assert not any(word in to_stranger[0] for word in ("Alfa", "€", "4821"))
    to_viewer = [step.text for step in result.steps if step.to == "Tom"]
    assert not any("936" in text or "You pay" in text for text in to_viewer)


def test_kept_data_is_loaded_once(tmp_path: Path) -> None:
    first = asyncio.run(play(Settings(), tmp_path, narrate=False))
    assert first.ledger is not None
    again = asyncio.run(play(Settings(), tmp_path, narrate=False))
    assert again.ledger is not None
    assert again.ledger.ok


@pytest.mark.parametrize("day", [datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 3, 28, 22, tzinfo=UTC)])
def test_a_demo_in_the_night_begins_when_everybody_s_day_has_begun(day: datetime) -> None:
    """The second one is the night in which clocks go forward in Riga."""
    riga = ZoneInfo("Europe/Riga")
    for half_hours in range(48):
        started = day + half_hours * timedelta(minutes=30)
        begins = started + until_morning(started)
        assert begins.astimezone(riga).date() == started.astimezone(riga).date()
        opening = begins.astimezone(riga).replace(hour=10, minute=15, second=0, microsecond=0)
        assert begins.astimezone(riga) == max(started.astimezone(riga), opening)
