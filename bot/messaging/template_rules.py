"""The rules every text keeps: lengths, buttons, variables, translations. What `templates check` and the tests run."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from babel.messages.catalog import Catalog
from jinja2.ext import babel_extract

from bot import i18n
from bot.messaging.message import text_length
from bot.messaging.template_manifest import Entry
from bot.messaging.templates import CONTENT_BODY_MAX, Button, Content, Registry, TextError

TITLE_MAX = 20
BUTTONS_MAX = 3
"""More than three buttons need approval even inside the window."""
VARIABLES_MAX = 100
_SLOT = re.compile(r"\{\{\d+\}\}")
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"%\((\w+)\)s")
_BRANCH = re.compile(r"\{%-?\s*(if|for|set|include|macro)\b")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: which text, in which language, and what to change."""

    key: str
    language: str
    message: str

    def __str__(self) -> str:
        return f"{self.key} [{self.language}]: {self.message}"


def check(registry: Registry, languages: Sequence[str] = i18n.LANGUAGES) -> list[Problem]:
    """Every broken rule of every text, in every language."""
    found = [problem for key in registry.names() for problem in check_text(registry, key, languages)]
    return found + list(_disagreements(languages))


def check_text(registry: Registry, key: str, languages: Sequence[str] = i18n.LANGUAGES) -> Iterator[Problem]:
    """The broken rules of one text."""
    entry = registry.entry(key)
    try:
        source = registry.source(key)
    except TextError as error:
        yield Problem(key, languages[0], str(error))
        return
    if entry.content and _BRANCH.search(source):
        yield Problem(key, languages[0], "a content text has fixed lines: no {% if %}, {% for %} or {% set %}")
    for language in languages:
        yield from (Problem(key, language, message) for message in _untranslated(registry, entry, source, language))
        yield from (Problem(key, language, message) for message in _unrenderable(registry, entry, language))


def _unrenderable(registry: Registry, entry: Entry, language: str) -> Iterator[str]:
    payloads = [Button(action, f"{action}:{'x' * 26}") for action in entry.buttons]
    try:
        rendered = registry.render(entry.key, language, entry.sample, payloads)
        if not entry.content:
            if not rendered.body:
                yield "the text is empty"
            return
        content = registry.content(entry.key, language)
    except (TextError, ValueError, TypeError) as error:
        yield f"does not render with its sample: {error}"
        return
    values = registry.values(entry, language, entry.sample)
    if list(rendered.variables.values())[: len(values)] != list(values.values()):
        yield f"more than {CONTENT_BODY_MAX} characters with the sample: values had to be cut"
    yield from body_problems(content.body, len(entry.variables), to_approve=entry.needs_approval)
    yield from _button_problems(content)


def body_problems(body: str, variables: int, *, to_approve: bool = True) -> Iterator[str]:
    """Broken rules of a content body such as `Hello {{1}}, welcome.`

    Where variables stand matters to the approval only: a text that never opens a conversation needs none.
    """
    used = {int(slot[2:-2]) for slot in _SLOT.findall(body)}
    if used != set(range(1, variables + 1)):
        yield f"uses the variables {sorted(used)}, declares 1 to {variables}"
    if variables > VARIABLES_MAX:
        yield f"{variables} variables, {VARIABLES_MAX} allowed"
    if "\n\n" in body or "    " in body:
        yield "holds an empty line or a run of spaces"
    if not to_approve:
        return
    if re.match(r"\W*\{\{", body) and not _WORD.search(body.split("{{")[0]):
        yield "starts with a variable"
    if not _WORD.search(body.rsplit("}}", 1)[-1]):
        yield "ends with a variable"
    if re.search(r"\}\}\s*\{\{", body):
        yield "two variables stand side by side"
    words = len(_WORD.findall(_SLOT.sub(" ", body)))
    if words < 2 * variables + 1:
        yield f"{words} fixed words for {variables} variables, at least {2 * variables + 1} wanted: join variables"


def _button_problems(content: Content) -> Iterator[str]:
    titles = [title for title, _ in content.buttons]
    if len(titles) > BUTTONS_MAX:
        yield f"{len(titles)} buttons, {BUTTONS_MAX} allowed"
    if len({title.lower() for title in titles}) < len(titles):
        yield "two buttons have the same title"
    for title in titles:
        if not 0 < text_length(title) <= TITLE_MAX or title != title.strip() or re.search(r"[*_~`\n]", title):
            yield f"button {title!r}: 1 to {TITLE_MAX} plain characters"


def _untranslated(registry: Registry, entry: Entry, source: str, language: str) -> Iterator[str]:
    if language == i18n.LANGUAGES[0]:
        return
    catalogs = list(i18n.catalogs(language).values())
    for context, singular, plural in _messages(registry, entry, source):
        found = [message for catalog in catalogs if (message := catalog.get(singular, context)) is not None]
        if not any(_complete(message.string, plural is not None) for message in found):
            yield f"not translated: {singular!r}" + (f" (context {context!r})" if context else "")
            continue
        for message in found:
            forms = message.string if isinstance(message.string, tuple | list) else [message.string]
            wanted = set(_NAME.findall(plural or singular))
            if any(set(_NAME.findall(form or "")) != wanted for form in forms):
                yield f"other variables than in English: {singular!r}"


def _complete(string: str | Sequence[str | None] | None, is_plural: bool) -> bool:
    forms = [string] if string is None or isinstance(string, str) else list(string)
    return all(forms) and (len(forms) > 1 or not is_plural)


def _messages(registry: Registry, entry: Entry, source: str) -> Iterator[tuple[str | None, str, str | None]]:
    """Context, singular and plural of every message of a text: its lines, its variables' words, its buttons."""
    expressions = "".join("{{ " + expression + " }}\n" for expression in entry.variables.values())
    options = {"extensions": "jinja2.ext.i18n", "silent": "false"}
    stream = BytesIO((source + "\n" + expressions).encode())
    for _, function, strings, _ in babel_extract(
        stream, ("_", "gettext", "ngettext", "pgettext", "npgettext"), [], options
    ):
        words = [word for word in ([strings] if isinstance(strings, str) else strings or ()) if word is not None]
        context = words.pop(0) if function in ("pgettext", "npgettext") else None
        if not words:
            continue  # words that are chosen elsewhere: whoever chooses them sees to their translations
        yield context, words[0], words[1] if function in ("ngettext", "npgettext") else None
    yield from ((None, title, None) for title in entry.buttons.values())


def _disagreements(languages: Sequence[str]) -> Iterator[Problem]:
    """The same English words translated differently in two files: only one of them could be used."""
    for language in languages:
        seen: dict[tuple[str | None, object], tuple[str, object]] = {}
        for name, catalog in i18n.catalogs(language).items():
            for identity, string in _pairs(catalog):
                other, translation = seen.setdefault(identity, (name, string))
                if translation != string:
                    message = f"{identity[1]!r} is translated differently in {other}.po: give one of them a context"
                    yield Problem(f"{name}.po", language, message)


def _pairs(catalog: Catalog) -> Iterator[tuple[tuple[str | None, object], object]]:
    for message in catalog:
        if message.id:
            identity = message.id if isinstance(message.id, str) else tuple(message.id)
            string = message.string if isinstance(message.string, str) else tuple(message.string or ())
            yield (message.context, identity), string
