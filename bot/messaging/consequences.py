"""What a refusal means beyond its message: a closed window, a person not to be tried, another text, a slower pace."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.ids import Address, DeliveryId
from bot.jobs.port import Jobs
from bot.messaging import contacts, outbox, troubles
from bot.messaging.message import ErrorClass, ErrorCode
from bot.messaging.stand_in import replace_text
from bot.messaging.troubles import Trouble
from bot.messaging.verdict import Verdict
from bot.messaging.window import Mode


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused: the message, and how it went. `code` is the provider's."""

    delivery_id: DeliveryId
    sender: Address
    to: Address
    template: str
    language: str
    mode: Mode
    code: ErrorCode | None
    taken: bool
    """The provider had taken it and reported later; who is too fast in the answer itself is slowed down there."""


def carry_out(conn: Connection, verdict: Verdict, refusal: Refusal, at: datetime, jobs: Jobs) -> None:
    """Write down what a verdict of the moment `at` means for the person, the text, the sender and the outbox."""
    key = {"sender": refusal.sender, "address": refusal.to}
    if verdict.closes_window:
        contacts.close_windows(conn, [{**key, "closed_at": at}])
    if verdict.stops_contact:
        contacts.stop_contacts(conn, [{**key, "stopped_at": at, "stopped_reason": verdict.reason}])
    if verdict.other_text:
        replace_text(conn, refusal.delivery_id, refusal.mode)
    if verdict.error_class is ErrorClass.TEMPLATE:
        troubles.note(conn, Trouble.UNFIT, f"{refusal.template}:{refusal.language}", at)
    if verdict.error_class is ErrorClass.CONFIGURATION:
        troubles.note(conn, Trouble.ACCOUNT, str(refusal.code or "?"), at)
    if verdict.error_class is ErrorClass.THROTTLE and refusal.taken:
        troubles.note(conn, Trouble.TOO_FAST, refusal.sender, at)
    if verdict.retry_at is not None:
        outbox.ask(conn, jobs, refusal.sender, verdict.retry_at)
