"""The pages of the console and their JSON twins, on both databases."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.clock import ManualClock
from bot.directory import service as directory
from bot.ids import DeliveryId
from bot.messaging.costs import note_price
from bot.messaging.message import Price
from bot.storage.engine import Database
from tests.integration.console_story import Story, tell, write
from tests.integration.web_door import Client, open_door

PAGES = ["/", "/due", "/clients", "/deliveries", "/ledger", "/rules", "/wazzup"]


@pytest.fixture
def story(db: Database, clock: ManualClock) -> Story:
    """The story told on each database."""
    return db.write_now(tell, clock.now())


async def page(client: Client, path: str, **headers: str) -> str:
    """The HTML at an address that must be there."""
    answer = await client.get(path, headers=headers)
    assert answer.status == 200, path
    assert answer.content_type == "text/html"
    return await answer.text()


async def twin(client: Client, path: str) -> Any:
    """The JSON at an address that must be there."""
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.json()


async def test_every_page_is_there_in_every_language(sqlite_db: Database, clock: ManualClock) -> None:
    db = sqlite_db
    story = db.write_now(tell, clock.now())
    paths = [*PAGES, f"/clients/{story.alfa.account_id}", f"/deliveries/{story.messages['failed']}"]
    async with open_door(db, clock) as client:
        for path in paths:
            english = await page(client, path, **{"Accept-Language": "en"})
            russian = await page(client, path, **{"Accept-Language": "ru-RU,ru;q=0.9"})
            assert '<html lang="en">' in english
            assert '<html lang="ru">' in russian
            assert english != russian
            for html in (english, russian):
                assert " style=" not in html
                assert "<script>" not in html
                assert not re.search(r"\son\w+=", html)
                assert "<Kids>" not in html


async def test_every_twin_is_what_openapi_says(db: Database, clock: ManualClock, story: Story) -> None:
    ids = {"/api/clients/{id}": story.alfa.id, "/api/deliveries/{id}": story.messages["read"]}
    async with open_door(db, clock) as client:
        document = await twin(client, "/openapi.json")
        for path, operations in document["paths"].items():
            schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            answer = await twin(client, path.replace("{id}", ids.get(path, "")))
            Draft202012Validator(schema | {"components": document["components"]}).validate(answer)


async def test_the_log_lists_the_newest_first(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        found = await twin(client, "/api/deliveries")

    assert [one["id"] for one in found["deliveries"]] == list(story.messages.values())
    assert found["counts"] == dict.fromkeys(story.messages, 1)
    assert (found["total"], found["problems"], found["next"]) == (5, 1, None)
    assert found["deliveries"][0]["preview"] == "Finances: Alfa Dental ends in 7 days ID 48210017"


FILTERS = [
    ("state=failed", ["failed"]),
    ("state=problem", ["failed"]),
    ("kind=alert&limit=2", ["queued", "sent"]),
    ("kind=receipt", []),
    ("to=Anna", ["sent", "read"]),
    ("to=БОРИС", ["queued", "delivered", "failed"]),
    ("to=%2B371+2000", ["sent", "read"]),
    ("to=whatsapp%3A%2B79160000102&state=failed", ["failed"]),
    ("client=alfa", ["queued", "sent", "delivered", "read", "failed"]),
    ("client=0017&state=read", ["read"]),
    ("client=бета", []),
    ("since=2026-11-26T06:57:30%2B00:00", ["queued", "sent"]),
    ("since=2026-11-26T08:57:30+02:00", ["queued", "sent"]),
    ("since=24h", ["queued", "sent", "delivered", "read", "failed"]),
    ("since=2026-11-27", []),
    ("until=2026-11-26T08:57:30%2B02:00", ["delivered", "read", "failed"]),
    ("code=63016", ["failed"]),
    ("code=63018", []),
    ("code=63016&to=anna&kind=alert&client=alfa&state=failed", []),
    ("code=63016&to=борис&kind=alert&client=alfa&state=failed&since=24h&until=2026-11-27", ["failed"]),
    ("state=&kind=&to=&client=&since=", ["queued", "sent", "delivered", "read", "failed"]),
]


async def test_the_log_is_filtered(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        for query, states in FILTERS:
            found = await twin(client, f"/api/deliveries?{query}")
            assert [one["state"] for one in found["deliveries"]] == states, query


async def test_the_log_is_paged_without_gaps(db: Database, clock: ManualClock, story: Story) -> None:
    same = clock.now() - timedelta(hours=1)
    for _ in range(7):
        db.write_now(lambda conn: write(conn, story.partner.id, story.anna, story.beta, "sent", same))
    seen: list[str] = []
    async with open_door(db, clock) as client:
        path = "/api/deliveries?limit=5"
        while path:
            found = await twin(client, path)
            seen += [one["id"] for one in found["deliveries"]]
            path = f"/api/deliveries?limit=5&before={found['next']}" if found["next"] else ""
        html = await page(client, "/deliveries?limit=5")

    assert len(seen) == len(set(seen)) == 12
    assert 'rel="next"' in html


@pytest.mark.parametrize(
    "query", ["state=lost", "kind=spam", "limit=many", "since=soon", "before=nothing", "to=%00", f"to={'x' * 300}"]
)
async def test_a_value_that_makes_no_sense_is_named(sqlite_db: Database, clock: ManualClock, query: str) -> None:
    sqlite_db.write_now(tell, clock.now())
    async with open_door(sqlite_db, clock) as client:
        answer = await client.get(f"/api/deliveries?{query}")
        assert answer.status == 400
        assert query.split("=")[0] in (await answer.json())["error"]["detail"]
        assert (await client.get(f"/deliveries?{query}")).status == 400


async def test_the_log_refreshes_only_when_something_changed(sqlite_db: Database, clock: ManualClock) -> None:
    db = sqlite_db
    story = db.write_now(tell, clock.now())
    async with open_door(db, clock) as client:
        html = await page(client, "/deliveries?state=queued")
        found = re.search(r'hx-get="([^"]+)"[^>]*hx-trigger="every 2s"', html)
        assert found
        refresh = found[1].replace("&amp;", "&")
        by_htmx = {"HX-Request": "true"}
        assert (await client.get(refresh, headers=by_htmx)).status == 204
        assert "seen=" not in (await page(client, refresh)).replace(refresh.replace("&", "&amp;"), "")
        db.write_now(lambda conn: write(conn, story.partner.id, story.anna, story.beta, "queued", clock.now()))
        assert (await client.get(refresh, headers=by_htmx)).status == 200


async def test_a_message_tells_its_story(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        found = await twin(client, f"/api/deliveries/{story.messages['read']}")
        html = await page(client, f"/deliveries/{story.messages['read']}")

    assert [event["what"] for event in found["timeline"]] == ["created", "attempt", "status", "status", "status"]
    assert [event["after_ms"] for event in found["timeline"]] == [None, 100, 900, 1000, 1000]
    assert found["buttons"] == ["Renew", "I'm on it"]
    assert found["alerts"][0]["kind"] == "ending"
    assert (found["total_ms"], found["settled"], found["curator"]) == (2000, True, "Anna")
    assert "<strong>Alfa Dental</strong>" in html
    assert "every 2s" not in html


async def test_a_message_shows_what_was_asked_and_answered_and_its_cost(
    sqlite_db: Database, clock: ManualClock
) -> None:
    db = sqlite_db
    story = db.write_now(tell, clock.now())
    read, failed = story.messages["read"], story.messages["failed"]
    db.write_now(note_price, DeliveryId(read), Price(26_200, "USD"))
    async with open_door(db, clock) as client:
        found = await twin(client, f"/api/deliveries/{read}")
        html = await page(client, f"/deliveries/{read}")
        log, other = await page(client, "/deliveries"), await page(client, f"/deliveries/{failed}")

    (tried,) = [event for event in found["timeline"] if event["what"] == "attempt"]
    assert tried["request"]["form"] == {"To": "whatsapp:+37*******01", "ContentSid": "HX1"}
    assert tried["response"]["status"] == 201
    assert (found["cost_micros"], found["cost_currency"], found["cost_source"]) == (26_200, "USD", "provider")
    assert "Request and answer" in html
    assert "whatsapp:+37*******01" in html
    assert "0.0262 USD" in html
    assert "as the provider says" in html
    assert "0.0262 USD" in log
    assert "USD" not in other


async def test_a_failure_is_explained_with_a_link(sqlite_db: Database, clock: ManualClock) -> None:
    db = sqlite_db
    story = db.write_now(tell, clock.now())
    async with open_door(db, clock) as client:
        html = await page(client, f"/deliveries/{story.messages['failed']}")

    assert "63016: outside the 24-hour window, a template is needed" in html
    assert re.search(r'<a href="https://www\.twilio\.com/docs/[\w/]*errors/63016"[^>]*>/docs/errors/63016</a>', html)


async def test_no_page_shows_a_whole_number_of_a_curator(sqlite_db: Database, clock: ManualClock) -> None:
    db = sqlite_db
    story = db.write_now(tell, clock.now())
    async with open_door(db, clock) as client:
        for path in ("/deliveries", f"/deliveries/{story.messages['sent']}", "/"):
            html = await page(client, path)
            assert "37120000101" not in html
            assert "79160000102" not in html


async def test_who_runs_out_is_told_by_day(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        found = await twin(client, "/api/due")
        soon = await twin(client, "/api/due?within=3d")

    assert [(one["company"], one["reason"], one["days"]) for one in found["clients"]] == [
        ("Бета <Kids> & Ко", "running_out", 1),
        ("Alfa Dental", "ending", 7),
    ]
    assert [one["company"] for one in soon["clients"]] == ["Бета <Kids> & Ко"]
    assert sum(day["clients"] for day in found["days"]) == 2
    assert found["renewals"][0]["balances"]["amount"] == "1440.00"


SEARCHES = [
    ("", ["Alfa Dental", "Бета <Kids> & Ко"], False),
    ("?q=0017", ["Alfa Dental"], False),
    ("?q=альфа", ["Alfa Dental"], False),
    ("?q=alfa+dentla", ["Alfa Dental"], False),
    ("?q=vip&limit=1", ["Alfa Dental"], False),
    ("?q=vip&limit=1&page=2", ["Бета <Kids> & Ко"], False),
    ("?q=vip&limit=1&page=9", ["Бета <Kids> & Ко"], False),
    ("?q=zzzzzz", [], True),
]


async def test_clients_are_found(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        for query, companies, nearest in SEARCHES:
            found = await twin(client, f"/api/clients{query}")
            assert ([one["company"] for one in found["clients"]], found["nearest"]) == (companies, nearest), query


async def test_a_client_shows_money_people_and_movements(db: Database, clock: ManualClock, story: Story) -> None:
    db.write_now(lambda conn: directory.mute(conn, story.boris.id, story.alfa.id, clock.now()))
    async with open_door(db, clock) as client:
        found = await twin(client, f"/api/clients/{story.alfa.account_id}")
        assert (await client.get("/clients/48219999")).status == 404

    assert found["balance"] == {"amount": "1440.00", "currency": "EUR", "minor": 144000}
    assert found["subscription_end_date"] == "2026-12-03"
    assert found["channels"][0]["paid"] == "subscription"
    assert [(one["name"], one["suppressed"]) for one in found["told"]] == [("Anna", None), ("Борис", "muted")]
    assert found["movements"][0]["kind"] == "Deposit"


async def test_the_ledger_shows_the_partners_words(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        found = await twin(client, "/api/ledger")
        html = await page(client, "/ledger")

    assert [(one["kind"], one["amount"]["amount"]) for one in found["movements"]] == [
        ("Withdrawal", "-936.00"),
        ("Deposit", "1200.00"),
    ]
    assert found["accounts"][0]["available"]["amount"] == "264.00"
    assert found["movements"][0]["receipt"] in html


async def test_the_overview_counts_what_needs_somebody(db: Database, clock: ManualClock, story: Story) -> None:
    async with open_door(db, clock) as client:
        found = await twin(client, "/api/overview")

    assert (found["due"], found["past"], found["problems"]) == (2, 0, 1)
    assert found["deliveries"] == dict.fromkeys(story.messages, 1)
    assert found["outbox"]["count"] == 1
    assert found["latest_problems"][0]["id"] == story.messages["failed"]


async def test_nothing_of_another_partner_is_shown(db: Database, clock: ManualClock, story: Story) -> None:
    other = db.write_now(lambda conn: directory.create_partner(conn, "Zeta Partners", now=clock.now()))
    stranger = db.write_now(lambda conn: write(conn, None, story.anna, story.alfa, "sent", clock.now()))
    async with open_door(db, clock) as client:
        for path in ("/api/deliveries", "/api/clients", "/api/due", "/api/ledger", "/api/overview"):
            text = await (await client.get(f"{path}?partner={other.id}")).text()
            assert "Alfa" not in text
        for path in (f"/deliveries/{story.messages['sent']}", "/clients/48210017", f"/clients/{story.alfa.id}"):
            assert (await client.get(f"{path}?partner={other.id}")).status == 404
        assert (await client.get(f"/deliveries/{stranger}")).status == 404
        assert (await client.get("/?partner=nobody")).status == 404
        html = await page(client, f"/clients?partner={story.partner.id}")
        assert f'href="/clients/48210017?partner={story.partner.id}"' in html


async def test_an_empty_installation_says_how_to_begin(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        for path in PAGES:
            assert "curatorbot clients import" in await page(client, path)
            assert (await client.get(f"/api{path if path != '/' else '/overview'}")).status == 404


async def test_a_chosen_language_is_remembered(sqlite_db: Database, clock: ManualClock) -> None:
    sqlite_db.write_now(tell, clock.now())
    async with open_door(sqlite_db, clock) as client:
        answer = await client.get("/due?lang=ru")
        cookie = answer.cookies["console_language"]
        assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("ru", True, "Lax")
        assert '<html lang="ru">' in await page(client, "/due")
        assert '<html lang="en">' in await page(client, "/due?lang=xx")


def links(html: str) -> Iterator[str]:
    """Every address on a page that is ours."""
    yield from (found.replace("&amp;", "&") for found in re.findall(r'(?:href|hx-get|action)="(/[^"]*)"', html))


async def test_no_link_is_dead(sqlite_db: Database, clock: ManualClock) -> None:
    sqlite_db.write_now(tell, clock.now())
    waiting, seen = list(PAGES), set[str]()
    async with open_door(sqlite_db, clock) as client:
        while waiting:
            path = waiting.pop()
            if path in seen or len(seen) > 150:
                continue
            seen.add(path)
            answer = await client.get(path)
            assert answer.status in (200, 204), path
            if answer.content_type == "text/html":
                waiting += links(await answer.text())
    assert len(seen) > 40
