"""Slots of the commands about money from outside: replenishing the partner account, what a client paid. Pure."""

from collections.abc import Sequence

from bot.handlers import slots
from bot.handlers.amount import AmountProblem, currency_word, parse_amount
from bot.handlers.commands import Paid, Replenish, TopUp
from bot.handlers.plain_text import Word
from bot.handlers.vocabulary import Vocabulary

HOW_MAX = 60
"""Characters of the note how a client paid."""
_FROM = frozenset({"from", "от"})


def replenish(said: Sequence[Word], known: Vocabulary) -> Replenish | TopUp:
    """`AMOUNT [CURRENCY]`. With a client's name it is that client who is topped up."""
    small = known.amount_marks | known.edge | known.polite
    start, end = 0, len(said)
    while start < end and said[start].key in small and not currency_word(said[start].raw):
        start += 1
    while end > start and said[end - 1].key in small and not currency_word(said[end - 1].raw):
        end -= 1
    rest = said[start:end]
    if not rest:
        return Replenish(None)
    if all(_counts(word) for word in rest):
        return Replenish(parse_amount(_raw(rest)))
    if all(_counts(word) or word.key in known.numerals for word in rest):
        return Replenish(AmountProblem("in_words", _raw(rest)))
    return slots.top_up(said, known)


def paid(said: Sequence[Word], known: Vocabulary) -> Paid:
    """`CLIENT AMOUNT [how]`, and `AMOUNT from CLIENT`."""
    start = next((at for at in range(1, len(said)) if _counts(said[at]) and not _counts(said[at - 1])), 0)
    end = start
    while end < len(said) and _counts(said[end]):
        end += 1
    if start == end:
        return Paid(slots.client_text(said, known), None)
    after = said[end:]
    if after and after[0].key in _FROM:
        return Paid(slots.client_text(after[1:], known), parse_amount(_raw(said[start:end])))
    spoken = slots.top_up(said[:end], known)
    how = _raw(after)[:HOW_MAX] or None
    other = None if spoken.other is None else Paid(spoken.other.client, spoken.other.amount, how)
    return Paid(spoken.client, spoken.amount, how, other)


def _counts(word: Word) -> bool:
    """Whether a word belongs to an amount."""
    return any(character.isdigit() for character in word.raw) or currency_word(word.raw) is not None


def _raw(said: Sequence[Word]) -> str:
    return " ".join(word.raw for word in said)
