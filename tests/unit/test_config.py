"""Settings: where they come from, and what a mistake is told."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.errors import ConfigError
from bot.settings import Settings


def problems(tmp_path: Path, toml: str, environ: dict[str, str] | None = None) -> list[str]:
    file = tmp_path / "bot.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, environ or {})
    return caught.value.problems


def test_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}) == Settings()


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bot.toml"
    file.write_text('[twilio]\nsender = "whatsapp:+37120000001"\n[web]\nport = 1\n', encoding="utf-8")
    settings = load_settings(file, {"CURATORBOT_WEB__PORT": "9090", "HOME": "/"})
    assert settings.twilio.sender == "whatsapp:+37120000001"
    assert settings.web.port == 9090


def test_a_secret_may_be_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n", encoding="utf-8")
    settings = load_settings(None, {"CURATORBOT_TWILIO__AUTH_TOKEN_FILE": str(secret)})
    assert settings.twilio.auth_token is not None
    assert settings.twilio.auth_token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_every_mistake_gets_its_own_line_with_the_nearest_right_name(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[twilio]\naccount_id = "x"\n[web]\nport = "high"\n[mony]\nundo_seconds = 1\n[money]\nundo_seconds = 900\n',
    )
    assert len(told) == 4
    beginnings = (
        "twilio.account_id: there is no such setting; did you mean twilio.account_sid",
        "mony: there is no such setting; did you mean money",
        "web.port: ",
        "money.undo_seconds: ",
    )
    assert all(any(line.startswith(one) for line in told) for one in beginnings), told


def test_a_mistyped_variable_is_named_with_the_right_one(tmp_path: Path) -> None:
    told = problems(tmp_path, "", {"CURATORBOT_TWILO__SENDER": "x"})
    assert told == ["CURATORBOT_TWILO__SENDER: there is no such setting; did you mean CURATORBOT_TWILIO__SENDER?"]


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_settings(tmp_path / "none.toml", {})


def test_broken_toml_names_the_place(tmp_path: Path) -> None:
    assert "line 2" in problems(tmp_path, "[web]\nport = \n")[0]


def test_a_bad_value_of_a_secret_is_not_repeated(tmp_path: Path) -> None:
    told = problems(tmp_path, '[twilio]\nauth_token = ["hunter2"]\n')
    assert "hunter2" not in " ".join(told)


def test_a_limit_that_is_named_replaces_its_own_default_only() -> None:
    settings = load_settings(None, {"CURATORBOT_MONEY__LIMIT_DAY": '{"rub": 90000.5, "GEL": 0}'})
    assert settings.money.limit_day["RUB"] == Decimal("90000.5")
    assert settings.money.limit_day["GEL"] == 0
    assert settings.money.limit_day["EUR"] == 2000
    assert settings.money.limit_operation["KZT"] == 250_000


@pytest.mark.parametrize("wrong", ['{"EUR": -1}', '{"EUR": 0.001}', '{"EURO": 5}', "500", '{"EUR": "NaN"}', "{"])
def test_a_wrong_limit_is_told(wrong: str) -> None:
    with pytest.raises(ConfigError, match="limit_operation"):
        load_settings(None, {"CURATORBOT_MONEY__LIMIT_OPERATION": wrong})


def test_the_currencies_of_payment_pages() -> None:
    assert Settings().stripe.currencies == ["EUR", "USD"]
    assert load_settings(None, {"CURATORBOT_STRIPE__CURRENCIES": "gbp,EUR"}).stripe.currencies == ["EUR", "GBP"]
    with pytest.raises(ConfigError, match=r"stripe\.currencies"):
        load_settings(None, {"CURATORBOT_STRIPE__CURRENCIES": "EURO"})
