"""When people are told: the stages of each kind, and the hours. Reads the parsed alerts.toml. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import Any

from bot.alerts.alert import WATCHED, Kind
from bot.directory.people import Curator
from bot.directory.public_holidays import is_public_holiday
from bot.errors import ConfigError
from bot.ids import PartnerId

STAGED = (Kind.ENDING, Kind.RUNNING_OUT)
_STAGE_MAX = 90
_STAGES_MAX = 10
_TOP = (
    "raise_at",
    "forget_after_days",
    "escalate_after_hours",
    "respect_hours",
    "short_days",
    "stale_after_hours",
    "brake",
    "public_holidays",
    "holidays",
    "cooldown_hours",
    "stages",
    "balance",
    "partner",
    "client",
)
_OWN = ("stages", "balance")
_OF_PARTNER_ONLY = ("days_off", "client")
_OF_PARTNER = (Kind.PARTNER_SHORT, Kind.SOURCE_STALE, Kind.UNREACHABLE)
_BALANCE_MAX = 1_000_000

Stages = Mapping[Kind, tuple[int, ...]]
Balances = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Levels:
    """Stages in days left by kind, and balances in whole units by currency, from the earliest to the last."""

    stages: Stages = field(default_factory=dict)
    balance: Balances = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brake:
    """More than `over` clients at once, and more than `times` the usual number of a day, wait for an owner's yes."""

    over: int
    times: int


@dataclass(frozen=True, slots=True)
class Policy:
    """`raise_at` is the hour of the client's own day from which a stage counts as due.

    What ended longer ago than `forget_after_days` is history, not news: a first import does not tell of it.
    An alert left to one person goes to the others after `escalate_after_hours` without a reaction.
    With `respect_hours` nobody is told outside of its own working hours. Days off are the public holidays of each
    person's country unless `public_holidays` is False, besides them `holidays` by country code, and `days_off` of
    everybody of a partner.
    The partner account is to hold what is renewed within `short_days`; a regular table older than `stale_after_hours`
    is told of. `brake`: when many alerts at once wait for a yes; None: never.
    `cooldowns`: the same stage of a kind is not told again so soon, although the balance went up and down in between.
    Levels of a client win over its partner's, and those over the general ones, kind by kind. `of_client` goes by
    account ID alone, for an ID that one partner has; `of_partners_client` by partner and account ID, and wins.
    """

    general: Levels
    raise_at: time = time(9)
    forget_after_days: int = 30
    escalate_after_hours: int = 4
    respect_hours: bool = True
    short_days: int = 7
    stale_after_hours: int = 24
    brake: Brake | None = None
    public_holidays: bool = True
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    days_off: Mapping[str, frozenset[date]] = field(default_factory=dict)
    cooldowns: Mapping[Kind, timedelta] = field(default_factory=dict)
    of_partner: Mapping[str, Levels] = field(default_factory=dict)
    of_client: Mapping[str, Levels] = field(default_factory=dict)
    of_partners_client: Mapping[tuple[str, str], Levels] = field(default_factory=dict)

    def is_day_off(self, person: Curator, day: date) -> bool:
        """Whether a day is a holiday for a person: of its country, or of its partner."""
        if day in self.days_off.get(person.partner_id, ()):
            return True
        country = person.holiday_country
        if country is None:
            return False
        return day in self.holidays.get(country, ()) or (self.public_holidays and is_public_holiday(country, day))

    def stages_of(self, kind: Kind, partner_id: PartnerId, account_id: str) -> tuple[int, ...]:
        """The stages that hold for one client: the most granular setting wins, kind by kind."""
        return next((one.stages[kind] for one in self._levels(partner_id, account_id) if kind in one.stages), ())

    def balances_of(self, currency: str, partner_id: PartnerId, account_id: str) -> tuple[int, ...]:
        """The balances, in whole units, from which on down one is told of a client; none unless configured."""
        levels = self._levels(partner_id, account_id)
        return next((one.balance[currency] for one in levels if currency in one.balance), ())

    def _levels(self, partner_id: PartnerId, account_id: str) -> list[Levels]:
        granular = (
            self.of_partners_client.get((partner_id, account_id)),
            self.of_client.get(account_id),
            self.of_partner.get(partner_id),
            self.general,
        )
        return [one for one in granular if one is not None]


def policy(data: Mapping[str, Any]) -> Policy:
    """The policy in a parsed file; ConfigError with one line per mistake."""
    problems = [f"{key}: no such setting{_near(key, _TOP)}" for key in data if key not in _TOP]
    value = Policy(
        general=_levels({key: data[key] for key in _OWN if key in data}, "", problems),
        raise_at=_hour(data.get("raise_at", "09:00"), problems),
        forget_after_days=_whole(data.get("forget_after_days", 30), "forget_after_days", 3650, problems),
        escalate_after_hours=_whole(data.get("escalate_after_hours", 4), "escalate_after_hours", 240, problems),
        respect_hours=_yes(data.get("respect_hours", True), "respect_hours", problems),
        short_days=_whole(data.get("short_days", 7), "short_days", 60, problems),
        stale_after_hours=_whole(data.get("stale_after_hours", 24), "stale_after_hours", 720, problems),
        brake=_brake(data.get("brake"), problems),
        public_holidays=_yes(data.get("public_holidays", True), "public_holidays", problems),
        holidays=_holidays(data.get("holidays", {}), problems),
        days_off=_days_off(data.get("partner", {}), problems),
        cooldowns=_cooldowns(data.get("cooldown_hours", {}), problems),
        of_partner=_overrides(data.get("partner", {}), "partner", problems),
        of_client=_overrides(data.get("client", {}), "client", problems),
        of_partners_client=_of_partners_clients(data.get("partner", {}), problems),
    )
    problems += [
        f"stages.{kind.value}: missing" for kind in STAGED if kind not in value.general.stages and not problems
    ]
    if problems:
        raise ConfigError(problems)
    return value


