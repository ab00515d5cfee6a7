"""What the chat must know of a language: the shape that each language's word list fills. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verb = Literal[
    "help",
    "hello",
    "thanks",
    "clients",
    "due",
    "picture",
    "balance",
    "channels",
    "topup",
    "renew",
    "subscribe",
    "upgrade",
    "addchannel",
    "removechannel",
    "autorenew",
    "refund",
    "replenish",
    "paid",
    "owes",
    "partner",
    "rules",
    "mute",
    "unmute",
    "why",
    "assign",
    "note",
    "promised",
    "snooze",
    "text",
    "away",
    "back",
    "hours",
    "stop",
    "start",
    "yes",
    "no",
    "language",
]


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Everything casefolded, ё written as е; phrases are words joined by one space.

    `taps` are button labels that have no command of their own, by the verb of their payload. `ordinals` pick from a
    list. `polite` words are dropped around a command, `edge` words around a client's name, `amount_marks` and
    `period_marks` stand before an amount or a period. Units map to months or days, `weekdays` to
    ISO weekdays, `month_names` to 1 to 12. `all_clear`, `hour_words` ("any", "quiet") and `people_words` ("me",
    "everybody") map to what they choose; `to_marks` stand before a curator's name, `day_marks` before a day,
    `country_marks` before the two letters of a country, or before a word of `no_country`.
    """

    language: str
    verbs: Mapping[Verb, tuple[str, ...]]
    taps: Mapping[str, tuple[str, ...]]
    polite: tuple[str, ...]
    show: tuple[str, ...]
    edge: tuple[str, ...]
    amount_marks: tuple[str, ...]
    period_marks: tuple[str, ...]
    month_units: Mapping[str, int]
    day_units: Mapping[str, int]
    days: Mapping[str, int]
    ordinals: Mapping[str, int]
    plans: Mapping[str, str]
    plan_marks: tuple[str, ...]
    page_marks: tuple[str, ...]
    stop_fillers: tuple[str, ...]
    numerals: tuple[str, ...]
    weekdays: Mapping[str, int]
    month_names: Mapping[str, int]
    all_clear: Mapping[str, str]
    hour_words: Mapping[str, str]
    people_words: Mapping[str, str]
    to_marks: tuple[str, ...]
    day_marks: tuple[str, ...]
    stand_in_marks: tuple[str, ...]
    hour_fillers: tuple[str, ...]
    country_marks: tuple[str, ...]
    no_country: tuple[str, ...]
    languages: Mapping[str, str] = field(default_factory=dict)
