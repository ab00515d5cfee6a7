"""What a refusal means beyond its message: a closed window, a person not to be tried, another look at the outbox."""

from datetime import datetime

from sqlalchemy import Connection

from bot.ids import Address
from bot.jobs.port import Jobs
from bot.messaging import contacts, outbox
from bot.messaging.verdict import Verdict


def carry_out(conn: Connection, verdict: Verdict, sender: Address, to: Address, at: datetime, jobs: Jobs) -> None:
    """Write down what a verdict of the moment `at` means for the person and for the outbox."""
    key = {"sender": sender, "address": to}
    if verdict.closes_window:
        contacts.close_windows(conn, [{**key, "closed_at": at}])
    if verdict.stops_contact:
        contacts.stop_contacts(conn, [{**key, "stopped_at": at, "stopped_reason": verdict.reason}])
    if verdict.retry_at is not None:
        outbox.ask(conn, jobs, sender, verdict.retry_at)
