"""The words of all languages in one look-up, the curator's own language first. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from rapidfuzz.distance import DamerauLevenshtein

from bot.handlers.plain_text import Word
from bot.handlers.words import en, ru
from bot.handlers.words.model import Verb, Words

_V = TypeVar("_V")

ALL: tuple[Words, ...] = (en.WORDS, ru.WORDS)
"""Every language the chat understands; a new one is one more file in `words`."""

SIMILAR = 0.8
"""A typo is taken for a verb from this Damerau-Levenshtein similarity on."""
SIMILAR_LONG = 0.72
"""The same for verbs of eight letters or more, where two slips still leave no doubt."""
_ROUNDING = 1e-9
_TYPO_LETTERS_MIN = 4
_EXACT_ONLY = frozenset(
    {"yes", "stop", "start", "hello", "language", "unmute", "thanks", "paid", "owes",
     "why", "note", "snooze", "text", "away", "back", "hours", "channels"}
)  # fmt: skip
"""Never guessed: consent, opt-out, and words too close to something else ("unmute" to "mute", "channels" to a name)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A verb at the beginning of some words: which, how many words long, and whether it was a typo."""

    verb: Verb
    length: int
    typo: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Merged look-ups; see `Words` for what each holds."""

    phrases: Mapping[str, Verb]
    longest: int
    taps: Mapping[str, str]
    polite: frozenset[str]
    show: frozenset[str]
    edge: frozenset[str]
    amount_marks: frozenset[str]
    period_marks: frozenset[str]
    month_units: Mapping[str, int]
    day_units: Mapping[str, int]
    days: Mapping[str, int]
    ordinals: Mapping[str, int]
    plans: Mapping[str, str]
    plan_marks: frozenset[str]
    page_marks: frozenset[str]
    stop_fillers: frozenset[str]
    numerals: frozenset[str]
    languages: Mapping[str, str]
    weekdays: Mapping[str, int]
    month_names: Mapping[str, int]
    all_clear: Mapping[str, str]
    hour_words: Mapping[str, str]
    people_words: Mapping[str, str]
    to_marks: frozenset[str]
    day_marks: frozenset[str]
    stand_in_marks: frozenset[str]
    hour_fillers: frozenset[str]
    country_marks: frozenset[str]
    no_country: frozenset[str]

    def verb_at_start(self, said: Sequence[Word]) -> Found | None:
        """The longest known phrase that these words begin with, exactly as listed."""
        for length in range(min(self.longest, len(said)), 0, -1):
            verb = self.phrases.get(joined(said[:length]))
            if verb:
                return Found(verb, length)
        return None

    def typo_at_start(self, said: Sequence[Word]) -> Found | None:
        """The verb that the first word, or the first two, most resembles; None when nothing is close enough."""
        best: tuple[float, Found] | None = None
        for length in range(1, min(2, len(said)) + 1):
            written = joined(said[:length])
            for phrase, verb in self.phrases.items():
                if verb in _EXACT_ONLY or phrase.count(" ") != length - 1:
                    continue
                score = similarity(written, phrase)
                if score and (best is None or score > best[0]):
                    best = (score, Found(verb, length, typo=True))
        return best[1] if best else None


def similarity(written: str, phrase: str) -> float:
    """How surely `written` is a slip for `phrase`: 0 when it is not, else up to 1."""
    if min(len(written), len(phrase)) < _TYPO_LETTERS_MIN or not written.replace(" ", "").isalpha():
        return 0.0
    if len(phrase) == _TYPO_LETTERS_MIN:
        return SIMILAR if sorted(written) == sorted(phrase) and written[0] == phrase[0] else 0.0
    cutoff = SIMILAR_LONG if len(phrase) >= 8 else SIMILAR
    score = DamerauLevenshtein.normalized_similarity(written, phrase)
    return score if score >= cutoff - _ROUNDING else 0.0


def joined(said: Iterable[Word]) -> str:
    """The keys of words as one phrase."""
    return " ".join(word.key for word in said)


@lru_cache(maxsize=8)
def vocabulary(language: str) -> Vocabulary:
    """All languages merged; where two claim one phrase, `language` wins."""
    ordered = sorted(ALL, key=lambda words: words.language == language)
    phrases = {phrase: verb for words in ordered for verb, listed in words.verbs.items() for phrase in listed}

    def merged_sets(name: str) -> frozenset[str]:
        return frozenset(chain.from_iterable(getattr(words, name) for words in ordered))

    return Vocabulary(
        phrases=phrases,
        longest=max(phrase.count(" ") + 1 for phrase in phrases),
        taps={label: verb for words in ordered for verb, labels in words.taps.items() for label in labels},
        languages=_merged([words.languages for words in ordered]),
        month_units=_merged([words.month_units for words in ordered]),
        day_units=_merged([words.day_units for words in ordered]),
        days=_merged([words.days for words in ordered]),
        ordinals=_merged([words.ordinals for words in ordered]),
        plans=_merged([words.plans for words in ordered]),
        weekdays=_merged([words.weekdays for words in ordered]),
        month_names=_merged([words.month_names for words in ordered]),
        all_clear=_merged([words.all_clear for words in ordered]),
        hour_words=_merged([words.hour_words for words in ordered]),
        people_words=_merged([words.people_words for words in ordered]),
        **{name: merged_sets(name) for name in _SETS},
    )


_SETS = (
    "polite",
    "show",
    "edge",
    "amount_marks",
    "period_marks",
    "plan_marks",
    "page_marks",
    "stop_fillers",
    "numerals",
    "to_marks",
    "day_marks",
    "stand_in_marks",
    "hour_fillers",
    "country_marks",
    "no_country",
)


def _merged(maps: Sequence[Mapping[str, _V]]) -> dict[str, _V]:
    return {key: value for one in maps for key, value in one.items()}
