"""Every command as a person or a script uses it: what it prints, how it ends, one JSON document on standard output."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.app.clock_offset import move_forward
from bot.app.opening import open_database
from bot.cli.main import main
from bot.config import load_settings
from bot.storage.tables import transfer

Run = Callable[..., tuple[int, str, str]]
ANNA, MARTA = "+37120000101", "+37120000102"
TABLE = """Account ID;Company;Currency;Balance;Subscription end date;Plan;Months;Channels;Time zone
48210017;Alfa Dental;EUR;0,00;03.12.2026;Inbox;12;5;Europe/Riga
48210025;Beta Kids;EUR;9,00;;Pro;1;2;Europe/Riga
4821;Broken;EUR;1,00;;;;;
"""


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
def answer(run: Run) -> Callable[..., Any]:
    def call(*words: str) -> Any:
        code, out, err = run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return call


@pytest.fixture
def filled(run: Run, answer: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "clients.csv").write_text(TABLE, encoding="cp1251")
    answer("clients", "import", "clients.csv")
    answer("curators", "add", "Anna", ANNA, "--role", "owner", "--consent", "in person", "--time-zone", "Europe/Riga")
    answer("partner", "deposit", "1200", "EUR", "--reason", "bank")
    return answer


def test_a_name_is_shown_as_it_is(run: Run, answer: Callable[..., Any], tmp_path: Path) -> None:
    """Square brackets and backslashes in a client's name are letters, not markup, wherever a name is told."""
    name = r"[red]A \[/b] ["
    row = f"48210017;{name};EUR;1,00;03.12.2026;Pro;1;1;Europe/Riga\n48210025;{name} 2;EUR;9,00;;Pro;1;2;Europe/Riga\n"
    (tmp_path / "hostile.csv").write_text(TABLE.splitlines()[0] + "\n" + row, encoding="utf-8")
    answer("clients", "import", "hostile.csv")
    answer("partner", "deposit", "100", "EUR", "--reason", "bank")
    answer("paid", "48210017", "10", "cash")
    for words in (
        ("clients", "list"),
        ("clients", "show", "48210017"),
        ("due",),
        ("need",),
        ("owes",),
        ("ledger", "balances"),
        ("whatif", "48210017"),
        ("forecast", "48210017"),
        ("quote", "topup", "48210017", "10"),
        ("paid", "48210017", "1", "cash"),
        ("subscriptions", "create", "48210025", "max", "12m", "--unpaid"),
    ):
        code, out, _ = run(*words)
        assert (code, name in out) == (0, True), (words, out)


def test_the_first_command_makes_the_partner(answer: Callable[..., Any]) -> None:
    answer("partner", "deposit", "936.00", "EUR", "--reason", "bank transfer")
    shown = answer("partner", "show")
    assert shown["id"] == "default"
    assert shown["program"] == "seed"
    assert shown["accounts"][0]["balance"] == {"amount": "936.00", "currency": "EUR", "minor": 93600}


