"""A web door to knock on: the application on a fresh database, and forms signed as Twilio signs them."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.billing.service import price_book
from bot.clock import Clock
from bot.config import load_toml
from bot.jobs.local import LocalJobs
from bot.messaging.transports.twilio import TwilioTransport
from bot.settings import Settings, TwilioSettings
from bot.storage.engine import Database
from bot.web.app import build_web
from bot.web.deps import WebDeps

PUBLIC_URL = "https://bot.example.com"
ACCOUNT = "AC" + "0" * 32
TOKEN = "the auth token"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
SENDER = "whatsapp:+14155238886"
CURATOR = "whatsapp:+37120000101"
BOOK = price_book(load_toml(None, "plans.toml"))
Client = TestClient[Any, Any]


def signature(path_qs: str, body: bytes) -> str:
    """base64(HMAC-SHA1(token, url + sorted keys and values)), written from Twilio's description."""
    form = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    signed = PUBLIC_URL + path_qs + "".join(key + value for key, value in sorted(set(form)))
    digest = hmac.new(TOKEN.encode(), signed.encode("utf-8", errors="replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def message(sid: str = "SM1", body: str = "balance alfa", **more: str) -> dict[str, str]:
    """A message as the provider posts it."""
    return {
        "MessageSid": sid, "AccountSid": ACCOUNT, "From": CURATOR, "To": SENDER, "Body": body,
        "ProfileName": "Анна", "NumMedia": "0", "ApiVersion": "2010-04-01",
    } | more  # fmt: skip


async def post(client: Client, path: str, form: Mapping[str, str] | bytes, **headers: str) -> Any:
    """Post a form, signed; a header given here replaces what would be sent, an empty one is left out."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    sent = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature(path, body),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    present = {name: value for name, value in sent.items() if value}
    url = URL(str(client.make_url("")).rstrip("/") + path, encoded=True)
    return await client.session.post(url, data=body, headers=present, skip_auto_headers=("Content-Type",))


def settings(**web: Any) -> Settings:
    """Settings of a server whose public address is the one that webhooks are signed for."""
    return Settings(public_url=PUBLIC_URL, web={"console_host": "127.0.0.1"} | web)


@asynccontextmanager
async def open_door(db: Database, clock: Clock, **changes: Any) -> AsyncIterator[Client]:
    """The application behind a client on loopback; `changes` replace single dependencies."""
    deps = WebDeps(
        db=db,
        transport=TwilioTransport(TwilioSettings(account_sid=ACCOUNT, auth_token=TOKEN), PUBLIC_URL),
        clock=clock,
        settings=settings(),
        jobs=LocalJobs(db, clock, worker="test"),
        book=BOOK,
    )
    async with TestClient(TestServer(build_web(replace(deps, **changes)))) as client:
        yield client
