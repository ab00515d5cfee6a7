"""A web door to knock on: the application on a fresh database, and a provider who signs as Twilio does."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from aiohttp.test_utils import TestClient, TestServer

from bot.clock import Clock
from bot.config import Settings
from bot.ids import Address, DeliveryId
from bot.jobs.local import LocalJobs
from bot.messaging.message import Inbound, StatusUpdate
from bot.messaging.transport import Transport
from bot.storage.engine import Database
from bot.web.app import build_web
from bot.web.deps import WebDeps

PUBLIC_URL = "https://bot.example.com"
TOKEN = "the auth token"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
SENDER = "whatsapp:+14155238886"
CURATOR = "whatsapp:+37120000101"
Client = TestClient[Any, Any]


class SigningProvider:
    """Just enough of a transport for the web door: Twilio's signature, and its two forms."""

    name = "twilio"

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        return hmac.compare_digest(headers.get("X-Twilio-Signature", "").encode(), signature(path_qs, body).encode())

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        form = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
        sid = form.get("MessageSid", "")
        if not sid:
            raise ValueError("MessageSid is missing")
        if "MessageStatus" in form:
            ours = parse_qs(urlsplit(path_qs).query).get("d", [""])[0]
            return [StatusUpdate(sid, form["MessageStatus"], now, DeliveryId(ours) if ours else None, raw=form)]
        if "From" not in form:
            raise ValueError("From is missing")
        sender, receiver = Address(form["From"]), Address(form.get("To", SENDER))
        return [Inbound("twilio", sid, sender, receiver, form.get("Body", ""), now, raw=form)]


def signature(path_qs: str, body: bytes) -> str:
    """base64(HMAC-SHA1(token, url + sorted keys and values)), written from Twilio's description."""
    form = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    signed = PUBLIC_URL + path_qs + "".join(key + value for key, value in sorted(set(form)))
    digest = hmac.new(TOKEN.encode(), signed.encode("utf-8", errors="replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def message(sid: str = "SM1", body: str = "balance alfa", **more: str) -> dict[str, str]:
    """A message as the provider posts it."""
    return {
        "MessageSid": sid, "AccountSid": "AC" + "0" * 32, "From": CURATOR, "To": SENDER, "Body": body,
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
    return await client.post(path, data=body, headers=present, skip_auto_headers=("Content-Type",))


def settings(**web: Any) -> Settings:
    """Settings of a server whose public address is the one that webhooks are signed for."""
    return Settings(public_url=PUBLIC_URL, web={"console_host": "127.0.0.1"} | web)


@asynccontextmanager
async def open_door(db: Database, clock: Clock, **changes: Any) -> AsyncIterator[Client]:
    """The application behind a client on loopback; `changes` replace single dependencies."""
    deps = WebDeps(
        db=db,
        transport=cast(Transport, SigningProvider()),
        clock=clock,
        settings=settings(),
        jobs=LocalJobs(db, clock, worker="test"),
    )
    async with TestClient(TestServer(build_web(replace(deps, **changes)))) as client:
        yield client
