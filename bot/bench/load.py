"""Callers of a webhook, as a process of their own: `python -m bot.bench.load PORT SECONDS CONNECTIONS`.

Each connection posts a signed message, waits for the answer, posts the next. Prints what was done as JSON.
"""

import asyncio
import base64
import hmac
import itertools
import json
import sys
from time import perf_counter
from urllib.parse import quote_plus
from uuid import uuid4

ACCOUNT_SID = "AC" + "0" * 32
TOKEN = "benchmark"  # noqa: S105 (signs for loopback only)
PUBLIC_URL = "https://bench.example.com"
PATH = "/webhooks/twilio/inbound"
_SENDERS = 10_000
_FIELDS = {
    "SmsMessageSid": "",
    "NumMedia": "0",
    "ProfileName": "Анна Берзиня",
    "MessageType": "text",
    "SmsSid": "",
    "WaId": "",
    "SmsStatus": "received",
    "Body": "баланс Альфа",
    "To": "whatsapp:+14155238886",
    "NumSegments": "1",
    "ReferralNumMedia": "0",
    "MessageSid": "",
    "AccountSid": ACCOUNT_SID,
    "From": "",
    "ApiVersion": "2010-04-01",
}


class _Caller(asyncio.Protocol):
    """One connection. Knows just enough HTTP: answers have a length and no chunks."""

    def __init__(self, crowd: "_Crowd") -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._crowd.request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._received = b""
        assert self._transport is not None
        if self._crowd.answered(head.split(b" ", 2)[1]):
            self._transport.write(self._crowd.request())
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.gone()


class _Crowd:
    """What the connections share: the requests to make, the counts, the end of the time."""

    def __init__(self, seconds: float, connections: int) -> None:
        self._run = uuid4().hex[:12]
        self._numbers = itertools.count()
        self._end = perf_counter() + seconds
        self._left = connections
        self.done = self.failed = 0
        self.over = asyncio.Event()

    def request(self) -> bytes:
        n = next(self._numbers)
        number = f"3712{n % _SENDERS:07}"
        sid = f"SM{self._run}{n:020}"
        form = _FIELDS | {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid}
        form |= {"From": f"whatsapp:+{number}", "WaId": number}
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in form.items()).encode()
        signed = (PUBLIC_URL + PATH + "".join(name + form[name] for name in sorted(form))).encode()
        signature = base64.b64encode(hmac.digest(TOKEN.encode(), signed, "sha1"))
        return b"".join(
            [
                f"POST {PATH} HTTP/1.1\r\nHost: bench.example.com\r\nContent-Length: {len(body)}\r\n".encode(),
                b"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nX-Twilio-Signature: ",
                signature,
                b"\r\n\r\n",
                body,
            ]
        )

    def answered(self, status: bytes) -> bool:
        """Count an answer; whether there is time for another request."""
        if status.startswith(b"2"):
            self.done += 1
        else:
            self.failed += 1
        return perf_counter() < self._end

    def gone(self) -> None:
        self._left -= 1
        if not self._left:
            self.over.set()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def _call(port: int, seconds: float, connections: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(seconds, connections)
    start = perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: _Caller(crowd), "127.0.0.1", port)
    await crowd.over.wait()
    return {"done": crowd.done, "failed": crowd.failed, "seconds": perf_counter() - start}


if __name__ == "__main__":
    report = asyncio.run(_call(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
    json.dump(report, sys.stdout)
