"""The alert policy: what the shipped file says, what wins, and how mistakes are told."""

import tomllib
from datetime import time
from pathlib import Path

import pytest

from bot.alerts.alert import Kind
from bot.alerts.policy import policy
from bot.errors import ConfigError
from bot.ids import PartnerId

SHIPPED = tomllib.loads((Path(__file__).parents[2] / "config" / "alerts.toml").read_text())


def test_the_shipped_policy_tells_two_weeks_ahead() -> None:
    shipped = policy(SHIPPED)
    assert shipped.general.stages[Kind.ENDING] == (14, 7, 3, 1, 0)
    assert shipped.general.stages[Kind.RUNNING_OUT] == (7, 3, 1)
    assert shipped.raise_at == time(9)


def test_the_most_granular_stages_win_kind_by_kind() -> None:
    data = {
        **SHIPPED,
        "partner": {"riga": {"stages": {"ending": [5]}}},
        "client": {"48210017": {"stages": {"ending": [2, 30], "running_out": []}}},
    }
    chosen = policy(data)
    riga, other = PartnerId("riga"), PartnerId("other")
    assert chosen.stages_of(Kind.ENDING, riga, "48210017") == (30, 2)
    assert chosen.stages_of(Kind.RUNNING_OUT, riga, "48210017") == ()
    assert chosen.stages_of(Kind.ENDING, riga, "48210025") == (5,)
    assert chosen.stages_of(Kind.RUNNING_OUT, riga, "48210025") == (7, 3, 1)
    assert chosen.stages_of(Kind.ENDING, other, "48210025") == (14, 7, 3, 1, 0)


def test_two_partners_clients_of_one_account_id_have_their_own_stages() -> None:
    data = {
        **SHIPPED,
        "partner": {"riga": {"stages": {"ending": [5]}, "client": {"48210017": {"stages": {"ending": [9]}}}}},
        "client": {"48210017": {"stages": {"ending": [2]}}},
    }
    chosen = policy(data)
    assert chosen.stages_of(Kind.ENDING, PartnerId("riga"), "48210017") == (9,)
    assert chosen.stages_of(Kind.ENDING, PartnerId("nord"), "48210017") == (2,)
    assert chosen.stages_of(Kind.ENDING, PartnerId("riga"), "48210025") == (5,)
    assert chosen.stages_of(Kind.RUNNING_OUT, PartnerId("riga"), "48210017") == (7, 3, 1)


def test_balances_too_are_most_granular() -> None:
    chosen = policy({**SHIPPED, "balance": {"EUR": [5, 20]}, "client": {"48210017": {"balance": {"EUR": [100]}}}})
    riga = PartnerId("riga")
    assert chosen.balances_of("EUR", riga, "48210025") == (20, 5)
    assert chosen.balances_of("EUR", riga, "48210017") == (100,)
    assert chosen.balances_of("USD", riga, "48210017") == ()
    assert chosen.stages_of(Kind.ENDING, riga, "48210017") == (14, 7, 3, 1, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rais_at": "10:00"}, "rais_at: no such setting, did you mean raise_at?"),
        ({"raise_at": "25:00"}, "raise_at: '25:00' is no time of day"),
        ({"raise_at": 9}, "raise_at: 9 is no time of day"),
        ({"forget_after_days": 0}, "forget_after_days: 0 is no whole number from 1 to 3650"),
        ({"stages": {"ending": [14], "running_out": [-1]}}, "stages.running_out: [-1] is no list"),
        ({"stages": {"ending": [True], "running_out": [1]}}, "stages.ending: [True] is no list"),
        ({"stages": {"ending": [1]}}, "stages.running_out: missing"),
        (
            {"stages": {"ending": [1], "running_out": [1], "endin": [1]}},
            "stages.endin: no such kind, did you mean ending?",
        ),
        ({"balance": {"EUR": [5, "20"]}}, "balance.EUR: [5, '20'] is no list"),
        ({"balance": 3}, "balance: must be a table of currencies"),
        ({"cooldown_hours": {"stoped": 3}}, "cooldown_hours.stoped: no such kind, did you mean stopped?"),
        ({"cooldown_hours": {"stopped": 0}}, "cooldown_hours.stopped: 0 is no whole number"),
        ({"respect_hours": "yes"}, "respect_hours: 'yes' is neither true nor false"),
        ({"holidays": {"LV": ["25 Dec"]}}, "holidays.LV: ['25 Dec'] is no list of days"),
        ({"stages": 3}, "stages: must be a table of ending and running_out"),
        ({"client": {"48210017": 3}}, "client: must be written as [client.ID.stages]"),
        (
            {"partner": {"riga": {"client": 3}}},
            "partner.riga.client: must be written as [partner.riga.client.ID.stages]",
        ),
        (
            {"partner": {"riga": {"client": {"48210017": {"stage": {}}}}}},
            "partner.riga.client.48210017.stage: no such setting, did you mean stages?",
        ),
        (
            {"partner": {"riga": {"client": {"48210017": {"client": {}}}}}},
            "partner.riga.client.48210017.client: no such setting",
        ),
        ({"client": {"48210017": {"stage": {}}}}, "client.48210017.stage: no such setting, did you mean stages?"),
    ],
)
def test_a_mistake_is_told_by_name(change: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy({**SHIPPED, **change})
    assert any(problem.startswith(words) for problem in caught.value.problems), caught.value.problems
