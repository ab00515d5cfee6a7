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
TABLE = "Account ID;Company;Currency;Balance;Subscription end date;Plan;Months;Channels;Time zone;Tags\n" + (
    "48210017;Alfa Dental;EUR;0,00;03.12.2099;Inbox;12;5;Europe/Riga;VIP\n"
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


def test_tags_currencies_and_a_stand_in_are_chosen_by_command(answer: Answer) -> None:
    assert answer("curators", "set", "Olga", "--no-finances")["left"] == []
    handed = answer("curators", "set", "Anna", "--tags", "dental, spa")
    assert (handed["only_tags"], handed["left"], handed["heirs"]) == (["dental", "spa"], ["48210017"], ["Olga"])
    assert answer("curators", "set", "Anna", "--tags", "vip")["left"] == [], "no matter how the table writes it"
    assert answer("curators", "set", "Anna", "--currencies", "usd")["left"] == ["48210017"]
    changed = answer("curators", "set", "Anna", "--tags", "all", "--currencies", "all")
    assert (changed["only_tags"], changed["only_currencies"]) == ([], [])
    assert answer("curators", "set", "Anna", "--currencies", "ZZZ")["error"]["key"] == "bad_currency"
    assert answer("curators", "set", "Anna", "--away", "2020-01-01")["error"]["key"] == "day_is_over"
    away = answer("curators", "set", "Anna", "--away", "2030-01-01", "--stand-in", "Olga")
    assert away["stand_in"] == next(one["id"] for one in answer("curators", "list") if one["name"] == "Olga")


def test_a_clients_own_curator_is_added_by_command_and_asks_about_that_client_only(answer: Answer) -> None:
    own = answer("curators", "add", "Ilze", "+37120000103", "--client", "alfa", "--consent", "in writing")
    assert own["client_id"]
    assert answer("curators", "add", "Juris", "+37120000104", "--client", "beta")["error"]["key"] == "client_not_found"
    said = answer("say", "--from", "+37120000103", "due")
    assert "Here you can only ask how Alfa Dental stands" in json.dumps(said)


def test_one_is_made_responsible_by_command_and_why_says_so(answer: Answer) -> None:
    assert answer("assign", "alfa", "Olga") == {"client": "48210017", "responsible": "Olga", "open": 0}
    ending = [one for one in answer("why", "alfa") if one["kind"] == "ending"]
    assert {one["curator"]: one["next_reason"] for one in ending} == {"Anna": "assigned", "Olga": None}
    assert all(one["next_told_at"] or one["next_reason"] for one in ending)
    assert answer("assign", "alfa", "--nobody")["responsible"] is None
    assert {one["next_reason"] for one in answer("why", "alfa") if one["kind"] == "ending"} == {None}
    assert answer("assign", "alfa")["error"]["key"] == "told"
    assert answer("assign", "alfa", "Nobody")["error"]["key"] == "curator_unknown"
