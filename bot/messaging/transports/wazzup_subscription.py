"""Tells Wazzup where to post: the webhook's address and what it is to hear of. Over httpx; the key is never logged."""

from collections.abc import Mapping
from typing import Any

import httpx

from bot.errors import ConfigError, PermanentError, TransientError
from bot.messaging.transports.wazzup_webhook import PATH
from bot.settings import WazzupSettings

WANTED: Mapping[str, bool] = {
    "messagesAndStatuses": True,
    "contactsAndDealsCreation": False,
    "channelsUpdates": True,
    "templateStatus": False,
}
"""The bot is no CRM, so it does not take in contacts and deals."""
_ADDRESS_MAX = 200


def subscribe(settings: WazzupSettings, public_url: str) -> str:
    """Have Wazzup post to this installation; answers the address without its secret.

    Wazzup tries the address at once, so `serve` must be running and reachable. ConfigError without key and secret, or
    with an address that is too long; PermanentError when Wazzup refuses; TransientError when it cannot be asked.
    """
    if settings.api_key is None or settings.webhook_secret is None:
        raise ConfigError(["wazzup.api_key, wazzup.channel_id and wazzup.webhook_secret are needed to subscribe"])
    address = f"{public_url.rstrip('/')}{PATH}{settings.webhook_secret.get_secret_value()}"
    if len(address) > _ADDRESS_MAX:
        raise ConfigError([f"the webhook's address has more than {_ADDRESS_MAX} characters: shorten webhook_secret"])
    try:
        answer = httpx.patch(
            f"{settings.api_url.rstrip('/')}/v3/webhooks",
            json={"webhooksUri": address, "subscriptions": dict(WANTED)},
            headers={"Authorization": f"Bearer {settings.api_key.get_secret_value()}"},
            timeout=settings.timeout_seconds,
            trust_env=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransientError(f"Wazzup does not answer: {type(error).__name__}") from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise TransientError(f"Wazzup does not answer: HTTP {answer.status_code}")
    if answer.status_code not in (200, 201, 204):
        raise PermanentError(f"Wazzup refuses the webhook: {_why(answer)}")
    return f"{public_url.rstrip('/')}{PATH}…"


def _why(answer: httpx.Response) -> str:
    """The code of the refusal, or its status: a description might repeat the address."""
    try:
        data: Any = answer.json()
    except ValueError:
        data = None
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code.replace("_", "").isalnum() else f"HTTP {answer.status_code}"
