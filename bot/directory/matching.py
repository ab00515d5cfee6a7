"""Whom a curator means: by ID, by its ending, or by name with typos, case endings and in either script. Pure.

Meant for the clients of one partner, a few thousand at most. A match that is not the ID, its ending or the whole name
is marked `fuzzy`; nothing moves money on it before the company was shown.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from bot.directory.transliteration import folded, is_cyrillic
from bot.ids import ClientId

ENDING_DIGITS_MIN = 4
SEVERAL_MAX = 10
NEAREST_MAX = 3
QUERY_MAX = 120
"""Characters of a query that are looked at."""
_HIT = 0.79
"""A name this similar is meant: one slip in five letters, none in four."""
_NEAR = 0.5
"""A name this similar is worth offering when none is meant."""
_LEAD = 0.06
"""How far the best must be ahead of the next to be the only one."""
_WORD_NEAR = 0.59
_REMOTE = 0.4
"""A word this similar to one of a name is worth offering when nothing is nearer."""
_WHOLE_BEGINNING_LETTERS = 2
"""So few letters, alone, already mean the names that begin with them."""
_BEGINNING = 0.93
_SAME_STEM = 0.96
_BEGINNING_LETTERS_MIN = 3
_COVERAGE_SHARE = 0.1
"""How much of the score says how much of the name was typed; the rest says how much of the typed text was found."""
_LEGAL_FORMS = frozenset(
    {"ооо", "оао", "зао", "пао", "ао", "ип", "тоо", "чп", "нко", "ано", "фгуп", "чтуп", "одо", "sia", "as", "uab", "ou",
     "oü", "gmbh", "ag", "kg", "ug", "ohg", "llc", "llp", "ltd", "limited", "inc", "incorporated", "corp",
     "corporation", "co", "company", "plc", "sa", "sl", "slu", "sas", "srl", "spa", "lda", "ltda", "me", "eireli",
     "bv", "nv", "oy", "ab", "aps", "doo", "dooel", "sro", "zoo", "sp", "ik", "ps", "kft", "ead", "ood", "eood"}
)  # fmt: skip
_CASE_ENDINGS = ("iami", "ami", "ogo", "omu", "imi", "oi", "ei", "om", "em", "im", "ah", "am", "iu", "ia", "ie", "aia",
                 "uiu", "oe", "u", "a", "e", "i", "o")  # fmt: skip
"""Russian case endings as `folded` writes them; the longest that leaves three letters is dropped."""
_STEM_LETTERS_MIN = 3
_LITTLE_WORDS = frozenset({"id", "ид", "no", "the", "and", "und", "и", "&"})
_NOT_WORD = re.compile(r"[^\w]+|_")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client that may be meant. `search_key` is `search_key(company)` where it was stored before."""

    id: ClientId
    account_id: str
    company: str
    search_key: str | None = None


@dataclass(frozen=True, slots=True)
class Exact:
    """One client is meant. `fuzzy`: by part of the name, a typo or a case ending, not by ID, ending or whole name."""

    client: Candidate
    fuzzy: bool = False


