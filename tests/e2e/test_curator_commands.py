"""`curators set|mute|unmute|remove`: hours, holidays, absence; the owner gets what nobody else is told of."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli.main import main

Answer = Callable[..., Any]
TABLE = "Account ID;Company;Currency;Balance;Subscription end date;Plan;Months;Channels;Time zone\n" + (
    "48210017;Alfa Dental;EUR;0,00;03.12.2099;Inbox;12;5;Europe/Riga\n"
)


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATORBOT_DATABASE__URL", f"sqlite:///{tmp_path}/bot.sqlite3")
    monkeypatch.setenv("CURATORBOT_LOG__LEVEL", "ERROR")

    def call(*words: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["curatorbot", *words, "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out = json.loads(capsys.readouterr().out)
        assert (ended.value.code or 0) == (1 if isinstance(out, dict) and "error" in out else 0)
        return out

    (tmp_path / "clients.csv").write_text(TABLE, encoding="cp1251")
    call("clients", "import", "clients.csv")
    call("curators", "add", "Anna", "+37120000101", "--consent", "in person")
    call("curators", "add", "Olga", "+37120000102", "--role", "owner", "--consent", "in person")
    return call


def test_hours_and_the_country_of_the_holidays(answer: Answer) -> None:
    assert answer("curators", "list")[0]["country"] == "LV"
    changed = answer("curators", "set", "Anna", "--hour", "8:30", "--days", "1234", "--country", "kz", "--any-hour")
    assert [changed[key] for key in ("alert_hour", "working_days", "country", "any_hour")] == [
        "08:30",
        "1234",
        "KZ",
        True,
    ]
    assert answer("curators", "set", "anna", "--country", "none")["country"] == "ZZ"
    assert answer("curators", "set", "anna", "--country", "phone")["country"] == "LV"
    assert answer("curators", "set", "Anna", "--country", "XX")["error"]["key"] == "bad_country"
    assert answer("curators", "set", "Anna", "--hour", "late")["error"]["key"] == "bad_hour"
    assert answer("curators", "set", "Boris", "--hour", "9:00")["error"]["key"] == "curator_unknown"


def test_the_last_one_to_mute_switch_off_go_away_or_leave_hands_over_to_the_owner(answer: Answer) -> None:
    handed = {"left": ["48210017"], "heirs": ["Olga"]}
    answer("curators", "set", "Olga", "--no-finances")
    assert answer("curators", "mute", "Anna", "alfa") == handed
    assert answer("curators", "unmute", "Anna", "alfa") == {"open": 0}
    for words in (("set", "Anna", "--no-finances"), ("set", "Anna", "--away", "2030-01-01"), ("remove", "Anna")):
        said = answer("curators", *words)
        assert {key: said[key] for key in handed} == handed
        if words[0] == "set":
            answer("curators", "set", "Anna", "--finances", "--back")


def test_who_is_told_again_hears_what_is_open(answer: Answer, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    (tmp_path / "clients.csv").write_text(TABLE.replace("03.12.2099", f"{yesterday:%d.%m.%Y}"), encoding="cp1251")
    answer("clients", "import", "clients.csv")
    answer("curators", "mute", "Anna", "48210017")
    answer("scan")
    assert answer("curators", "unmute", "Anna", "48210017") == {"open": 1}
