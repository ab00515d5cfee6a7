"""The registry of texts: loads manifests and templates, renders one in a language for people and for the provider."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from bot import i18n
from bot.errors import ConfigError, PermanentError
from bot.messaging import sourced
from bot.messaging.button import Button as Button
from bot.messaging.message import text_length
from bot.messaging.template_filters import filters, one_line
from bot.messaging.template_manifest import Entry, entries

VALUE_MAX = 250
"""Longest value of one template variable (Twilio advises less than this)."""
CONTENT_BODY_MAX = 1024
"""WhatsApp's limit for a content's text with its values filled in (Twilio error 63021); in UTF-16 units, as Twilio
counts free text, since that is the stricter reading."""
PAYLOAD_MAX = 200
"""Longest button payload that every kind of button carries back."""
_CUT_MIN = 20
"""A shorter value is not cut."""
_BETWEEN = "\x1f\x1e\x1f"
"""Separates values that are made in one go; no text holds it."""


class TextError(PermanentError):
    """A text that cannot be made: unknown key, missing fact, wrong buttons."""


@dataclass(frozen=True, slots=True)
class Content:
    """A text as the provider stores it: fixed lines with numbered variables, and fixed button titles."""

    template: str
    language: str
    category: str
    body: str
    buttons: tuple[tuple[str, str], ...]
    samples: Mapping[str, str]
    needs_approval: bool
    checksum: str

    @property
    def name(self) -> str:
        """The name it is submitted under: lower case with underscores, another for every wording."""
        return f"{self.template.replace('/', '_')}_{self.language}_{self.checksum[:8]}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready to send. `variables` are the numbered ones of a content entry, its button payloads included."""

    template: str
    language: str
    body: str
    variables: Mapping[str, str]
    buttons: tuple[tuple[str, str], ...]
    checksum: str | None

    @property
    def is_content(self) -> bool:
        return self.checksum is not None


