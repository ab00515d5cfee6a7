"""Text of a chat, or the tap of a button, to a command. Pure, and never raises whatever the text.

The verbs are data (`words/`), of every language at once; what is neither verb nor slot is the client's name, kept as
written: finding whom it means is the directory's job.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from bot.handlers import account_slots, care_slots, slots, subscription_slots
from bot.handlers.commands import (
    Back,
    Balance,
    Choice,
    Command,
    Digits,
    Help,
    Language,
    Mention,
    Mute,
    No,
    NotOffered,
    Owes,
    Partner,
    Picture,
    Rules,
    Start,
    Stop,
    Tap,
    Text,
    Thanks,
    Unknown,
    Unmute,
    Why,
    Yes,
)
from bot.handlers.payload import tap_of
from bot.handlers.plain_text import Word, has_content, plain, words
from bot.handlers.vocabulary import Found, Vocabulary, joined, vocabulary
from bot.handlers.words.model import Verb

TEXT_MAX = 400
"""Characters; no command is longer, and a longer text is not looked into."""
_WORDS_MAX = 30
_MENTION_WORDS_MAX = 4
_BARE_NUMBER = re.compile(r"#?\s*(\d{1,12})\s*[.)]?")
_LATER_VERBS = frozenset({"balance", "topup", "renew", "subscribe", "upgrade", "paid", "mute", "unmute", "promised"})
"""Verbs that are also understood after the client's name ("alfa balance")."""


def parse(text: str, payload: str | None, language: str) -> Command | Unknown:
    """What was meant. A payload of ours wins over the text; `language` decides words that two languages share."""
    tap = tap_of(payload)
    if tap:
        return tap
    if len(text) > TEXT_MAX:
        return Unknown("too_long")
    clean = plain(text).strip()
    if clean in ("?", "??", "/?"):
        return Help()
    if not has_content(clean):
        return Unknown("no_words" if clean else "empty")
    known = vocabulary(language)
    bare = _BARE_NUMBER.fullmatch(clean)
    if bare:
        return _number(bare[1])
    if _several_commands(clean, known):
        return Unknown("several")
    said = words(clean)
    if _is_note(said, known):
        return _phrase(said, known)
    if not said or len(said) > _WORDS_MAX:
        return Unknown("unclear")
    return _label(said, clean, known) or _phrase(said, known)


def _number(digits: str) -> Command | Unknown:
    if len(digits) > 2:
        return Digits(digits)
    return Choice(int(digits)) if int(digits) else Unknown("unclear")


def _is_note(said: Sequence[Word], known: Vocabulary) -> bool:
    """A note is as long as it needs to be."""
    found = known.verb_at_start(said)
    return found is not None and found.verb == "note"


def _several_commands(clean: str, known: Vocabulary) -> bool:
    lines = [words(line) for line in clean.splitlines()]
    verbs = [found.verb for line in lines if (found := known.verb_at_start(line))]
    return len([verb for verb in verbs if verb not in ("hello", "thanks")]) > 1


def _label(said: Sequence[Word], clean: str, known: Vocabulary) -> Command | None:
    """A button's label or an ordinal typed by hand."""
    whole = joined(said)
    verb = known.taps.get(whole) or known.taps.get(" ".join(clean.casefold().replace("ё", "е").split()))
    if verb:
        return Tap(verb)
    if whole in known.languages:
        return Language(known.languages[whole])
    ordinal = known.ordinals.get(whole)
    return Choice(ordinal) if ordinal else None


