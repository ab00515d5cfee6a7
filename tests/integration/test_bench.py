"""The benchmarks run, check their own books, and report both sides of one run."""

from pathlib import Path

import pytest

from bot.bench import reference, runner
from bot.bench.result import Round, summary
from bot.bench.sides import Plan
from bot.errors import ConfigError


@pytest.mark.parametrize("name", runner.BENCHES)
def test_both_sides_do_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "QUICK", Plan(rounds=1, seconds=0.2))
    result = runner.run(name, quick=True)
    assert (result.name, result.unit) == (name, runner.BENCHES[name].unit)
    assert result.ours > 0
    assert result.reference > 0
    assert result.ratio == pytest.approx(result.ours / result.reference, rel=0.01, abs=0.005)
    assert result.n > 0


def test_medians_and_the_median_ratio() -> None:
    rounds = [(Round(100, 1.0), Round(10, 1.0)), (Round(300, 2.0), Round(60, 2.0)), (Round(90, 1.0), Round(90, 3.0))]
    result = summary("x", "things/s", rounds)
    assert (result.ours, result.reference, result.ratio, result.n) == (100.0, 30.0, 5.0, 650)


def test_a_missing_greenlet_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "create_async_engine", None)
    with pytest.raises(ConfigError, match="greenlet"):
        reference.ReferenceDatabase(tmp_path / "x.db")
