"""From a message to a command: the button, else what the screen offers, else the words themselves."""

from bot.handlers.amount import Amount, parse_amount
from bot.handlers.commands import Choice, Command, Tap, TopUp, Unknown
from bot.handlers.conversation import Conversation
from bot.handlers.parser import TEXT_MAX, parse
from bot.handlers.payload import payload_of, tap_of
from bot.handlers.plain_text import plain, words
from bot.handlers.reply import Menu
from bot.handlers.shown import Shown
from bot.handlers.vocabulary import joined

NO_SUCH_CHOICE = Tap("no_such_choice")
"""A number that picks nothing."""


def understand(text: str, payload: str | None, language: str, talk: Conversation, shown: Shown) -> Command | Unknown:
    """What is meant, with numbers and typed labels already turned into the button they stand for."""
    tap = tap_of(payload)
    if tap is not None:
        return tap
    return _expected(text, talk.menu) or _typed_label(text, shown) or _said(text, language, talk.menu, shown)


def _expected(text: str, menu: Menu | None) -> Command | None:
    """A bare amount after "How much?"."""
    if menu is None or menu.expects != "amount" or menu.client_id is None or len(text) > TEXT_MAX:
        return None
    amount = parse_amount(text)
    if not isinstance(amount, Amount):
        return None
    if amount.ambiguous:
        return TopUp(None, amount)
    written = f"{amount.value:f}" + (f"_{amount.currency}" if amount.currency else "")
    return tap_of(payload_of("topup", menu.client_id, written))


def _typed_label(text: str, shown: Shown) -> Tap | None:
    """The title of a button that is on the screen, typed by hand.

    One that moves money counts only under the question asked last, or "Confirm" would mean an amount that is long past.
    """
    label = _label(text) if len(text) <= TEXT_MAX else ""
    if not label:
        return None
    for buttons in shown.buttons:
        for title, payload in buttons:
            tap = tap_of(payload)
            if _label(title) == label and not _is_stale(tap, shown):
                return tap
    return None


def _said(text: str, language: str, menu: Menu | None, shown: Shown) -> Command | Unknown:
    command = parse(text, None, language)
    if not isinstance(command, Choice):
        return command
    listed = menu is not None and bool(menu.choices) and not shown.numbered
    choices = menu.choices if menu and listed else tuple(payload for _, payload in shown.newest_buttons)
    if not 1 <= command.number <= len(choices):
        return NO_SUCH_CHOICE
    picked = tap_of(choices[command.number - 1]) or NO_SUCH_CHOICE
    if not listed and (_is_stale(picked, shown) or _may_be_a_repeat(picked, choices, text, shown)):
        return Unknown("unclear", near="yes")
    return picked


def _is_stale(tap: Tap | None, shown: Shown) -> bool:
    """Whether this confirms something that is not the question asked last."""
    return tap is not None and tap.verb == "confirm" and tap.id not in shown.question


def _may_be_a_repeat(picked: Tap, choices: tuple[str, ...], text: str, shown: Shown) -> bool:
    """Whether a number that would move money may be the same "1" sent twice. Where the buttons are numbered lines it is
    their answer, unless the question itself came of that number."""
    if picked.verb != "confirm" or _ways(choices) > 1:
        return False
    return not shown.numbered or _label(text) == _label(shown.asked_by)


def _ways(choices: tuple[str, ...]) -> int:
    """How many of these buttons move money."""
    return sum((tap_of(payload) or NO_SUCH_CHOICE).verb == "confirm" for payload in choices)


def _label(text: str) -> str:
    return joined(words(plain(text)))