def _phrase(said: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    """Verb first; else without the courtesy before it; else after the client's name; else a typo; else no verb."""
    found = known.verb_at_start(said)
    if found and (found.verb not in _COURTESY or found.length == len(said)):
        return _filled(found.verb, said[found.length :], known)
    rest = _without_courtesy(said[found.length :] if found else said, known)
    if not rest:
        return Help(greeting=True)
    shown = _show_words(rest, known)
    rest = _without_courtesy(rest[shown:], known)
    split = _verb_and_rest(rest, known)
    if split:
        return _filled(*split, known)
    return Balance(slots.client_text(rest, known)) if shown and rest else _without_verb(rest, known)


def _without_courtesy(said: Sequence[Word], known: Vocabulary) -> Sequence[Word]:
    at = 0
    while at < len(said) and said[at].key in known.polite and not known.verb_at_start(said[at : at + 2]):
        at += 1
    return said[at:]


def _show_words(said: Sequence[Word], known: Vocabulary) -> int:
    """How many words at the start only ask to be shown what follows."""
    for length in (2, 1):
        if len(said) > length and joined(said[:length]) in known.show:
            return length
    return 0


def _verb_and_rest(said: Sequence[Word], known: Vocabulary) -> tuple[Verb, Sequence[Word]] | None:
    found = known.verb_at_start(said)
    if found and found.verb not in _COURTESY:
        return found.verb, said[found.length :]
    for at in range(1, len(said)):
        found = known.verb_at_start(said[at:])
        if found and found.verb in _LATER_VERBS:
            return found.verb, [*said[:at], *said[at + found.length :]]
    found = known.typo_at_start(said)
    if found is None or _is_name_and_number(found, said, known):
        return None
    return found.verb, said[found.length :]


def _is_name_and_number(found: Found, said: Sequence[Word], known: Vocabulary) -> bool:
    """Whether what looks like a misspelt verb is rather a client's name before an amount ("Renee 100")."""
    rest = said[found.length :]
    alone = len(rest) == 1 and rest[0].raw.isdigit() and len(rest[0].raw) < slots.ENDING_DIGITS_MIN
    return alone and found.verb != "topup" and slots.is_amount_shape(slots.top_up(said, known))


def _without_verb(said: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    if not said:
        return Unknown("unclear")
    if len(said) > 1 and said[0].raw.isdigit() and known.phrases.get(joined(said[1:])) == "yes":
        return Yes(said[0].raw)
    spoken = slots.top_up(said, known)
    if slots.is_amount_shape(spoken):
        return spoken
    name = slots.client_text(said, known)
    if name is None or len(said) > _MENTION_WORDS_MAX:
        return Unknown("unclear")
    return Mention(name)


def _filled(verb: Verb, rest: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    while (again := known.verb_at_start(rest)) and again.verb == verb and len(rest) > again.length:
        rest = rest[again.length :]
    return _FILLERS[verb](rest, known)


def _answer(verb: Verb, rest: Sequence[Word], known: Vocabulary) -> str | Unknown | None:
    """The code beside a yes or a no; Unknown when anything else is said as well, for it may take the answer back."""
    empty = (verb, "thanks")
    telling = [word for word in rest if word.key not in known.polite and known.phrases.get(word.key) not in empty]
    if not telling:
        return None
    if len(telling) == 1 and telling[0].raw.isdigit():
        return telling[0].raw
    return Unknown("unclear", near=verb)


def _yes(rest: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    code = _answer("yes", rest, known)
    return code if isinstance(code, Unknown) else Yes(code)


def _no(rest: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    code = _answer("no", rest, known)
    return code if isinstance(code, Unknown) else No(code)


def _stop(rest: Sequence[Word], known: Vocabulary) -> Command:
    """Alone (fillers aside) it is the opt-out, with a client it mutes that one."""
    named = [word for word in rest if word.key not in known.stop_fillers | known.polite]
    return Mute(slots.client_text(named, known)) if named else Stop()


def _start(rest: Sequence[Word], known: Vocabulary) -> Command:
    named = [word for word in rest if word.key not in known.stop_fillers | known.polite]
    return Unmute(slots.client_text(named, known)) if named else Start()


def _picture(rest: Sequence[Word], known: Vocabulary) -> Command:
    """A number after it is the page."""
    pages = [int(word.raw) for word in rest if word.raw.isdigit() and 0 < len(word.raw) <= 2]
    return Picture(max(pages[0], 1) if pages else 1)


def _partner(rest: Sequence[Word], known: Vocabulary) -> Command:
    named = slots.client_text([word for word in rest if known.phrases.get(word.key) != "partner"], known)
    return Balance(named) if named else Partner()


def _language(rest: Sequence[Word], known: Vocabulary) -> Command | Unknown:
    codes = [known.languages[word.key] for word in rest if word.key in known.languages]
    return Language(codes[0]) if codes else Unknown("unclear", near="language")


_COURTESY = frozenset({"hello", "thanks"})
_FILLERS: Mapping[Verb, Callable[[Sequence[Word], Vocabulary], Command | Unknown]] = {
    "help": lambda _rest, _known: Help(),
    "hello": lambda _rest, _known: Help(greeting=True),
    "thanks": lambda _rest, _known: Thanks(),
    "clients": slots.clients,
    "due": slots.due,
    "picture": _picture,
    "balance": lambda rest, known: Balance(slots.client_text(rest, known)),
    "channels": lambda rest, known: Balance(slots.client_text(rest, known)),
    "topup": slots.top_up,
    "renew": slots.renew,
    "subscribe": subscription_slots.subscribe,
    "upgrade": subscription_slots.upgrade,
    "addchannel": subscription_slots.add_channel,
    "removechannel": subscription_slots.remove_channel,
    "autorenew": subscription_slots.auto_renew,
    "refund": lambda _rest, _known: NotOffered(),
    "replenish": account_slots.replenish,
    "paid": account_slots.paid,
    "owes": lambda _rest, _known: Owes(),
    "partner": _partner,
    "rules": lambda _rest, _known: Rules(),
    "mute": lambda rest, known: Mute(slots.client_text(rest, known)),
    "unmute": lambda rest, known: Unmute(slots.client_text(rest, known)),
    "why": lambda rest, known: Why(slots.client_text(rest, known)),
    "assign": care_slots.assign,
    "note": care_slots.note,
    "promised": care_slots.promised,
    "snooze": care_slots.snooze,
    "text": lambda rest, known: Text(slots.client_text(rest, known)),
    "away": care_slots.away,
    "back": lambda _rest, _known: Back(),
    "hours": care_slots.hours,
    "stop": _stop,
    "start": _start,
    "yes": _yes,
    "no": _no,
    "language": _language,
}
