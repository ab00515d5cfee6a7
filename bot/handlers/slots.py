"""Fills the slots of one command from the words after its verb: client, amount, plan, period, page. Pure.

The client comes first and keeps its digits: groups of digits are joined into one amount only after it, or
"topup 482 144" would become client 482144.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.handlers.amount import Amount, AmountProblem, currency_word, parse_amount
from bot.handlers.commands import Balance, Clients, Due, Renew, TopUp, Unknown
from bot.handlers.plain_text import Word
from bot.handlers.vocabulary import Vocabulary

ENDING_DIGITS_MIN = 4
"""A client may be named by this many last digits of the account ID."""
ID_DIGITS = 8
MONTHS_MAX = 36
WITHIN_DAYS_MAX = 366
_PLAIN_PERIODS = frozenset({1, 3, 6, 12, 24, 36})
_NUMBER = re.compile(r"[+-]?\d[\d.,']*")
_NUMBERISH = re.compile(r"[+-]?[\d.,]*\d\S*")
_WITH_UNIT = re.compile(r"(\d{1,3})-?([^\W\d_]+)\.?")


def client_text(said: Sequence[Word], known: Vocabulary) -> str | None:
    """The client's name or number as written, without the little words around it; None when nothing is left."""
    start, end = 0, len(said)
    while end - start > 1 and said[start].key in known.edge:
        start += 1
    while end - start > 1 and said[end - 1].key in known.edge:
        end -= 1
    kept = said[start:end]
    if not kept or (len(kept) == 1 and kept[0].key in known.edge):
        return None
    return " ".join(word.raw for word in kept)


def top_up(said: Sequence[Word], known: Vocabulary) -> TopUp:
    """`CLIENT AMOUNT [CURRENCY]`, and the order people also use, `AMOUNT CLIENT`."""
    said = _without_polite_tail(said, known)
    split = _tail_start(said)
    head, tail = said[:split], said[split:]
    if not head:
        return _only_numbers(tail, known)
    if tail:
        return _name_then_numbers(head, tail, known)
    return _no_tail(head, known)


def _without_polite_tail(said: Sequence[Word], known: Vocabulary) -> Sequence[Word]:
    end = len(said)
    while end > 1 and said[end - 1].key in known.polite and not currency_word(said[end - 1].raw):
        end -= 1
    return said[:end]


def _tail_start(said: Sequence[Word]) -> int:
    """Where the numbers and currencies at the end begin."""
    at = len(said)
    while at and (_NUMBER.fullmatch(said[at - 1].raw) or currency_word(said[at - 1].raw)):
        at -= 1
    if at == len(said) or all(currency_word(word.raw) for word in said[at:]):
        before = said[at - 1].raw if at else ""
        if _NUMBERISH.fullmatch(before):
            return at - 1
        return len(said) if at == len(said) else at
    return at


def _only_numbers(numbers: Sequence[Word], known: Vocabulary) -> TopUp:
    """Nothing but numbers: the first plain one is the client, unless it stands alone and can only be an amount."""
    if not numbers:
        return TopUp(None, None)
    first = numbers[0].raw
    if not first.isdigit():
        return TopUp(None, parse_amount(_raw(numbers)))
    rest = numbers[1:]
    if any(_NUMBERISH.fullmatch(word.raw) for word in rest):
        return TopUp(first, parse_amount(_raw(rest)))
    if rest and len(first) == ID_DIGITS:
        return TopUp(first, parse_amount(_raw(rest)))
    if rest or len(first) < ENDING_DIGITS_MIN:
        return TopUp(None, parse_amount(_raw(numbers)))
    return TopUp(first, None)


def _name_then_numbers(head: Sequence[Word], tail: Sequence[Word], known: Vocabulary) -> TopUp:
    marked = head[-1].key in known.amount_marks
    while len(head) > 1 and head[-1].key in known.amount_marks:
        head = head[:-1]
    amount = parse_amount(_raw(tail))
    client = client_text(head, known)
    if marked and client is None:
        return TopUp(None, amount)
    numbers = [word for word in tail if _NUMBER.fullmatch(word.raw)]
    is_id = len(tail) == 1 and len(tail[0].raw) == ID_DIGITS
    if marked or not tail[0].raw.isdigit() or not (is_id or len(numbers) > 1):
        return TopUp(client, amount)
    named = client_text([*head, tail[0]], known)
    return TopUp(client, amount, other=TopUp(named, parse_amount(_raw(tail[1:])) if tail[1:] else None))


def _no_tail(head: Sequence[Word], known: Vocabulary) -> TopUp:
    """No number at the end: it may lead ("100 to beta"), be spelled out, or be missing."""
    start = 0
    while start < len(head) - 1 and head[start].key in known.amount_marks:
        start += 1
    end = start
    while end < len(head) and (_NUMBER.fullmatch(head[end].raw) or currency_word(head[end].raw)):
        end += 1
    numbers, rest = head[start:end], head[end:]
    client = client_text(rest, known)
    is_id = len(numbers) == 1 and numbers[0].raw.isdigit() and len(numbers[0].raw) == ID_DIGITS
    if any(_NUMBER.fullmatch(word.raw) for word in numbers) and client and not is_id:
        unmarked = start == 0 and not any(currency_word(word.raw) for word in numbers)
        other = TopUp(client_text(head, known), None) if unmarked else None
        return TopUp(client, parse_amount(_raw(numbers)), other=other)
    if len(head) > 1 and head[-1].key in known.numerals:
        return TopUp(client_text(head[:-1], known), AmountProblem("in_words", head[-1].raw))
    return TopUp(client_text(head, known), None)


