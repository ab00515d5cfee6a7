"""The operator's commands of money: replenish by a link, payouts, what clients paid."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli.main import main
from bot.cli.serving import simulator_options
from bot.clock import SystemClock
from bot.settings import Settings
from bot.simulator.server import create_simulator
from bot.simulator.settings import SimulatorSettings

Run = Callable[..., tuple[int, str, str]]
Answer = Callable[..., Any]


@pytest.fixture
def stripe_url() -> Iterator[str]:
    """A simulator that runs beside the commands."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), []

    async def serve(stop: asyncio.Event) -> None:
        simulator = create_simulator(SimulatorSettings(), SystemClock())
        await simulator.start()
        found.append(simulator.url)
        ready.set()
        await stop.wait()
        await simulator.stop()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop)))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


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
def answer(run: Run) -> Answer:
    run("partner", "deposit", "1000", "EUR", "--reason", "bank")

    def call(*words: str) -> Any:
        code, out, err = run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return call


def test_without_a_provider_replenish_says_what_works(answer: Answer, run: Run) -> None:
    code, _, told = run("partner", "replenish", "500", "EUR")
    assert code == 1
    assert "pay by bank transfer" in told
    assert answer("partner", "replenishments") == []


def test_replenish_opens_a_page(answer: Answer, run: Run, stripe_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATORBOT_STRIPE__SECRET_KEY", "sk_test_simulator")
    monkeypatch.setenv("CURATORBOT_STRIPE__WEBHOOK_SECRET", "whsec_simulator")
    monkeypatch.setenv("CURATORBOT_STRIPE__API_URL", stripe_url)
    page = answer("partner", "replenish", "500", "EUR")
    assert page["url"].startswith(f"{stripe_url}/pay/c/cs_test_")
    assert (page["state"], page["amount"]["minor"]) == ("open", 50_000)
    assert answer("partner", "replenish", "500.00", "€")["url"] == page["url"]
    assert [one["state"] for one in answer("partner", "replenishments")] == ["open"]
    assert answer("partner", "show")["accounts"][0]["balance"]["amount"] == "1000.00"
    code, out, _ = run("partner", "replenish", "500", "EUR")
    assert (code, page["url"] in out.replace("\n", "")) == (0, True)
    code, _, told = run("partner", "replenish", "500", "RUB")
    assert (code, "There is no payment by card in ₽" in told) == (1, True)
    monkeypatch.setenv("CURATORBOT_STRIPE__SECRET_KEY", "sk_test_wrong")
    code, _, told = run("partner", "replenish", "600", "EUR")
    assert (code, "No link: refused by the provider" in told) == (1, True)


def test_half_a_configuration_is_a_mistake(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATORBOT_STRIPE__SECRET_KEY", "sk_test_simulator")
    code, _, told = run("partner", "replenish", "600", "EUR")
    assert (code, "set both secret_key and webhook_secret" in told) == (2, True)


def test_a_payout_is_requested_and_paid_or_cancelled_by_the_operator(answer: Answer, run: Run) -> None:
    first = answer("partner", "payout", "request", "300", "EUR", "--reason", "Anna asked")
    assert (first["state"], first["amount"]["minor"]) == ("pending", 30_000)
    [account] = answer("partner", "show")["accounts"]
    assert (account["balance"]["amount"], account["held"]["amount"]) == ("1000.00", "300.00")
    assert answer("partner", "payout", "paid", first["id"], "--reference", "SEPA 1")["state"] == "posted"
    second = answer("partner", "payout", "request", "100", "EUR", "--reason", "Anna asked")
    assert answer("partner", "payout", "cancel", second["id"], "--reason", "mistake")["state"] == "voided"
    [account] = answer("partner", "show")["accounts"]
    assert (account["balance"]["amount"], account["held"]["amount"]) == ("700.00", "0.00")
    assert [one["state"] for one in answer("partner", "payout", "list")] == ["voided", "posted"]
    assert answer("ledger", "check")["ok"] is True
    for words, told in (
        (("request", "900", "EUR", "--reason", "x"), "missing"),
        (("request", "9", "EUR", "--reason", " "), "Say why"),
        (("paid", "nothing", "--reference", "x"), "There is no payout nothing"),
        (("cancel", first["id"], "--reason", "x"), "is closed"),
    ):
        code, _, err = run("partner", "payout", *words)
        assert (code, told in err) == (1, True), err


def test_what_clients_paid(answer: Answer, run: Run, tmp_path: Path) -> None:
    table = "Account ID;Company;Currency;Balance\n48210017;Alfa Dental;EUR;0,00\n"
    (tmp_path / "clients.csv").write_text(table, encoding="utf-8")
    answer("clients", "import", "clients.csv")
    assert answer("owes") == []
    noted = answer("paid", "alfa", "1440", "in cash")
    assert (noted["client"], noted["how"], noted["funds"]) == ("48210017", "in cash", None)
    assert noted["ahead"]["amount"] == "1440.00"
    [debt] = answer("owes")
    assert (debt["company"], debt["owes"]["minor"], debt["ahead"]["minor"]) == ("Alfa Dental", 0, 144_000)
    code, out, _ = run("owes")
    assert (code, "Alfa Dental" in out) == (0, True)
    code, _, told = run("paid", "alfa", "10 USD")
    assert (code, "EUR" in told) == (1, True)


def test_a_simulator_alone_reports_payments_to_the_product() -> None:
    """Beside the address of messages, or where it is told."""
    made = simulator_options(Settings(), "AC1", "t", "http://127.0.0.1:9000/webhooks/twilio/inbound", None)
    assert made.stripe_webhook_url == "http://127.0.0.1:9000/webhooks/stripe"
    assert simulator_options(Settings(), "AC1", "t", made.webhook_url, "http://x/y").stripe_webhook_url == "http://x/y"
