"""Wazzup's partner API: reads one client's account at a time, well below the published limit."""

from datetime import timedelta

import httpx

from bot.clock import Clock
from bot.errors import PermanentError, TransientError

PER_SECOND = 10
"""The public API takes 500 requests in 5 seconds; the partner API says nothing, so we stay far below."""
_CONNECT_SECONDS = 5.0
_BODY_MAX = 1_048_576


class AccountUnknown(PermanentError):
    """This account cannot be read with this login; others may be."""


class LoginRefused(PermanentError):
    """Login or password are wrong: no account can be read."""


class AccountsApi:
    """Asks for accounts, one after the other. The login is sent, never logged. Give it back with `close`."""

    def __init__(self, url: str, login: str, password: str, clock: Clock, *, timeout_seconds: float) -> None:
        self._clock = clock
        self._next_at = clock.now()
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            auth=httpx.BasicAuth(login, password),
            headers={"Accept": "application/json"},
            timeout=httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def account(self, account_id: str) -> bytes:
        """The answer about one account, as it came. LoginRefused, AccountUnknown; TransientError when Wazzup is busy or
        away: then ask later."""
        await self._wait_turn()
        try:
            answer = await self._http.get(
                f"/v2/accounts/{account_id}", params={"expand": "billing,channels,subscriptions"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError(f"wazzup: {type(error).__name__}") from None
        if answer.status_code == 401:
            raise LoginRefused("wazzup: login or password are refused")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TransientError(f"wazzup: HTTP {answer.status_code}")
        if answer.status_code != 200 or len(answer.content) > _BODY_MAX:
            raise AccountUnknown(f"wazzup: HTTP {answer.status_code}")
        return answer.content

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _wait_turn(self) -> None:
        now = self._clock.now()
        if self._next_at > now:
            await self._clock.sleep_until(self._next_at)
        self._next_at = max(self._next_at, now) + timedelta(seconds=1 / PER_SECOND)