def renew(said: Sequence[Word], known: Vocabulary) -> Renew | Unknown:
    """`CLIENT [PLAN] [PERIOD]`, the last two in any order."""
    rest = list(_without_polite_tail(said, known))
    plan: str | None = None
    months: int | None = None
    others: list[Renew] = []
    while rest:
        period = _period_at_end(rest, known) if months is None else None
        if period:
            months, used = period
            rest = rest[:-used]
        elif plan is None and len(rest) > 1 and rest[-1].key in known.plans:
            others.append(Renew(client_text(rest, known), None, months))
            plan = known.plans[rest.pop().key]
        elif months is None and len(rest) > 1 and _is_plain_period(rest[-1].raw):
            others.append(Renew(client_text(rest, known), plan))
            months = int(rest.pop().raw)
        elif len(rest) > 1 and rest[-1].key in known.period_marks | known.plan_marks:
            rest.pop()
        else:
            break
    if (months is not None and not 1 <= months <= MONTHS_MAX) or _stray_number(rest):
        return Unknown("unclear", near="renew")
    return Renew(client_text(rest, known), plan, months, _chained(others))


def _chained(others: Sequence[Renew]) -> Renew | None:
    """The other readings, each holding the next, the one with the longest name first."""
    chain: Renew | None = None
    for one in reversed(others):
        chain = replace(one, other=chain)
    return chain


def _is_plain_period(raw: str) -> bool:
    return raw.isdigit() and len(raw) <= 2 and int(raw) in _PLAIN_PERIODS


def _stray_number(rest: Sequence[Word]) -> bool:
    """A number followed by more numbers names no client: which of them would?"""
    return len(rest) > 1 and all(word.raw.isdigit() for word in rest)


def _period_at_end(rest: Sequence[Word], known: Vocabulary) -> tuple[int, int] | None:
    """Months and how many words say so: `12m`, `12 months`, `year`."""
    last = rest[-1]
    glued = _WITH_UNIT.fullmatch(last.key)
    if glued and glued[2] in known.month_units:
        return int(glued[1]) * known.month_units[glued[2]], 1
    unit = known.month_units.get(last.key)
    if unit is None:
        return None
    if len(rest) > 1 and rest[-2].raw.isdigit() and len(rest[-2].raw) <= 3:
        return int(rest[-2].raw) * unit, 2
    return (unit, 1) if len(last.key) > 2 else None


def due(said: Sequence[Word], known: Vocabulary) -> Due | Balance | Unknown:
    """`[in] N days`, `this week`, `tomorrow`; a client's name asks how that one stands."""
    days: int | None = None
    number: int | None = None
    rest: list[Word] = []
    for word in said:
        glued = _WITH_UNIT.fullmatch(word.key)
        if word.raw.isdigit() and len(word.raw) <= 3 and number is None:
            number = int(word.raw)
        elif number is not None and word.key in known.day_units:
            days, number = number * known.day_units[word.key], None
        elif glued and glued[2] in known.day_units:
            days = int(glued[1]) * known.day_units[glued[2]]
        elif word.key in known.days:
            days = known.days[word.key]
        else:
            rest.append(word)
    named = [word for word in rest if word.key not in known.edge | known.polite | known.period_marks | _DUE_FILLERS]
    if named:
        return Balance(client_text(said, known))
    within = number if days is None else days
    return Due(within) if within is None or within <= WITHIN_DAYS_MAX else Unknown("unclear", near="due")


_DUE_FILLERS = frozenset({"this", "next", "within", "coming", "who", "soon", "этой", "эту", "ближайшие", "ближайшую",
                          "течение", "кто", "скоро", "через", "след", "следующей", "этом"})  # fmt: skip


def clients(said: Sequence[Word], known: Vocabulary) -> Clients:
    """`[NAME] [page N]`."""
    page = 1
    rest = list(said)
    if rest and rest[-1].raw.isdigit() and 0 < len(rest[-1].raw) <= 3:
        marked = len(rest) > 1 and rest[-2].key in known.page_marks
        if marked or len(rest) == 1:
            page = max(1, int(rest[-1].raw))
            rest = rest[: -2 if marked else -1]
    return Clients(client_text(rest, known), page)


def is_amount_shape(command: TopUp) -> bool:
    """Whether words without any verb may be taken for a top-up: a client and a number that is an amount."""
    if command.client is None or command.amount is None:
        return False
    if command.client.isdigit() and len(command.client) < ENDING_DIGITS_MIN:
        return False
    return isinstance(command.amount, Amount) or command.amount.reason in _MONEY_TROUBLE


_MONEY_TROUBLE = frozenset({"zero", "negative", "shorthand", "too_fine", "too_large", "unclear"})


def _raw(said: Sequence[Word]) -> str:
    return " ".join(word.raw for word in said)
