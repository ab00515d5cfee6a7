"""What happened to a message, in order, and told even when no report came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.ids import Address, DeliveryId
from bot.messaging.deliveries import Attempt, Delivery, Report, Shown
from bot.messaging.status import State
from bot.web.console.timeline import events_of

AT = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
MESSAGE = Delivery(
    id=DeliveryId("d1"), partner_id=None, curator_id=None, client_id=None, key="k", kind="alert",
    to=Address("whatsapp:+37120000101"), sender=Address("whatsapp:+14155238886"), template="alerts/ending",
    language="en", body="text", buttons=(), state=State.QUEUED, reason=None, attempts=0, provider_id=None,
    error_code=None, contradicted=False, unconfirmed=False, not_before=AT, expires_at=None, created_at=AT, sent_at=None,
    delivered_at=None, read_at=None, failed_at=None, in_reply_to=None,
)  # fmt: skip


def attempt(n: int, seconds: float, outcome: str | None = "accepted") -> Attempt:
    """A try some seconds after the message was written."""
    return Attempt(n, "session", AT + timedelta(seconds=seconds), None, outcome, None, None, None, None, None)


def report(status: str, seconds: float, applied: str = "applied") -> Report:
    """A report some seconds after the message was written."""
    return Report("SM1", status, None, AT + timedelta(seconds=seconds), applied)


def whats(shown: Shown) -> list[str]:
    """What the lines are about, in order."""
    return [event.status or event.what for event in events_of(shown)]


def test_lines_stand_in_the_order_of_time() -> None:
    shown = Shown(MESSAGE, [attempt(1, 1), attempt(2, 5)], [report("read", 9), report("sent", 6)])

    assert whats(shown) == ["created", "attempt", "attempt", "sent", "read"]
    assert [event.after_ms for event in events_of(shown)] == [None, 1000, 4000, 1000, 3000]


def test_a_message_that_waits_for_its_hour_says_so() -> None:
    held = replace(MESSAGE, not_before=AT + timedelta(hours=2))

    assert whats(Shown(held, [], [])) == ["created", "held"]
    assert whats(Shown(MESSAGE, [], [])) == ["created"]


def test_a_failure_without_a_report_ends_the_line() -> None:
    failed = replace(MESSAGE, state=State.FAILED, failed_at=AT + timedelta(seconds=2))

    assert whats(Shown(failed, [attempt(1, 1, "rejected")], [])) == ["created", "attempt", "failed"]
    assert whats(Shown(failed, [attempt(1, 1)], [report("failed", 2)])) == ["created", "attempt", "failed"]


def test_a_message_too_old_ends_with_its_hour() -> None:
    expired = replace(MESSAGE, state=State.EXPIRED, expires_at=AT + timedelta(hours=4))

    assert whats(Shown(expired, [], [])) == ["created", "expired"]


def test_a_cancelled_message_has_no_hour_of_its_end() -> None:
    assert whats(Shown(replace(MESSAGE, state=State.CANCELLED), [], [])) == ["created"]
