"""The operator's commands of Wazzup: what is set up, look now, after a wrong login too, the webhook, tasks."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from sqlalchemy import Connection

from bot.billing.gateways.wazzup import polls
from bot.cli import wazzup_accounts
from bot.cli.main import main
from bot.ids import PartnerId
from tests.contract.wazzup_fake import CHANNEL, KEY, SECRET
from tests.integration.wazzup_world import LOGIN, PASSWORD, TECH, account

Run = Callable[..., tuple[int, str, str]]
TABLE = "ID,Company,Balance,Currency,Subscription end date,Plan,Months,Channels\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATORBOT_DATABASE__URL", f"sqlite:///{tmp_path}/bot.sqlite3")
    monkeypatch.setenv("CURATORBOT_LOG__LEVEL", "ERROR")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["curatorbot", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out.out, out.err

    return call


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as mocked:
        yield mocked


@pytest.fixture
def partner(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(
        f"{TABLE}48210033,Gamma Travel,0.00,EUR,2026-01-25,Pro,6,3\n", encoding="utf-8"
    )
    assert run("clients", "import", "clients.csv", "--as-of", "2026-11-01")[0] == 0
    assert run("wazzup", "use", "--accounts", "wazzup")[0] == 0


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/wazzup.md tells: the e-mail as a setting, the password in a file."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    monkeypatch.setenv("CURATORBOT_WAZZUP__LOGIN", LOGIN)
    monkeypatch.setenv("CURATORBOT_WAZZUP__PASSWORD_FILE", str(secret))
    monkeypatch.setenv("CURATORBOT_WAZZUP__TECH_API_URL", TECH)


@pytest.mark.usefixtures("partner")
def test_without_a_login_it_says_what_is_missing(run: Run) -> None:
    code, _, err = run("wazzup", "poll")
    assert (code, "wazzup.login" in err) == (1, True)
    code, out, _ = run("wazzup", "status", "--json")
    found = json.loads(out)
    assert (code, found["accounts"], found["messages"], found["login_set"]) == (0, "wazzup", "twilio", False)


@pytest.mark.usefixtures("partner", "login")
def test_a_wrong_login_and_then_the_right_one(run: Run, wire: respx.MockRouter) -> None:
    route = wire.get(url__startswith=f"{TECH}/v2/accounts/48210033")
    route.mock(return_value=httpx.Response(401))
    code, out, err = run("wazzup", "poll")
    assert code == 1
    assert "The login is refused" in err
    route.mock(return_value=account())
    code, out, err = run("wazzup", "poll", "--json")
    found = json.loads(out)
    assert (code, found["read"], found["refused_at"]) == (0, 1, None)
    assert json.loads(run("clients", "show", "48210033", "--json")[1])["subscription_end_date"] == "2027-05-26"
    sent = route.calls[0].request.headers["Authorization"]
    code, out, err = run("wazzup", "status")
    assert "accounts by wazzup" in out
    for text in (out, err, found.__repr__()):
        assert PASSWORD not in text
        assert sent not in text


@pytest.mark.usefixtures("partner", "login")
def test_beside_a_worker_it_waits_for_what_that_reads(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def finished(conn: Connection, partner_id: PartnerId) -> polls.Poll:
        return replace(polls.Poll(partner_id), read=7, finished_at=datetime.now(UTC))

    monkeypatch.setattr(wazzup_accounts, "anybody_works", lambda *_: True)
    monkeypatch.setattr(wazzup_accounts, "_WAIT_SECONDS", 0.4)
    code, _, err = run("wazzup", "poll")
    assert (code, "still at it" in err) == (0, True)
    monkeypatch.setattr(polls, "load", finished)
    code, out, err = run("wazzup", "poll")
    assert (code, "7 read" in out, "still at it" in err) == (0, True, False)


@pytest.mark.usefixtures("partner", "login")
def test_an_older_table_changes_nothing(run: Run, wire: respx.MockRouter, tmp_path: Path) -> None:
    wire.get(url__startswith=TECH).mock(return_value=account())
    assert run("wazzup", "poll")[0] == 0
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    code, out, _ = run("clients", "import", "clients.csv", "--yes", "--as-of", before, "--json")
    assert code == 0
    assert "was seen later" in json.loads(out)["rejected"][0]["reason"]
    after = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert run("clients", "import", "clients.csv", "--yes", "--as-of", after)[0] == 1


def test_wazzup_is_told_where_to_post(run: Run, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("wazzup", "subscribe")[0] == 2
    for name, value in (("API_KEY", KEY), ("CHANNEL_ID", CHANNEL), ("WEBHOOK_SECRET", SECRET)):
        monkeypatch.setenv(f"CURATORBOT_WAZZUP__{name}", value)
    monkeypatch.setenv("CURATORBOT_WAZZUP__API_URL", "https://wazzup.test")
    monkeypatch.setenv("CURATORBOT_PUBLIC_URL", "https://bot.example.com")
    route = wire.patch("https://wazzup.test/v3/webhooks").mock(return_value=httpx.Response(200, json={}))
    code, out, err = run("wazzup", "subscribe")
    assert (code, SECRET in out + err) == (0, False)
    body = json.loads(route.calls[0].request.content)
    assert body["webhooksUri"] == f"https://bot.example.com/webhooks/wazzup/{SECRET}"
    on = {name for name, wanted in body["subscriptions"].items() if wanted}
    assert on == {"messagesAndStatuses", "channelsUpdates"}
    refusal = {"error": "testPostNotPassed", "description": f"no {SECRET}", "data": {}}
    route.mock(return_value=httpx.Response(400, json=refusal))
    code, out, err = run("wazzup", "subscribe")
    assert (code, "testPostNotPassed" in err, SECRET in out + err) == (1, True, False)
    route.mock(side_effect=httpx.ConnectError("refused"))
    assert run("wazzup", "subscribe")[0] == 1


@pytest.mark.usefixtures("partner")
def test_a_task_is_closed_by_hand(run: Run) -> None:
    run("curators", "add", "Anna", "+37120000017", "--consent", "asked")
    said = json.loads(run("say", "--from", "+37120000017", "renew gamma", "--json")[1])
    confirm = said["replies"][0]["buttons"][0]["payload"]
    run("say", "--from", "+37120000017", "--payload", confirm, "Confirm")
    [task] = json.loads(run("tasks", "--json")[1])
    assert (task["number"], task["state"], task["client"]) == ("W-1", "open", "48210033")
    assert run("wazzup", "close", "W-7", "--as", "cancelled")[0] == 1
    assert json.loads(run("wazzup", "close", "w-1", "--as", "failed", "--json")[1]) == {
        "number": "W-1",
        "state": "failed",
    }
    assert json.loads(run("tasks", "--json")[1]) == []


@pytest.mark.usefixtures("partner")
def test_a_purchase_on_the_command_line_is_a_task_there(run: Run, tmp_path: Path) -> None:
    """Nothing is held and nothing is done: it says so."""
    (tmp_path / "clients.csv").write_text(f"{TABLE}48210041,Delta,3.00,EUR,,Pro,1,2\n", encoding="utf-8")
    assert run("clients", "import", "clients.csv", "--as-of", "2026-11-02")[0] == 0
    code, out, err = run("subscriptions", "create", "48210041", "pro", "1m", "--yes")
    assert (code, "Only a person can do this in Wazzup: it is W-1 now" in out) == (0, True), err
    code, out, _ = run("subscriptions", "create", "48210041", "pro", "1m", "--yes", "--json")
    assert (code, json.loads(out)["error"]["key"]) == (1, "already_pending")
    assert run("undo", "W-1")[0] == 1