class Registry:
    """All texts of the product, read once from a folder of families."""

    def __init__(self, folder: Traversable) -> None:
        self._sources: dict[str, str] = {}
        self._entries: dict[str, Entry] = {}
        self._environments: dict[str, Environment] = {}
        self._compiled: dict[tuple[str, str], Callable[..., Any]] = {}
        self._code: dict[str, CodeType] = {}
        self._contents: dict[tuple[str, str], Content] = {}
        for family in sorted((item for item in folder.iterdir() if item.is_dir()), key=lambda item: item.name):
            self._load(family)

    def _load(self, family: Traversable) -> None:
        manifest = family / "manifest.toml"
        if not manifest.is_file():
            return
        for entry in entries(family.name, tomllib.loads(manifest.read_text(encoding="utf-8"))):
            self._entries[entry.key] = entry
            text = family / f"{entry.key.split('/')[1]}.txt.j2"
            if text.is_file():
                self._sources[entry.key] = text.read_text(encoding="utf-8").rstrip("\n")
                self._add_variant(entry)

    def _add_variant(self, entry: Entry) -> None:
        """Of a text that may have to name its source: the one with that line, beside the one without."""
        text = self._sources[entry.key]
        if sourced.names_source(text) != entry.sourced:
            raise ConfigError([f"{entry.key}: sourced = true and a line with {{{{ source }}}} go together"])
        if entry.sourced:
            longer = sourced.variant(entry, text)
            self._entries[longer.key], self._sources[longer.key] = longer, text
            self._sources[entry.key] = sourced.without_source(text).rstrip("\n")

    def entry(self, key: str) -> Entry:
        """The manifest's entry; TextError when there is none."""
        if key not in self._entries:
            raise TextError(f"no text is called {key}")
        return self._entries[key]

    def names(self) -> list[str]:
        """Every key, sorted."""
        return sorted(self._entries)

    def source(self, key: str) -> str:
        """The English source of a text; TextError when its file is missing."""
        if key not in self._sources:
            raise TextError(f"{key} has no file {key}.txt.j2")
        return self._sources[key]

    def environment(self, language: str) -> Environment:
        """The Jinja environment of a language: its filters and translations."""
        if language not in self._environments:
            self._environments[language] = _environment(language)
        return self._environments[language]

    def content(self, key: str, language: str) -> Content:
        """A content entry as the provider must hold it; TextError for free text."""
        found = self._contents.get((key, language))
        if found is None:
            found = self._contents[(key, language)] = self._make_content(self.entry(key), language)
        return found

    def contents(self, languages: Iterable[str] = i18n.LANGUAGES) -> list[Content]:
        """Every content entry in every language."""
        return [self.content(key, tag) for key in self.names() if self._entries[key].content for tag in languages]

    def render(self, key: str, language: str, facts: Mapping[str, Any], buttons: Sequence[Button] = ()) -> Rendered:
        """One text in a language. The buttons must be the entry's own, in its order.

        Where the facts are as of an import (`as_of`), a text that has a line for it says so.
        """
        language = i18n.supported(language)
        entry = self.entry(sourced.key_for(self.entry(key), facts))
        key = entry.key
        payloads = _payloads(entry, buttons)
        try:
            values = self.values(entry, language, facts)
            body = self._body(entry, language, values if entry.content else {**facts, **values})
            while entry.content and (over := text_length(body) - CONTENT_BODY_MAX) > 0:
                values = _shortened(values, over)
                body = self._body(entry, language, values)
        except (TemplateError, ValueError, TypeError, KeyError, ArithmeticError) as error:
            raise TextError(f"{key} in {language}: {error}") from error
        titles = self.titles(entry, language)
        return Rendered(
            template=key,
            language=language,
            body=body,
            variables=_numbered([*values.values(), *payloads]) if entry.content else {},
            buttons=tuple(zip(titles, payloads, strict=True)),
            checksum=self.content(key, language).checksum if entry.content else None,
        )

    def values(self, entry: Entry, language: str, facts: Mapping[str, Any]) -> dict[str, str]:
        """The value of each variable by name, on one line."""
        if not entry.variables:
            return {}
        made = self._expressions(entry, language)(facts).split(_BETWEEN)
        return {name: one_line(value)[:VALUE_MAX] for name, value in zip(entry.variables, made, strict=True)}

    def titles(self, entry: Entry, language: str) -> list[str]:
        """The button titles of an entry in a language."""
        translate = i18n.translations(language).gettext
        return [translate(title) for title in entry.buttons.values()]

    def _body(self, entry: Entry, language: str, context: Mapping[str, Any]) -> str:
        text = self._text(entry.key, language)(context)
        return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())

    def _text(self, key: str, language: str) -> Callable[..., str]:
        """A text compiled once, since compiling takes a hundred times as long as rendering."""
        found = self._compiled.get((key, language))
        if found is None:
            found = self._compiled[(key, language)] = self._compile(key, language, self.source(key))
        return found

    def _expressions(self, entry: Entry, language: str) -> Callable[..., str]:
        """All variables of an entry as one compiled text: setting up its context takes longer than filling it."""
        name = entry.key + ".variables"
        found = self._compiled.get((name, language))
        if found is None:
            source = _BETWEEN.join("{{ " + expression + " }}" for expression in entry.variables.values())
            found = self._compiled[(name, language)] = self._compile(name, language, source)
        return found

    def _compile(self, name: str, language: str, source: str) -> Callable[..., str]:
        """How to fill in a source in a language. Its code is the same in all of them: filters and words are looked up
        when it runs."""
        environment = self.environment(language)
        code = self._code.get(name)
        if code is None:
            code = self._code[name] = environment.compile(source)
        return Template.from_code(environment, code, environment.make_globals(None)).render

    def _make_content(self, entry: Entry, language: str) -> Content:
        if not entry.content:
            raise TextError(f"{entry.key} is free text")
        names = list(entry.variables)
        body = self._body(entry, language, {name: _slot(n) for n, name in enumerate(names, start=1)})
        titles = self.titles(entry, language)
        buttons = tuple((title, _slot(n)) for n, title in enumerate(titles, start=len(names) + 1))
        sample = self.values(entry, language, entry.sample)
        samples = _numbered([*sample.values(), *(f"{action}:sample" for action in entry.buttons)])
        return Content(
            template=entry.key,
            language=language,
            category=entry.category,
            body=body,
            buttons=buttons,
            samples=samples,
            needs_approval=entry.needs_approval,
            checksum=_checksum(language, body, buttons),
        )


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The texts shipped with the product."""
    return Registry(files("bot.templates") / "messages")


def render(key: str, language: str, facts: Mapping[str, Any], buttons: Sequence[Button] = ()) -> Rendered:
    """One of the product's texts in a language; TextError when it cannot be made."""
    return registry().render(key, language, facts, buttons)


def _environment(language: str) -> Environment:
    environment = Environment(
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - these are chat messages, not HTML
    )
    environment.filters.update(filters(language))
    install = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(i18n.translations(language), newstyle=True)
    return environment


def _payloads(entry: Entry, buttons: Sequence[Button]) -> list[str]:
    if [button.action for button in buttons] != list(entry.buttons):
        raise TextError(f"{entry.key} has the buttons {list(entry.buttons)}, got {[b.action for b in buttons]}")
    if any(not 0 < len(button.payload) <= PAYLOAD_MAX for button in buttons):
        raise TextError(f"{entry.key}: a payload has 1 to {PAYLOAD_MAX} characters")
    return [button.payload for button in buttons]


def _shortened(values: Mapping[str, str], over: int) -> dict[str, str]:
    """The values with the longest one cut by at least `over` UTF-16 units, or to its half: what is left still tells."""
    name = max(values, key=lambda one: text_length(values[one]))
    value = values[name]
    if len(value) < _CUT_MIN:
        raise ValueError(f"too long by {over} units, whatever is left out")
    return {**values, name: value[: max(len(value) - over - 1, len(value) // 2)].rstrip() + "…"}


def _numbered(values: Sequence[str]) -> dict[str, str]:
    return {str(n): value for n, value in enumerate(values, start=1)}


def _slot(number: int) -> str:
    return "{{%d}}" % number  # noqa: UP031 - an f-string would need eight braces


def _checksum(language: str, body: str, buttons: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps([language, body, buttons], ensure_ascii=False).encode()).hexdigest()
