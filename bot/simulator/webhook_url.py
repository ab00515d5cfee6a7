"""A webhook's address and the connection overrides in its fragment, such as `#rc=3&rp=4xx,5xx`. Pure."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

_TOTAL_MS_MAX = 15_000
_CONNECT_MS_MAX = 10_000
_RETRIES_MAX = 5
_POLICIES = frozenset({"4xx", "5xx", "ct", "rt"})


@dataclass(frozen=True, slots=True)
class Overrides:
    """How patiently a webhook is posted: Twilio's defaults unless the fragment says otherwise."""

    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})
    """What is retried: 4xx, 5xx, ct (no connection), rt (no answer)."""
    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0


def split_overrides(url: str) -> tuple[str, Overrides]:
    """The address that is called and signed, and the overrides. Unknown or senseless ones are ignored."""
    bare, _, fragment = url.partition("#")
    given = dict(parse_qsl(fragment))
    policies = frozenset(given.get("rp", "ct").split(","))
    return bare, Overrides(
        retries=_within(given.get("rc"), 0, _RETRIES_MAX, 1),
        policy=_POLICIES if "all" in policies else policies & _POLICIES,
        connect_seconds=_within(given.get("ct"), 100, _CONNECT_MS_MAX, 5_000) / 1000,
        read_seconds=_within(given.get("rt"), 100, _TOTAL_MS_MAX, _TOTAL_MS_MAX) / 1000,
        total_seconds=_within(given.get("tt"), 100, _TOTAL_MS_MAX, _TOTAL_MS_MAX) / 1000,
    )


def _within(text: str | None, low: int, high: int, default: int) -> int:
    return int(text) if text and text.isdigit() and low <= int(text) <= high else default
