"""A page of the console: one function that reads a view, one template that shows it, and the JSON twin of both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainSerializer, WithJsonSchema
from sqlalchemy import Connection

from bot.alerts.surroundings import Surroundings
from bot.billing.service import PriceBook
from bot.directory.people import Partner
from bot.money import Money, as_json
from bot.web.ask import Ask

MoneyView = Annotated[
    Money,
    PlainSerializer(as_json, return_type=dict[str, str | int]),
    WithJsonSchema(
        {
            "type": "object",
            "description": "amount in whole units, ISO 4217 currency, amount in minor units",
            "properties": {
                "amount": {"type": "string"},
                "currency": {"type": "string"},
                "minor": {"type": "integer"},
            },
            "required": ["amount", "currency", "minor"],
        },
        mode="serialization",
    ),
]
"""Money in a view: `Money` for the template, the shape of INTERFACES in JSON."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page's reader is given: the partner whose console it is, what was asked, the prices.

    `around`: what alerts need, where the process knows it.
    """

    partner: Partner
    ask: Ask
    book: PriceBook
    alone: bool
    """There is no other partner, so what belongs to nobody may be shown too."""
    around: Surroundings | None = None

    def may_see(self, partner_id: str | None) -> bool:
        """Whether what belongs to this partner, or to nobody, may be shown."""
        return self.alone if partner_id is None else partner_id == self.partner.id

    @property
    def now(self) -> datetime:
        """The product's time, in UTC."""
        return self.ask.now


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that may stand in the query, for /openapi.json and for people who read it."""

    name: str
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`path` is the console's; the twin is the same below `/api`. `read` returns an instance of `view`.

    `name` is the template's too and marks the place in the navigation; `place` differs for a page below another one.
    """

    name: str
    path: str
    api_path: str
    summary: str
    view: Any
    read: Callable[[Connection, Reading], Any]
    parameters: tuple[Parameter, ...] = ()
    place: str = ""
