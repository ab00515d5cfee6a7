"""Whatever is sent to the web door, it answers, and never with 500."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.clock import ManualClock
from bot.storage.engine import Database
from bot.storage.tables import inbox
from tests.conftest import START, fresh_sqlite
from tests.integration.console_story import tell
from tests.integration.web_door import INBOUND, STATUS, Client, message, open_door, post

FIELDS = [*message(), "MessageStatus", "ErrorCode", "ButtonPayload", "ListId", "OriginalRepliedMessageSid", "SmsSid"]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80)
FORMS = st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=8)
CONTENT_TYPES = st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain; charset=x", ""])
NAMES = st.sampled_from(["state", "kind", "to", "client", "since", "before", "limit", "within", "q", "page", "currency",
                         "partner", "lang", "seen"])  # fmt: skip
PATHS = st.sampled_from(["/", "/due", "/clients", "/deliveries", "/ledger", "/rules", "/clients/", "/deliveries/"])


Door = tuple[asyncio.Runner, Client, Database]


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """One application for all examples: what one sends must not break the next."""
    with fresh_sqlite() as db, asyncio.Runner() as runner:
        db.write_now(tell, START)
        opened = open_door(db, ManualClock(START))
        yield runner, runner.run(opened.__aenter__()), db
        runner.run(opened.__aexit__(None, None, None))


@given(st.binary(max_size=300), st.sampled_from([INBOUND, STATUS]), CONTENT_TYPES, st.booleans())
def test_random_bytes_never_break_a_webhook(
    door: Door, body: bytes, path: str, content_type: str, signed: bool
) -> None:
    runner, client, _ = door
    headers = {} if signed else {"X_Twilio_Signature": "forged"}
    answer = runner.run(post(client, path, body, Content_Type=content_type, **headers))

    assert answer.status in ({400, 403} if signed else {403})


@given(FORMS, st.sampled_from([INBOUND, STATUS, f"{STATUS}?d=%00", f"{STATUS}?d=%ff&d=x"]))
def test_random_fields_never_break_a_webhook(door: Door, form: dict[str, str], path: str) -> None:
    runner, client, db = door
    before = kept(db)
    answer = runner.run(post(client, path, message(**form) if path == INBOUND else form))

    assert answer.status in (200, 204, 400)
    assert kept(db) == before or answer.status == 200


def kept(db: Database) -> int:
    """How many messages there are in the inbox."""
    return db.read_now(lambda conn: len(conn.execute(inbox.select()).all()))


@given(PATHS, TEXT, st.dictionaries(NAMES, TEXT, max_size=3))
def test_random_questions_never_break_a_page(door: Door, path: str, tail: str, query: dict[str, str]) -> None:
    runner, client, _ = door
    below = path + (quote(tail, safe="") if path.endswith("s/") else "")
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())

    for address in (f"{below}?{asked}", f"/api{below}?{asked}"):
        url = URL(str(client.make_url("")).rstrip("/") + address, encoded=True)
        assert runner.run(status_of(client, url)) in (200, 204, 400, 404)


async def status_of(client: Client, url: URL) -> int:
    """What asking an address is answered with."""
    async with client.session.get(url) as answer:
        return answer.status