@dataclass(frozen=True, slots=True)
class Several:
    """More than one may be meant; the best ten, best first. `total` counts them all."""

    clients: tuple[Candidate, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """None is meant; at most three that look alike. `too_short`: digits, but fewer than an ending needs."""

    nearest: tuple[Candidate, ...] = ()
    too_short: bool = False


Match = Exact | Several | Nothing


def search_key(company: str) -> str:
    """The words of a company's name as they are compared: folded, without legal forms and punctuation."""
    return " ".join(_words(company))


def find(query: str, candidates: Sequence[Candidate]) -> Match:
    """Whom `query` means among the clients of one partner. Never raises, whatever the text."""
    written = _readable(query)
    digits = re.sub(r"[\s#-]", "", re.sub(r"^\W*(?:id|ид|no|№)\b", "", written))
    if digits.isdigit():
        by_number = _by_number(digits, candidates)
        if not isinstance(by_number, Nothing):
            return by_number
        by_name = _by_name(written, candidates)
        return by_number if isinstance(by_name, Nothing) else by_name
    numbered = [word for word in written.split() if word.isdigit() and len(word) >= ENDING_DIGITS_MIN]
    if numbered:
        both = _by_number_and_name(written, numbered[0], candidates)
        if both:
            return both
    return _by_name(written, candidates)


def named_exactly(query: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """The only client whose whole name, or ID and name, this is; None otherwise. Decides between two readings."""
    match = find(query, candidates)
    return match.client if isinstance(match, Exact) and not match.fuzzy else None


def _readable(query: str) -> str:
    shown = "".join(c for c in query[:QUERY_MAX] if unicodedata.category(c) not in ("Cf", "No"))
    return unicodedata.normalize("NFKC", shown).strip().casefold()


def _by_number(digits: str, candidates: Sequence[Candidate]) -> Match:
    if len(digits) < ENDING_DIGITS_MIN:
        return Nothing(too_short=True)
    return _one_or_several([one for one in candidates if one.account_id.endswith(digits)]) or Nothing(
        _nearest_numbers(digits, candidates)
    )


def _one_or_several(hits: Sequence[Candidate]) -> Match | None:
    if len(hits) == 1:
        return Exact(hits[0])
    return Several(tuple(hits[:SEVERAL_MAX]), len(hits)) if hits else None


def _nearest_numbers(digits: str, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Clients whose ID (or ending) differs by one slip of the finger."""
    near = [one for one in candidates if DamerauLevenshtein.distance(one.account_id[-len(digits) :], digits) <= 1]
    return tuple(near[:NEAREST_MAX])


def _by_number_and_name(written: str, digits: str, candidates: Sequence[Candidate]) -> Match | None:
    """A number with a name beside it: both must mean the same client. None when it is no client's number."""
    numbered = [one for one in candidates if one.account_id.endswith(digits)]
    if not numbered:
        return None
    match = _by_name(" ".join(word for word in written.split() if word != digits), numbered)
    if isinstance(match, Exact):
        return Exact(match.client)
    return match if isinstance(match, Several) else Nothing(tuple(numbered[:NEAREST_MAX]))


def _by_name(written: str, candidates: Sequence[Candidate]) -> Match:
    asked = _words(written)
    if not asked:
        return Nothing()
    names = _index(tuple(map(_key, candidates)))
    whole = [candidates[at] for at in names.by_key.get(" ".join(asked), ())]
    if whole:
        return _one_or_several(whole) or Nothing()
    begin = _WHOLE_BEGINNING_LETTERS if len(asked) == 1 else _BEGINNING_LETTERS_MIN
    likeness = {word: _alike(word, names, begin, inflected=is_cyrillic(written)) for word in asked}
    touched = {at for alike in likeness.values() for word in alike for at in names.by_word.get(word, ())}
    touched.update(at for at, _ in _written_alike(asked, names))
    scored = [(_score(asked, names.words[at], likeness), candidates[at]) for at in touched]
    ranked = sorted((pair for pair in scored if pair[0] >= _NEAR), key=lambda pair: (-pair[0], pair[1].company))
    hits = [pair for pair in ranked if pair[0] >= _HIT]
    if not hits:
        return Nothing(tuple(one for _, one in ranked[:NEAREST_MAX]) or _remote(asked, names, candidates))
    close = [one for score, one in hits if score >= hits[0][0] - _LEAD]
    if len(close) == 1:
        return Exact(close[0], fuzzy=True)
    return Several(tuple(close[:SEVERAL_MAX]), len(close))


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of one partner, prepared for look-ups: by whole key, by word, by stem."""

    words: tuple[tuple[str, ...], ...]
    together: tuple[str, ...]
    by_key: Mapping[str, Sequence[int]]
    by_word: Mapping[str, Sequence[int]]
    spelled: tuple[str, ...]
    by_stem: Mapping[str, Sequence[str]]


@lru_cache(maxsize=32)
def _index(keys: tuple[str, ...]) -> _Names:
    by_key: dict[str, list[int]] = defaultdict(list)
    by_word: dict[str, list[int]] = defaultdict(list)
    by_stem: dict[str, list[str]] = defaultdict(list)
    words = tuple(tuple(key.split()) for key in keys)
    for at, (key, name) in enumerate(zip(keys, words, strict=True)):
        by_key[key].append(at)
        for word in set(name):
            by_word[word].append(at)
    spelled = tuple(word for word in by_word if not _has_digit(word))
    for word in spelled:
        by_stem[_stem(word)].append(word)
    return _Names(words, tuple(key.replace(" ", "") for key in keys), by_key, by_word, spelled, by_stem)


def _key(candidate: Candidate) -> str:
    return candidate.search_key or search_key(candidate.company)


@lru_cache(maxsize=16384)
def _words(name: str) -> tuple[str, ...]:
    """The words of a name, folded; legal forms and little words dropped unless nothing else is left."""
    spelled = re.sub(r"\b((?:\w\.){2,})", lambda dotted: dotted[1].replace(".", "") + " ", name.casefold())
    raw = [word for word in _NOT_WORD.split(re.sub(r"['\u2019]s\b", "", spelled)) if word]
    telling = [word for word in raw if word not in _LEGAL_FORMS and word not in _LITTLE_WORDS] or raw
    return tuple(word for word in map(folded, telling) if word)


def _remote(asked: Sequence[str], names: _Names, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The few that have anything of what was asked: a word that begins alike, or one remotely similar."""
    scorer = DamerauLevenshtein.normalized_similarity
    words = [word for word in asked if not _has_digit(word)]
    best: dict[int, float] = {}
    for word in words:
        near = process.extract(word, names.spelled, scorer=scorer, score_cutoff=_REMOTE, limit=NEAREST_MAX)
        begun = [(other, 1.0) for other in names.spelled if other.startswith(word)]
        for other, score in [*begun, *((other, score) for other, score, _ in near)]:
            for at in names.by_word[other]:
                best[at] = max(best.get(at, 0.0), score)
    ranked = sorted(best, key=lambda at: (-best[at], candidates[at].company))
    return tuple(candidates[at] for at in ranked[:NEAREST_MAX])


def _alike(word: str, names: _Names, begin: int, *, inflected: bool) -> dict[str, float]:
    """The words of all names that this one resembles, and how much (0.6 to 1). A number resembles only itself.

    From `begin` letters on it resembles the words that begin with it.
    """
    if _has_digit(word):
        return {word: 1.0} if word in names.by_word else {}
    found = _similar(word, names.spelled)
    if len(word) >= begin:
        begun = [other for other in names.spelled if other.startswith(word) and other != word]
        found |= {other: max(found.get(other, 0.0), _BEGINNING) for other in begun}
    if inflected:
        for stem, score in _similar(_stem(word), tuple(names.by_stem)).items():
            others = [other for other in names.by_stem[stem] if other != word]
            found |= {other: max(found.get(other, 0.0), score * _SAME_STEM) for other in others}
    return found


def _similar(word: str, listed: Sequence[str]) -> dict[str, float]:
    scorer = DamerauLevenshtein.normalized_similarity
    found = process.extract(word, listed, scorer=scorer, score_cutoff=_WORD_NEAR, limit=None)
    return {other: score for other, score, _ in found}


def _has_digit(word: str) -> bool:
    return any(c.isdigit() for c in word)


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    for ending in _CASE_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LETTERS_MIN:
            return word[: -len(ending)]
    return word


def _score(asked: Sequence[str], name: Sequence[str], likeness: Mapping[str, Mapping[str, float]]) -> float:
    """How surely `asked` means `name`: each word counts by its length; a number must be in the name as it is."""
    found = matched = 0.0
    for word in asked:
        alike = likeness[word]
        best, other = max(((alike.get(other, 0.0), other) for other in name), default=(0.0, ""))
        if not best and _has_digit(word):
            return 0.0
        found += best * len(word)
        matched += len(other) if best else 0
    share = found / sum(map(len, asked))
    coverage = min(1.0, matched / (sum(map(len, name)) or 1))
    score = (1 - _COVERAGE_SHARE) * share + _COVERAGE_SHARE * coverage
    return max(score, _together(asked, name))


def _written_alike(asked: Sequence[str], names: _Names) -> list[tuple[int, float]]:
    """Names that look alike once all spaces are gone: "alfadental", "ro mashka"."""
    if any(map(_has_digit, asked)):
        return []
    similar = process.extract(
        "".join(asked), names.together, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=_HIT
    )
    return [(at, score) for _, score, at in similar]


def _together(asked: Sequence[str], name: Sequence[str]) -> float:
    if len(asked) == len(name) or any(map(_has_digit, (*asked, *name))):
        return 0.0
    return DamerauLevenshtein.normalized_similarity("".join(asked), "".join(name), score_cutoff=_HIT)
