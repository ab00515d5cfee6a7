"""Wazzup's partner API: reads one client's account at a time, well below the published limit."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from bot.clock import Clock
from bot.errors import PermanentError, TransientError

PER_SECOND = 10
"""The public API takes 500 requests in 5 seconds; the partner API says nothing, so we stay far below."""
BUSY_WAIT = timedelta(seconds=30)
"""How long to wait after a 429 that does not say."""
_BUSY_MAX = timedelta(hours=6)
_CONNECT_SECONDS = 5.0
_BODY_MAX = 1_048_576


class AccountUnknown(PermanentError):
    """This account cannot be read with this login; others may be."""


class LoginRefused(PermanentError):
    """Login or password are wrong: no account can be read."""


class Busy(TransientError):
    """Wazzup wants no more requests before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("wazzup: HTTP 429")
        self.until = until


class AccountsApi:
    """Asks for accounts, one after the other. The login is sent, never logged. Give it back with `close`."""

    def __init__(self, url: str, login: str, password: str, clock: Clock, *, timeout_seconds: float) -> None:
        self._clock = clock
        self._next_at = clock.now()
        self._http = httpx.AsyncClient(
            base_url=url,
            auth=httpx.BasicAuth(login, password),
            headers={"Accept": "application/json"},
            timeout=httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def account(self, account_id: str) -> bytes:
        """The answer about one account, as it came. LoginRefused, AccountUnknown; Busy when Wazzup names a time to come
        again; TransientError when it is away or broken: then ask later."""
        await self._wait_turn()
        try:
            answer = await self._http.get(
                f"/v2/accounts/{account_id}", params={"expand": "billing,channels,subscriptions"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError(f"wazzup: {type(error).__name__}") from None
        if answer.status_code == 401:
            raise LoginRefused("wazzup: login or password are refused")
        if answer.status_code == 429:
            raise Busy(retry_at(answer.headers.get("Retry-After"), self._clock.now()))
        if answer.status_code >= 500:
            raise TransientError(f"wazzup: HTTP {answer.status_code}")
        if answer.status_code != 200 or len(answer.content) > _BODY_MAX:
            raise AccountUnknown(f"wazzup: HTTP {answer.status_code}")
        return answer.content

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _wait_turn(self) -> None:
        """Take the next place in the queue, then wait for it: two that ask at once do not go at once."""
        mine = max(self._next_at, self._clock.now())
        self._next_at = mine + timedelta(seconds=1 / PER_SECOND)
        await self._clock.sleep_until(mine)


def retry_at(header: str | None, now: datetime) -> datetime:
    """When to come again, as Retry-After says in seconds or as a date; within six hours, and some time without it."""
    text = (header or "").strip()
    wanted = now + BUSY_WAIT
    if text.isascii() and text.isdigit():
        wanted = now + timedelta(seconds=min(int(text[:9]), _BUSY_MAX.total_seconds()))
    elif text:
        try:
            told = parsedate_to_datetime(text)
            wanted = told if told.tzinfo else told.replace(tzinfo=UTC)
        except ValueError:
            pass
    return min(max(wanted, now + timedelta(seconds=1)), now + _BUSY_MAX)
