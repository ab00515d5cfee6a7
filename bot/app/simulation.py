"""The simulator as the other end: how the product is pointed at it, and how its page moves the product's clock."""

import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from bot.app.clock_offset import move_forward
from bot.clock import SystemClock
from bot.settings import Settings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_STRIPE_KEY,
    DEFAULT_STRIPE_WEBHOOK_SECRET,
    Person,
    SimulatorSettings,
    is_loopback,
)
from bot.storage.engine import Database

_SUGGESTIONS = {
    "en": ("help", "due", "clients", "partner"),
    "ru": ("помощь", "скоро", "клиенты", "счёт"),
}
"""What the phone page offers to send with one tap."""
MoveClock = Callable[[timedelta], Awaitable[datetime]]


def is_simulated(settings: Settings) -> bool:
    """Whether the other end is a simulator: no account, or the simulator's own, or an address on this machine."""
    host = urlsplit(settings.twilio.api_url).hostname or ""
    return settings.twilio.account_sid in (None, DEFAULT_ACCOUNT_SID) or settings.simulator.enabled or is_loopback(host)


def media_url(settings: Settings) -> str | None:
    """Where the provider fetches pictures; None where it could not: a real one reaches no address of this machine."""
    reachable = is_simulated(settings) or not is_loopback(urlsplit(settings.public_url).hostname or "")
    return f"{settings.public_url}/media" if reachable else None


def pointed_at_simulator(settings: Settings, url: str, *, payments: bool = True) -> Settings:
    """The same settings with the simulator as provider, under its own account.

    With `payments`, of payments too unless a real provider is set up; a payment page needs a simulator that stays.
    """
    twilio = settings.twilio.model_dump() | {
        "account_sid": DEFAULT_ACCOUNT_SID,
        "auth_token": DEFAULT_AUTH_TOKEN,
        "api_url": url,
        "content_url": url,
    }
    changed: dict[str, object] = {"twilio": twilio}
    if payments and settings.stripe.secret_key is None:
        changed["stripe"] = settings.stripe.model_dump() | {
            "secret_key": DEFAULT_STRIPE_KEY,
            "webhook_secret": DEFAULT_STRIPE_WEBHOOK_SECRET,
            "api_url": url,
        }
    return Settings.model_validate(settings.model_dump() | changed)


def embedded_simulator(
    settings: Settings, clock: SystemClock, *, people: Sequence[Person], partner_name: str, move: MoveClock | None
) -> Simulator:
    """A simulator beside the product, keeping its messages in a file beside the product's database."""
    options = SimulatorSettings(
        sender=settings.twilio.sender,
        webhook_url=f"{settings.public_url}/webhooks/twilio/inbound",
        stripe_webhook_url=f"{settings.public_url}/webhooks/stripe",
        db_path=_file_beside(settings.database.url),
        people=tuple(people),
        partner_name=partner_name,
        suggestions=_SUGGESTIONS,
        console_url=f"{settings.public_url}/deliveries",
    )
    return create_simulator(options, clock, move_clock=move)


def reached_at(settings: Settings, sock: socket.socket | None) -> Settings:
    """The same settings with the address that is really listened on, unless one was set."""
    if sock is None or settings.public_url != Settings.model_fields["public_url"].default:
        return settings
    return settings.model_copy(update={"public_url": f"http://127.0.0.1:{sock.getsockname()[1]}"})


async def move_clock(db: Database, clock: SystemClock, by: timedelta) -> datetime:
    """Move the product's time forward for every process; returns the new time. UserError when it may not be."""
    clock.move_to_offset(await db.write(move_forward, by))
    return clock.now()


def bound_sockets(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Sockets for the product and, one port higher, for the simulator, bound before anything else is started.

    Port 0 takes any two free ports. OSError when one is taken.
    """
    product = bound_socket(host, port)
    try:
        return product, bound_socket(host, port + 1 if port else 0)
    except OSError:
        product.close()
        raise


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes any free one. OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _file_beside(url: str) -> Path | None:
    name = make_url(url).database
    return Path(name).with_suffix(".simulator.sqlite3") if url.startswith("sqlite") and name else None
