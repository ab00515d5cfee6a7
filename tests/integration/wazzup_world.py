"""Clients that live at Wazzup, for tests: an account as the partner API answers it, and the other end of that API."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import Connection, select, update

from bot.clock import ManualClock
from bot.settings import Settings
from bot.storage.tables import metadata, partner
from tests.integration.alert_world import GAMMA, RIGA, add_client, add_curator, add_partner

TECH = "https://tech.test"
LOGIN = "partner@example.com"
PASSWORD = "s3cret-word"
SECRET = "a-secret-of-the-webhook"
ACCOUNT: dict[str, Any] = {
    "data": {
        "account": {"account_id": 48210033, "name": "Gamma Travel", "lang": "en"},
        "billing": {"paidBy": "partner", "balance": 12.5, "currency": "EUR"},
        "subscriptions": [{"id": "s", "tariff": "pro", "period": 6, "endDate": "2027-05-26", "state": "active"}],
        "channels": [
            {"channel_id": f"c-{n}", "transport": "whatsapp", "status": "active", "phone": f"3712000000{n}"}
            for n in range(3)
        ],
    },
    "meta": {"timestamp": 1_795_676_400},
}


def settings(**changes: Any) -> Settings:
    """What looking at accounts, and the webhook, are set up with."""
    wazzup = {"tech_api_url": TECH, "login": LOGIN, "password": PASSWORD, "webhook_secret": SECRET}
    return Settings.model_validate({"wazzup": wazzup | changes})


class Hurried(ManualClock):
    """A clock that nobody waits for."""

    async def sleep_until(self, when: datetime) -> None:
        self.move_to(max(when, self.now()))


@dataclass(slots=True)
class Wire:
    """The partner API: an answer for each account, by its id. `asked`: what came in; `at`: when, by `clock`."""

    answers: dict[str, httpx.Response] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    at: list[datetime] = field(default_factory=list)
    clock: ManualClock | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.asked.append(request)
        if self.clock is not None:
            self.at.append(self.clock.now())
        found = self.answers.get(_account_of(request), httpx.Response(404))
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    @property
    def accounts(self) -> list[str]:
        """Whose accounts were asked for, in order."""
        return [_account_of(one) for one in self.asked]


def account(**changes: Any) -> httpx.Response:
    """The answer about Gamma's account, with other parts."""
    return httpx.Response(200, json={"data": {**ACCOUNT["data"], **changes}})


def other_account(account_id: str, **changes: Any) -> httpx.Response:
    """The answer about another account."""
    return account(account={"account_id": int(account_id)}, channels=None, **changes)


def world(conn: Connection) -> None:
    """A partner whose clients live at Wazzup, with one curator and one client."""
    add_partner(conn)
    conn.execute(update(partner).where(partner.c.id == RIGA).values(gateway="wazzup"))
    add_curator(conn)
    add_client(conn, replace(GAMMA, balance="12.50"))


def many(conn: Connection, count: int) -> None:
    """That world with so many more clients, `49000000` and on."""
    world(conn)
    for n in range(count):
        add_client(conn, replace(GAMMA, account_id=f"49{n:06d}", company=f"Client {n}", channels=0), told=False)


def dump(conn: Connection) -> str:
    """Every row of every table."""
    return "\n".join(str(row) for table in metadata.sorted_tables for row in conn.execute(select(table)))


def _account_of(request: httpx.Request) -> str:
    return request.url.path.rsplit("/", 1)[1]
