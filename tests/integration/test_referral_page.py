"""The page behind a referral link: it takes a registration from a browser that was shown the form, and nothing else."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection

from bot.clock import ManualClock
from bot.directory.referrals import REGISTRATIONS_A_DAY_MAX, Referral, link_code, list_referrals, register
from bot.directory.service import create_partner
from bot.ids import PartnerId
from bot.settings import Settings
from bot.storage.engine import Database
from bot.web.referral import POSTS, POSTS_SPAN
from tests.integration.web_door import Client, open_door

RIGA = PartnerId("riga")
FORM = {"email": "Ilze@Zoo.lv", "company": "Zoo & Co", "language": "ru"}


@pytest.fixture
def code(db: Database, clock: ManualClock) -> str:
    def unit(conn: Connection) -> str:
        create_partner(conn, "Riga <Partners>", partner_id=RIGA, now=clock.now())
        made = link_code(conn, RIGA, clock.now())
        assert link_code(conn, RIGA, clock.now()) == made
        return made

    return db.write_now(unit)


@pytest_asyncio.fixture
async def door(db: Database, clock: ManualClock) -> AsyncIterator[Client]:
    settings = Settings(public_url="http://127.0.0.1:8080", web={"console_host": "127.0.0.1"})
    async with open_door(db, clock, settings=settings) as client:
        yield client


async def shown(door: Client, code: str, **headers: str) -> str:
    answer = await door.get(f"/r/{code}", headers=headers)
    assert answer.status == 200
    text = await answer.text()
    found = re.search(r'name="form" value="([^"]+)"', text)
    assert found
    return found[1]


async def sent(door: Client, code: str, form: dict[str, str], **headers: str) -> Any:
    return await door.post(f"/r/{code}", data=form, headers={k.replace("_", "-"): v for k, v in headers.items()})


def known(db: Database) -> list[Referral]:
    return db.read_now(list_referrals, RIGA)


async def test_a_registration_is_noted_once(door: Client, db: Database, code: str) -> None:
    for _ in range(2):
        token = await shown(door, code)
        answer = await sent(door, code, FORM | {"form": token})
        assert answer.status == 200
        assert "You are registered" in await answer.text()
    (found,) = known(db)
    assert (found.email, found.company, found.language, found.state) == ("ilze@zoo.lv", "Zoo & Co", "ru", "registered")


async def test_the_page_is_in_the_reader_s_language_and_hides_nothing_dangerous(door: Client, code: str) -> None:
    answer = await door.get(f"/r/{code}", headers={"Accept-Language": "ru-RU,ru;q=0.9"})
    text = await answer.text()
    assert "Открыть аккаунт" in text
    assert "Riga &lt;Partners&gt;" in text
    assert "script" not in answer.headers["Content-Security-Policy"].replace("script-src 'self'", "")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/r/"))
    assert "Open an account" in await (await door.get(f"/r/{code}?lang=en")).text()


@pytest.mark.parametrize("wrong", ["nobody", "a@b", "a b@c.lv", "a@b.lv\nBcc: x@y.lv", "x" * 300 + "@y.lv"])
async def test_what_is_no_address_is_asked_again(door: Client, db: Database, code: str, wrong: str) -> None:
    token = await shown(door, code)
    answer = await sent(door, code, FORM | {"form": token, "email": wrong})
    assert (answer.status, "This is no e-mail address." in await answer.text()) == (422, True)
    answer = await sent(door, code, FORM | {"form": token, "company": "  "})
    text = await answer.text()
    assert (answer.status, "Write the company" in text, 'value="Ilze@Zoo.lv"' in text) == (422, True, True)
    assert known(db) == []


async def test_a_form_from_elsewhere_is_refused(door: Client, db: Database, code: str) -> None:
    token = await shown(door, code)
    own = str(door.make_url("")).rstrip("/")
    for form, headers in (
        (FORM, {}),
        (FORM | {"form": token + "x"}, {}),
        (FORM | {"form": token}, {"Origin": "https://evil.example"}),
        (FORM | {"form": token}, {"Origin": "null"}),
        (FORM | {"form": token}, {"Sec_Fetch_Site": "cross-site"}),
    ):
        assert (await sent(door, code, form, **headers)).status == 403
    door.session.cookie_jar.clear()
    assert (await sent(door, code, FORM | {"form": token})).status == 403
    assert known(db) == []
    token = await shown(door, code)
    assert (await sent(door, code, FORM | {"form": token}, Origin=own)).status == 200


@pytest.mark.parametrize("wrong", ["abcdefgh", "x", "../console", "ABCDEFGHI", "%00%00%00%00%00%00%00%00"])
async def test_an_unknown_link_says_so(door: Client, code: str, wrong: str) -> None:
    assert (await door.get(f"/r/{wrong}")).status == 404


async def test_it_opens_nothing_else(door: Client, code: str) -> None:
    stranger = {"Host": "bot.example.com"}
    assert (await door.get(f"/r/{code}", headers=stranger)).status == 200
    assert (await door.get("/r/style.css", headers=stranger)).status == 200
    for path in ("/", "/clients", "/api/clients", f"/r/{code}/clients", "/static/console.css"):
        assert (await door.get(path, headers=stranger)).status in (403, 404), path


async def test_one_visitor_may_post_so_often_and_no_more(
    door: Client, db: Database, clock: ManualClock, code: str
) -> None:
    token = await shown(door, code)
    answers = [
        (
            await sent(door, code, FORM | {"form": token, "email": f"a{n}@zoo.lv"}, Cookie=f"referral_form={token}")
        ).status
        for n in range(POSTS + 1)
    ]
    assert answers == [200] * POSTS + [429]
    clock.move_to(clock.now() + POSTS_SPAN)
    again = FORM | {"form": token, "email": "late@zoo.lv"}
    assert (await sent(door, code, again, Cookie=f"referral_form={token}")).status == 200
    assert len(known(db)) == POSTS + 1


async def test_one_link_takes_so_many_a_day(door: Client, db: Database, clock: ManualClock, code: str) -> None:
    def many(conn: Connection) -> None:
        for n in range(REGISTRATIONS_A_DAY_MAX):
            register(conn, code, email=f"a{n}@zoo.lv", company="Zoo", language="en", now=clock.now())

    db.write_now(many, slow=True)
    token = await shown(door, code)
    assert (await sent(door, code, FORM | {"form": token})).status == 429
    clock.move_to(clock.now() + timedelta(days=1))
    token = await shown(door, code)
    assert (await sent(door, code, FORM | {"form": token})).status == 200


async def test_a_body_that_is_too_large_is_not_read(door: Client, db: Database, code: str) -> None:
    token = await shown(door, code)
    assert (await sent(door, code, FORM | {"form": token, "company": "x" * 20_000})).status == 413
    assert known(db) == []