def test_an_import_reports_good_and_bad_rows(run: Run, answer: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(TABLE, encoding="utf-8")
    rehearsed = answer("clients", "import", "clients.csv", "--dry-run")
    assert (rehearsed["read"], rehearsed["added"]) == (3, 2)
    assert answer("clients", "list") == []
    report = answer("clients", "import", "clients.csv")
    assert {name: report[name] for name in ("read", "added", "changed", "unchanged", "missing")} == {
        "read": 3, "added": 2, "changed": 0, "unchanged": 0, "missing": 0,
    }  # fmt: skip
    assert [set(row) >= {"line", "column", "reason"} for row in report["rejected"]] == [True]
    assert answer("clients", "import", "clients.csv")["unchanged"] == 2


def test_a_client_is_shown_whole(filled: Callable[..., Any]) -> None:
    alfa = filled("clients", "show", "альфа")
    assert alfa["id"] == "48210017"
    assert alfa["subscription_end_date"] == "2026-12-03"
    assert len(alfa["channels"]) == 5
    assert {"id", "transport", "name", "state"} <= set(alfa["channels"][0])
    assert alfa["as_of"]
    assert filled("clients", "show", "0025")["company"] == "Beta Kids"


def test_a_quote_moves_nothing(filled: Callable[..., Any]) -> None:
    quote = filled("quote", "topup", "48210017", "1440.00")
    assert quote["partner_pays"]["amount"] == "936.00"
    assert quote["partner_keeps"]["amount"] == "504.00"
    assert quote["partner_after"]["amount"] == "264.00"
    assert quote["client_after"]["amount"] == "1440.00"
    renewal = filled("quote", "renew", "48210017", "inbox", "1y")
    assert (renewal["ends_before"], renewal["ends_after"]) == ("2026-12-03", "2027-12-03")
    assert filled("partner", "show")["accounts"][0]["balance"]["minor"] == 120000


@pytest.mark.parametrize("amount", ["0", "-5", "1e9", "ten", "1,440", ""])
def test_a_doubtful_amount_is_refused_in_words(filled: Callable[..., Any], run: Run, amount: str) -> None:
    code, out, err = run("quote", "topup", "48210017", "--json", "--", amount)
    assert code == 1
    assert json.loads(out)["error"]["message"]
    assert "refused" in err


def test_money_moves_by_chat_and_the_books_are_right(filled: Callable[..., Any]) -> None:
    offered = filled("say", "--from", ANNA, "renew alfa 12m")["replies"]
    assert "€936.00" in offered[0]["text"]
    confirm = next(button for button in offered[0]["buttons"] if button["title"] == "Confirm")
    [hold] = filled("say", "--from", ANNA, "--payload", confirm["payload"], "Confirm")["replies"]
    assert "Nothing moved yet" in hold["text"]
    [account] = filled("partner", "show")["accounts"]
    assert (account["balance"]["minor"], account["held"]["minor"]) == (120000, 93600)
    filled("scan", "--at", (datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    [account] = filled("partner", "show")["accounts"]
    assert (account["balance"]["minor"], account["held"]["minor"]) == (26400, 0)
    [again] = filled("say", "--from", ANNA, "--payload", confirm["payload"], "Confirm")["replies"]
    assert "already" in again["text"]
    assert filled("clients", "show", "48210017")["subscription_end_date"] == "2027-12-03"
    assert filled("ledger", "check")["ok"] is True
    states = {one["state"] for one in filled("deliveries")}
    assert states <= {"sent", "delivered", "read"}


def a_minute_passes() -> None:
    with open_database(load_settings()) as db:
        db.write_now(move_forward, timedelta(minutes=1))


def test_where_no_worker_runs_the_next_command_posts_what_is_due(filled: Callable[..., Any]) -> None:
    """The next thing said shows the receipt of the one before; whatever the command, nothing stays held."""
    filled("say", "--from", ANNA, "topup alfa 100")
    held = filled("say", "--from", ANNA, "yes")
    assert "Nothing moved yet" in held["replies"][0]["text"]
    assert held["news"] == []
    a_minute_passes()
    later = filled("say", "--from", ANNA, "partner")
    assert "*Topped up: Alfa Dental*" in later["news"][0]["text"]
    assert "€1,135.00" in later["replies"][0]["text"]
    filled("say", "--from", ANNA, "topup alfa 200")
    filled("say", "--from", ANNA, "yes")
    a_minute_passes()
    filled("pause", "money", "--reason", "audit")
    assert filled("partner", "show")["accounts"][0]["held"]["minor"] == 13000
    filled("resume", "money")
    assert filled("partner", "show")["accounts"][0]["held"]["minor"] == 0
    assert filled("ledger", "check")["ok"] is True


def test_a_curator_s_limit_is_shown_and_set(filled: Callable[..., Any], run: Run) -> None:
    filled("curators", "add", "Marta", MARTA, "--consent", "in person")
    shown = filled("curators", "limit", MARTA)["limits"]["EUR"]
    assert [shown[name]["amount"] for name in ("operation", "day", "left_today")] == ["500.00", "2000.00", "2000.00"]
    refused = filled("say", "--from", MARTA, "renew alfa 12m")["replies"]
    assert "up to €500.00 at once" in refused[0]["text"]
    assert "Anna" in refused[0]["text"]
    own = filled("curators", "limit", MARTA, "EUR", "--operation", "1000", "--day", "none")["limits"]["EUR"]
    assert (own["operation"]["amount"], own["day"], own["left_today"]) == ("1000.00", None, None)
    offered = filled("say", "--from", MARTA, "renew alfa 12m")["replies"]
    assert "€936.00" in offered[0]["text"]
    assert filled("curators", "limit", MARTA, "RUB")["limits"]["RUB"]["operation"]["amount"] == "50000.00"
    again = filled("curators", "limit", MARTA, "EUR", "--operation", "default", "--day", "default")["limits"]["EUR"]
    assert again == shown
    assert run("curators", "limit", MARTA, "--day", "5")[0] == 2
    assert run("curators", "limit", MARTA, "EUR", "--day", "ten")[0] == 1
    assert "is an owner" in run("curators", "limit", ANNA)[1]
    owner = filled("curators", "limit", ANNA)["limits"]["EUR"]
    assert (owner["operation"], owner["day"], owner["left_today"]) == (None, None, None)


def test_while_money_is_paused_the_operator_s_commands_move_none(filled: Callable[..., Any], run: Run) -> None:
    """What has happened may be written down: a deposit is taken."""
    asked = filled("partner", "payout", "request", "100", "EUR", "--reason", "for Olga")
    filled("pause", "money", "--reason", "audit", "--by", "Olga")
    for words in (
        ("subscriptions", "create", "0025", "pro", "1m", "--yes"),
        ("subscriptions", "create", "0025", "pro", "1m", "--unpaid"),
        ("partner", "payout", "request", "1", "EUR", "--reason", "x"),
        ("partner", "payout", "paid", asked["id"], "--reference", "bank-7"),
        ("clients", "add", "new@example.lv", "New Firm", "--currency", "EUR"),
    ):
        code, _, err = run(*words)
        assert code == 1, words
        assert "Money is paused since" in err
        assert "by Olga: audit" in err
    filled("partner", "deposit", "10", "EUR", "--reason", "bank")
    filled("partner", "payout", "cancel", asked["id"], "--reason", "not now")
    [account] = filled("partner", "show")["accounts"]
    assert (account["balance"]["minor"], account["held"]["minor"]) == (121000, 0)
    filled("resume", "money")
    filled("partner", "payout", "request", "1", "EUR", "--reason", "x")
    added = filled("clients", "add", "new@example.lv", "New Firm", "--currency", "EUR")
    assert added["welcome"]["minor"] == 1000


def test_a_curator_of_two_partners_speaks_for_the_one_that_is_named(answer: Callable[..., Any], run: Run) -> None:
    """A stranger stays one, whatever partner is named; a partner that does not exist is refused."""
    for name in ("Nord", "Sued"):
        assert answer("partner", "add", name, "--partner", name.lower())["id"] == name.lower()
        answer("curators", "add", "Anna", ANNA, "--role", "owner", "--consent", "paper", "--partner", name.lower())
    answer("partner", "deposit", "7", "EUR", "--reason", "bank", "--partner", "sued")
    (asked,) = answer("say", "--from", ANNA, "partner")["replies"]
    assert "more than one partner" in asked["text"]
    (told,) = answer("say", "--partner", "sued", "--from", ANNA, "partner")["replies"]
    assert "Sued" in told["text"]
    assert "€7.00" in told["text"]
    (told,) = answer("say", "--partner", "nord", "--from", ANNA, "partner")["replies"]
    assert "Nord" in told["text"]
    assert "€7.00" not in told["text"]
    (refused,) = answer("say", "--partner", "sued", "--from", "+37129999999", "partner")["replies"]
    assert "yours is not known here" in refused["text"]
    code, _, err = run("say", "--partner", "west", "--from", ANNA, "partner")
    assert (code, "west" in err) == (1, True)


def test_a_scan_says_nothing_twice(filled: Callable[..., Any]) -> None:
    first = filled("scan", "--at", "2026-11-26T12:00+02:00")
    assert first["alerts"] >= 1
    assert first["messages"] == 1
    again = filled("scan", "--at", "2026-11-26T12:00+02:00")
    assert (again["alerts"], again["messages"]) == (0, 0)
    assert [one["client"] for one in filled("due", "--within", "14d")] == ["48210025", "48210017"]
    queued = filled("deliveries", "--state", "queued")
    assert len(queued) == 1
    assert filled("deliveries", "show", queued[0]["id"])["text"]


def test_the_log_is_asked_by_name_number_client_kind_code_and_time(filled: Callable[..., Any]) -> None:
    filled("curators", "add", "Марта", MARTA, "--language", "ru")
    filled("scan", "--at", "2026-11-26T12:00+02:00")

    def kinds(*words: str) -> list[str]:
        assert filled("deliveries", *words) == filled("deliveries", "list", *words)
        return sorted(one["kind"] for one in filled("deliveries", *words))

    assert kinds() == ["alert", "invitation"]
    assert kinds("--curator", "anna") == ["alert"]
    assert kinds("--curator", "мар") == ["invitation"]
    assert kinds("--curator", "0102") == ["invitation"]
    assert kinds("--curator", "nobody") == []
    assert kinds("--kind", "alert") == ["alert"]
    assert kinds("--client", "nobody") == []
    assert kinds("--code", "63016") == []
    assert kinds("--since", "2026-01-01", "--until", "2999-01-01", "--state", "queued") == ["alert", "invitation"]
    assert kinds("--until", "2026-01-01") == []


def test_a_scan_of_a_moment_that_is_over_is_one_of_now_and_says_so(run: Run, filled: Callable[..., Any]) -> None:
    """The clock never goes back, and what stood then is not known any more: no zeros are made up."""
    seen = filled("scan", "--at", "2001-01-01T12:00Z", "--dry-run")
    now = filled("scan", "--dry-run")
    assert {**seen, "at": None} == {**now, "at": None}
    assert datetime.fromisoformat(seen["at"]) > datetime(2026, 1, 1, tzinfo=UTC)
    _, out, _ = run("scan", "--at", "2001-01-01T12:00Z", "--dry-run")
    assert "The clock has passed 01 Jan 2001 12:00 UTC" in out


def test_a_rehearsed_scan_leaves_no_trace(filled: Callable[..., Any]) -> None:
    seen = filled("scan", "--at", "2026-11-26T12:00+02:00", "--dry-run")
    assert seen["alerts"] >= 1
    assert filled("deliveries") == []


def test_a_new_curator_is_asked_first(filled: Callable[..., Any]) -> None:
    filled("curators", "add", "Марта", MARTA, "--language", "ru")
    invitations = [one for one in filled("deliveries") if one["kind"] == "invitation"]
    assert len(invitations) == 1
    before = filled("say", "--from", MARTA, "баланс альфа")["replies"]
    assert "0,00" not in before[0]["text"]
    filled("say", "--from", MARTA, "да")
    after = filled("say", "--from", MARTA, "баланс альфа")["replies"]
    assert "Alfa Dental" in after[0]["text"]
    assert [one["consent_at"] is not None for one in filled("curators", "list")] == [True, True]


def test_two_partners_must_be_told_apart(filled: Callable[..., Any], run: Run) -> None:
    filled("partner", "add", "Second House", "--id", "second")
    code, _, err = run("clients", "list")
    assert code == 1
    assert "--partner" in err
    assert filled("clients", "list", "--partner", "second") == []
    assert len(filled("clients", "list", "--partner", "default")) == 2


def test_wrong_settings_end_with_two_and_a_line_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATORBOT_WEB__PORT", "many")
    monkeypatch.setenv("CURATORBOT_TWILO__SENDER", "x")
    code, out, err = run("partner", "show", "--json")
    assert code == 2
    assert json.loads(out)["error"]["key"] == "configuration"
    assert err.count("configuration:") == 2


def test_serving_without_an_account_names_the_two_ways_out(run: Run) -> None:
    code, _, err = run("serve")
    assert code == 2
    assert "CURATORBOT_TWILIO__ACCOUNT_SID" in err
    assert "CURATORBOT_SIMULATOR__ENABLED" in err


def test_wrong_use_ends_with_two(run: Run) -> None:
    assert run("clients", "show")[0] == 2
    assert run("nonsense")[0] == 2


def test_the_schema_can_be_asked_for(answer: Callable[..., Any]) -> None:
    done = answer("migrate")
    assert done["current"] == done["head"]
    assert answer("migrate", "--check") == done


def test_sending_and_money_are_paused_by_name_and_reason(run: Run, filled: Callable[..., Any]) -> None:
    assert filled("pause") == {"paused": []}
    code, _, err = run("pause", "money")
    assert code == 1
    assert "--reason" in err
    (paused,) = filled("pause", "money", "--reason", "audit", "--by", "Olga")["paused"]
    assert (paused["switch"], paused["by"], paused["reason"]) == ("money", "Olga", "audit")
    filled("say", "--from", ANNA, "top up alfa 100")
    (told,) = filled("say", "--from", ANNA, "yes")["replies"]
    assert told["text"].startswith("Money is paused for the moment")
    assert filled("resume", "money") == {"paused": []}
    assert run("pause", "everything", "--reason", "x")[0] == 2


def test_a_person_is_forgotten_by_number(run: Run, filled: Callable[..., Any]) -> None:
    filled("say", "--from", ANNA, "help")
    assert run("deliveries", "forget", ANNA)[0] == 2
    done = filled("deliveries", "forget", ANNA, "--reason", "asked for", "--by", "Olga")
    assert done["received"] == 1
    assert done["sent"] + done["left"] >= 1


def test_subscriptions_are_created_and_changed(run: Run, filled: Callable[..., Any]) -> None:
    dry = filled("quote", "subscribe", "48210025", "inbox", "1m")
    assert (dry["kind"], dry["price"]["amount"], dry["client_gets"]["amount"]) == ("subscribe", "60.00", "51.00")
    assert filled("clients", "show", "48210025")["subscriptions"] == []
    done = filled("subscriptions", "create", "48210025", "inbox", "1m", "--channel", "whatsapp:shop", "--yes", "--now")
    assert (done["channels"], done["price"]["amount"]) == (1, "30.00")
    assert filled("quote", "upgrade", "48210025", "pro")["change"] == "upgrade"
    filled("subscriptions", "upgrade", "48210025", "pro", "--yes", "--now")
    assert filled("quote", "add-channel", "48210025", "telegram:news")["names"] == ["news"]
    filled("subscriptions", "add-channel", "48210025", "telegram:news", "--yes", "--now")
    dry = filled("quote", "remove-channel", "48210025", "telegram:news")
    assert (dry["change"], dry["names"], dry["channels"]) == ("remove", ["news"], 1)
    shown = run("quote", "remove-channel", "48210025", "telegram:news")[1]
    assert "by the day, from tomorrow" in shown
    assert "nothing" in shown
    gone = filled("subscriptions", "remove-channel", "48210025", "telegram:news", "--yes", "--now")
    assert gone["price"]["amount"] == "0.00"
    [held] = filled("clients", "show", "48210025")["subscriptions"]
    assert (held["plan"], held["channels"], held["state"]) == ("pro", 1, "active")
    assert run("subscriptions", "remove-channel", "48210025", "whatsapp:shop", "--yes", "--now")[0] == 1
    first = held["id"]
    filled("subscriptions", "create", "48210025", "inbox", "6m", "--yes", "--now")
    status, _, why = run("quote", "upgrade", "48210025", "max")
    assert (status, f"--subscription ID: {first} (pro, till " in why) == (1, True)
    assert filled("quote", "upgrade", "48210025", "max", "--subscription", first)["plan_before"] == "Pro"
    [other] = [one["id"] for one in filled("clients", "show", "48210025")["subscriptions"] if one["id"] != first]
    plans = [filled("quote", "renew", "48210025", *which)["plan"] for which in ((), ("--subscription", other))]
    assert plans == ["pro", "inbox"]
    assert run("subscriptions", "add-channel", "48210025", "pigeon:news", "--yes", "--now")[0] == 1
    assert filled("ledger", "check")["ok"]


def test_what_the_command_line_confirms_is_held_until_the_undo_is_over(run: Run, filled: Callable[..., Any]) -> None:
    """Not posted at once: `undo` frees it; else the next command posts it, and then it is too late."""

    def euros() -> tuple[int, int]:
        [account] = filled("partner", "show")["accounts"]
        return account["balance"]["minor"], account["held"]["minor"]

    held = filled("subscriptions", "create", "48210025", "pro", "1m", "--yes")
    assert (held["state"], held["posted_by"], held["task"]) == ("pending", "next command", None)
    assert datetime.fromisoformat(held["post_at"]) > datetime.now(UTC)
    assert euros() == (120000, 5265)
    assert filled("clients", "show", "48210025")["subscriptions"] == []
    assert filled("undo", held["receipt"].lower())["state"] == "voided"
    assert filled("undo", held["receipt"])["state"] == "voided"
    assert euros() == (120000, 0)
    said = run("subscriptions", "create", "48210025", "pro", "1m", "--yes")[1]
    number = said.split("curatorbot undo ")[1][:5]
    assert "the first command posts it, for no service runs here" in said
    assert said.splitlines()[-1].startswith("Held, till ")
    a_minute_passes()
    assert len(filled("clients", "show", "48210025")["subscriptions"]) == 1
    assert euros() == (114735, 0)
    status, _, why = run("undo", number)
    assert (status, "Too late to cancel" in why) == (1, True)
    assert run("undo", "XXXXX")[0] == 1
    assert filled("ledger", "check")["ok"]


def test_undo_leaves_alone_what_others_confirmed(run: Run, filled: Callable[..., Any]) -> None:
    """A curator's yes is taken back in the chat only, a payout by its own command."""
    held = filled("partner", "payout", "request", "100", "EUR", "--reason", "asked for")
    filled("say", "--from", ANNA, "topup alfa 100")
    assert "Nothing moved yet" in filled("say", "--from", ANNA, "yes")["replies"][0]["text"]
    with open_database(load_settings()) as db:
        waiting = db.read_now(lambda conn: conn.execute(select(transfer.c.receipt, transfer.c.state)).all())
    assert [one.state for one in waiting] == ["pending", "pending"]
    for one in waiting:
        status, _, why = run("undo", one.receipt)
        assert (status, "is not the command line's" in why) == (1, True)
    assert held["state"] == "pending"


def test_a_subscription_waits_for_its_money(run: Run, filled: Callable[..., Any]) -> None:
    made = filled("subscriptions", "create", "48210025", "pro", "1m", "--unpaid")
    assert made["missing"]["amount"] == "81.00"
    assert "unpaid" in run("quote", "topup", "48210025", "10")[1]
    assert run("subscriptions", "upgrade", "48210025", "max", "--yes", "--now")[0] == 1


def test_where_the_balance_reaches_nothing_is_bought_without_an_undo(
    run: Run, filled: Callable[..., Any], tmp_path: Path
) -> None:
    row = "48210041;Rich;EUR;200,00;;Pro;1;2;Europe/Riga\n"
    (tmp_path / "more.csv").write_text(TABLE.splitlines()[0] + "\n" + row, encoding="utf-8")
    filled("clients", "import", "more.csv")
    made = filled("subscriptions", "create", "48210041", "pro", "1m", "--unpaid", "--yes")
    assert (made["state"], made["client_gets"]["minor"]) == ("pending", 0)
    assert run("undo", made["receipt"])[0] == 0


def test_a_client_renews_by_itself(filled: Callable[..., Any]) -> None:
    filled("subscriptions", "create", "48210025", "inbox", "1m", "--yes", "--now")
    on = filled("clients", "set", "48210025", "--auto-renew", "--limit", "1500")
    assert on["auto_renew"]
    assert on["renews_at"][11:16] in ("19:00", "20:00")
    assert not filled("clients", "set", "48210025", "--no-auto-renew")["auto_renew"]


def test_an_avalanche_waits_for_an_answer_and_the_operator_may_give_it(
    filled: Callable[..., Any], run: Run, tmp_path: Path
) -> None:
    head, alfa = TABLE.splitlines()[:2]
    rows = [alfa.replace("48210017", f"483{n:05d}").replace("Alfa Dental", f"Firm {n}") for n in range(40)]
    (tmp_path / "many.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    filled("clients", "import", "many.csv")
    held = filled("scan", "--at", "2026-11-26T12:00+02:00")
    assert (held["held"], held["alerts"]) == (42, 0)
    assert ["far more than usual" in filled("deliveries", "show", one["id"])["text"] for one in filled("deliveries")]
    assert "scan --yes" in run("scan", "--at", "2026-11-26T12:00+02:00")[1]
    told = filled("scan", "--at", "2026-11-26T12:01+02:00", "--yes")
    assert (told["held"], told["alerts"], told["messages"]) == (0, 42, 1)
    assert run("scan", "--no")[0] == 1


def test_the_list_is_drawn_as_a_picture(filled: Callable[..., Any], run: Run, tmp_path: Path) -> None:
    assert run("due", "--picture", str(tmp_path / "due.png"), "--language", "ru")[0] == 0
    assert (tmp_path / "due.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = run("due", "--picture", str(tmp_path / "nowhere" / "due.png"))
    assert (code, "was not written" in err) == (1, True)
