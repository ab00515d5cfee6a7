"""Clients that live at Wazzup: what a person has to do in its dashboard, and how the look at their accounts goes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.billing.gateways.wazzup import polls, tasks
from bot.billing.gateways.wazzup.tasks import Task
from bot.money import Money
from bot.web.page import MoneyView, Page, Reading


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task that waits: for the work (`open`), or for its proof (`done`)."""

    number: str
    account_id: str
    company: str
    kind: str
    amount: MoneyView
    state: str
    created_at: datetime
    done_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Source:
    """How the look at the accounts goes. `read_at`: when one was read last; `refused_at`: since when the login is
    refused; `waits_until`: nothing is asked earlier; `problems`: why accounts of this round could not be read."""

    read_at: datetime | None
    finished_at: datetime | None
    read: int
    not_read: int
    problems: dict[str, str]
    error: str | None
    error_at: datetime | None
    refused_at: datetime | None
    waits_until: datetime | None


@dataclass(frozen=True, slots=True)
class WazzupView:
    """`lives_there`: whether this partner's clients live at Wazzup."""

    lives_there: bool
    tasks: tuple[TaskLine, ...]
    source: Source


def read_wazzup(conn: Connection, reading: Reading) -> WazzupView:
    """The partner's tasks that wait, the oldest first, and the state of the source."""
    known = polls.load(conn, reading.partner.id)
    return WazzupView(
        lives_there=reading.partner.gateway == "wazzup",
        tasks=tuple(_line(one) for one in tasks.waiting(conn, reading.partner.id)),
        source=Source(
            read_at=known.read_at,
            finished_at=known.finished_at,
            read=known.read,
            not_read=known.not_read,
            problems=dict(known.problems),
            error=known.error,
            error_at=known.error_at,
            refused_at=known.refused_at,
            waits_until=known.not_before if known.waits(reading.now) else None,
        ),
    )


def _line(task: Task) -> TaskLine:
    amount = task.facts["client_gets"]
    return TaskLine(
        number=task.name,
        account_id=task.facts["account_id"],
        company=task.facts["company"],
        kind=task.facts["kind"],
        amount=Money(amount["minor"], amount["currency"]),
        state=task.state,
        created_at=task.created_at,
        done_at=task.progress.done_at,
        seen_at=task.progress.seen_at,
    )


PAGE = Page(
    name="wazzup",
    path="/wazzup",
    api_path="/api/wazzup",
    summary="Tasks in Wazzup's dashboard, and how the look at the accounts goes",
    view=WazzupView,
    read=read_wazzup,
)
