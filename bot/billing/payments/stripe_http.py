"""The HTTP client that Stripe's SDK is given: httpx with a timeout that holds.

The SDK's own httpx client passes the body in a way that httpx has deprecated (stripe 16.1, httpx 0.28).
Import this module late: Stripe's SDK takes a quarter of a second and 25 MB.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import stripe


class StripeHttp(stripe.HTTPClient):
    """Requests of the SDK over one httpx client."""

    name = "httpx"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._http = httpx.AsyncClient(timeout=timeout_seconds)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request, tried once; the SDK decides whether to try again."""
        try:
            answer = await self._http.request(method, url, headers=dict(headers), content=post_data or None)
        except httpx.HTTPError as error:
            message = f"Stripe was not reached: {type(error).__name__}"
            raise stripe.APIConnectionError(message, should_retry=True) from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    def sleep_async(self, secs: float) -> Any:
        """Wait between two tries."""
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
