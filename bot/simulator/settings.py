"""What a simulator is told when it starts: account, sender, webhook, people, delays."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

DEFAULT_ACCOUNT_SID = "AC" + "0" * 32
DEFAULT_AUTH_TOKEN = "simulator"  # noqa: S105 - a public default that opens nothing but this machine's simulator
DEFAULT_STRIPE_KEY = "sk_test_simulator"
DEFAULT_STRIPE_WEBHOOK_SECRET = "whsec_simulator"  # noqa: S105 - the same
DEFAULT_SENDER = "whatsapp:+14155238886"
"""The number of Twilio's public WhatsApp sandbox; nobody can mistake it for a customer's."""

BODY_BYTES_MAX = 1024 * 1024
INBOUND_CHARACTERS_MAX = 65_536
"""WhatsApp lets a person type this much; what Twilio sends on is not cut here."""
SENT_CHARACTERS_MAX = 1_600
"""Twilio's limit of a message body (error 21617)."""
INTERACTIVE_CHARACTERS_MAX = 1_024
"""WhatsApp's limit of a template and of a text with buttons, variables filled in (error 63021)."""
BUTTONS_UNAPPROVED_MAX = 3
"""Buttons of an unapproved content; an approved template may have up to ten quick replies."""


class Person(NamedTuple):
    """Somebody whose phone the page shows. `address` is `whatsapp:+E164` or `whatsapp:CC.id`."""

    name: str
    address: str
    language: str = "en"
    time_zone: str = "UTC"
    external_user_id: str = ""
    """The business-scoped user id (`whatsapp:CC.id`) that WhatsApp sends along for people with usernames."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Real seconds the network pretends to need. The defaults keep a scripted demo fast."""

    answer_seconds: float = 0.0
    """Before every answer of the REST API."""
    step_seconds: float = 0.003
    """Between two states of a message."""
    read_seconds: float = 0.003
    """From delivered to read when `auto_read` is on."""


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Everything that may differ between two simulators."""

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    sender: str = DEFAULT_SENDER
    webhook_url: str = ""
    """Where inbound messages are posted; may hold Twilio's connection overrides, such as `#rc=2&rp=all`."""
    db_path: Path | None = None
    """The SQLite file; None keeps everything in memory."""
    people: Sequence[Person] = ()
    delays: Delays = field(default_factory=Delays)
    auto_read: bool = False
    """Every delivered message counts as read, as if its reader were always looking."""
    approval: str = "approved"
    """What a submitted template becomes: approved, pending, rejected or paused."""
    check_templates: bool = True
    """Reject templates that break WhatsApp's rules for variables, as WhatsApp does."""
    business_name: str = "Finances"
    partner_name: str = ""
    suggestions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Per language, what the page offers to send with one tap, such as `{"en": ["help", "due"]}`."""
    stripe_key: str = DEFAULT_STRIPE_KEY
    stripe_webhook_url: str = ""
    """Where events of payments are posted; empty: nowhere."""
    stripe_webhook_secret: str = DEFAULT_STRIPE_WEBHOOK_SECRET
    console_url: str = ""
    """The product's delivery log, linked from the page."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
