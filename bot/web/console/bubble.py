"""A message's text as WhatsApp shows it: *bold*, _italic_, ~strike~, `mono`; everything else is plain. Pure."""

import re
from html import escape

_TAGS = {"*": "strong", "_": "em", "~": "s"}
_MONO = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
_MARKED = re.compile(r"(?<!\w)([*_~])(?!\1)(\S|\S[^\n]{0,400}?\S)\1(?!\w)")


def bubble_html(text: str) -> str:
    """Safe HTML of a message. Markers count only when they hug the text, and never across lines."""
    parts: list[str] = []
    end = 0
    for found in _MONO.finditer(text):
        parts += [_formatted(text[end : found.start()]), f"<code>{escape(found[1] or found[2])}</code>"]
        end = found.end()
    return "".join([*parts, _formatted(text[end:])])


def _formatted(text: str) -> str:
    parts: list[str] = []
    end = 0
    for found in _MARKED.finditer(text):
        tag = _TAGS[found[1]]
        parts += [escape(text[end : found.start()]), f"<{tag}>{_formatted(found[2])}</{tag}>"]
        end = found.end()
    return "".join([*parts, escape(text[end:])])