def _overrides(data: Any, where: str, problems: list[str]) -> dict[str, Levels]:
    if not isinstance(data, dict) or not all(isinstance(one, dict) for one in data.values()):
        problems.append(f"{where}: must be written as [{where}.ID.stages]")
        return {}
    known = {
        name: {key: value for key, value in table.items() if where != "partner" or key not in _OF_PARTNER_ONLY}
        for name, table in data.items()
    }
    return {str(name): _levels(table, f"{where}.{name}.", problems) for name, table in known.items()}


def _of_partners_clients(data: Any, problems: list[str]) -> dict[tuple[str, str], Levels]:
    """The clients of each partner; what else is wrong with its table is told elsewhere."""
    tables = data if isinstance(data, dict) else {}
    return {
        (str(name), account_id): levels
        for name, table in tables.items()
        if isinstance(table, dict) and "client" in table
        for account_id, levels in _overrides(table["client"], f"partner.{name}.client", problems).items()
    }


def _levels(data: Mapping[str, Any], where: str, problems: list[str]) -> Levels:
    problems += [f"{where}{key}: no such setting{_near(key, _OWN)}" for key in data if key not in _OWN]
    return Levels(
        stages=_stages(data.get("stages", {}), f"{where}stages", problems),
        balance=_balances(data.get("balance", {}), f"{where}balance", problems),
    )


def _balances(data: Any, where: str, problems: list[str]) -> Balances:
    if not isinstance(data, dict):
        problems.append(f"{where}: must be a table of currencies")
        return {}
    return {
        currency: _numbers(values, f"{where}.{currency}", _BALANCE_MAX, problems) for currency, values in data.items()
    }


def _cooldowns(data: Any, problems: list[str]) -> dict[Kind, timedelta]:
    names = [kind.value for kind in (*WATCHED, *_OF_PARTNER)]
    if not isinstance(data, dict):
        problems.append("cooldown_hours: must be a table of kinds")
        return {}
    problems += [f"cooldown_hours.{key}: no such kind{_near(key, names)}" for key in data if key not in names]
    return {
        Kind(key): timedelta(hours=_whole(hours, f"cooldown_hours.{key}", 8760, problems))
        for key, hours in data.items()
        if key in names
    }


def _brake(data: Any, problems: list[str]) -> Brake | None:
    if data is None:
        return None
    if not isinstance(data, dict) or set(data) - {"over", "times"}:
        problems.append("brake: must be a table with over and times")
        return None
    over = _whole(data.get("over", 30), "brake.over", 100_000, problems)
    return Brake(over, _whole(data.get("times", 3), "brake.times", 1000, problems))


def _stages(data: Any, where: str, problems: list[str]) -> Stages:
    names = [kind.value for kind in STAGED]
    if not isinstance(data, dict):
        problems.append(f"{where}: must be a table of {' and '.join(names)}")
        return {}
    problems += [f"{where}.{key}: no such kind{_near(key, names)}" for key in data if key not in names]
    return {
        Kind(key): _numbers(days, f"{where}.{key}", _STAGE_MAX, problems) for key, days in data.items() if key in names
    }


def _numbers(given: Any, where: str, highest: int, problems: list[str]) -> tuple[int, ...]:
    numbers = given if isinstance(given, list) else []
    whole = all(type(number) is int and 0 <= number <= highest for number in numbers)
    if not isinstance(given, list) or len(numbers) > _STAGES_MAX or not whole:
        problems.append(f"{where}: {given!r} is no list of up to {_STAGES_MAX} numbers from 0 to {highest}")
        return ()
    return tuple(sorted(set(numbers), reverse=True))


def _hour(value: Any, problems: list[str]) -> time:
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        problems.append(f'raise_at: {value!r} is no time of day such as "09:00"')
        return time(9)


def _yes(value: Any, where: str, problems: list[str]) -> bool:
    if not isinstance(value, bool):
        problems.append(f"{where}: {value!r} is neither true nor false")
    return value is True


def _holidays(data: Any, problems: list[str]) -> dict[str, frozenset[date]]:
    if not isinstance(data, dict):
        problems.append("holidays: must be written as [holidays] with a list of days for each country code")
        return {}
    found = {}
    for country, days in data.items():
        found[str(country).upper()] = _days(days, f"holidays.{country}", problems)
    return found


def _days_off(data: Any, problems: list[str]) -> dict[str, frozenset[date]]:
    """The days off of each partner; what else is wrong with its table is told elsewhere."""
    tables = data if isinstance(data, dict) else {}
    return {
        str(name): _days(table["days_off"], f"partner.{name}.days_off", problems)
        for name, table in tables.items()
        if isinstance(table, dict) and "days_off" in table
    }


def _days(given: Any, where: str, problems: list[str]) -> frozenset[date]:
    if not isinstance(given, list) or not all(type(day) is date for day in given):
        problems.append(f"{where}: {given!r} is no list of days such as [2026-12-25]")
        return frozenset()
    return frozenset(given)


def _whole(value: Any, where: str, highest: int, problems: list[str]) -> int:
    if type(value) is int and 1 <= value <= highest:
        return value
    problems.append(f"{where}: {value!r} is no whole number from 1 to {highest}")
    return highest


def _near(word: str, known: tuple[str, ...] | list[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f", did you mean {near[0]}?" if near else f", known are {', '.join(known)}"
