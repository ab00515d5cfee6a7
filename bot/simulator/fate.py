"""What becomes of an accepted message: template or session, delivered or failed with a code. Pure."""

import re
from dataclasses import dataclass

from bot.simulator.content import TEXT, Rendered
from bot.simulator.message import SESSION, TEMPLATE, Approval
from bot.simulator.settings import BUTTONS_UNAPPROVED_MAX, INTERACTIVE_CHARACTERS_MAX, SENT_CHARACTERS_MAX

_TEMPLATE_DOWN = {"rejected": 63040, "paused": 63041, "disabled": 63042}
_FORBIDDEN_IN_VALUE = re.compile(r"[\n\t\r]| {5,}")


@dataclass(frozen=True, slots=True)
class Fate:
    """`fails_with` is the code of the later `failed` callback, or None for a delivery."""

    kind: str
    fails_with: int | None = None


def fate_of_text(window_open: bool) -> Fate:
    """A free-form Body goes out inside the window only; outside it fails later, never at once."""
    return Fate(SESSION, None if window_open else 63016)


def fate_of_content(rendered: Rendered, approval: Approval | None, window_open: bool, values: dict[str, str]) -> Fate:
    """An approved content is a template and goes out always; any other one only inside the window."""
    if approval is not None and approval.status == "approved":
        return Fate(TEMPLATE, _template_problem(rendered, values))
    if window_open:
        return Fate(SESSION, _session_problem(rendered))
    down = _TEMPLATE_DOWN.get(approval.status) if approval else None
    return Fate(TEMPLATE if down else SESSION, down or 63016)


def _template_problem(rendered: Rendered, values: dict[str, str]) -> int | None:
    if rendered.missing:
        return 63028
    if any(_FORBIDDEN_IN_VALUE.search(value) for value in values.values()):
        return 63013
    return 63021 if len(rendered.body) > INTERACTIVE_CHARACTERS_MAX else None


def _session_problem(rendered: Rendered) -> int | None:
    if rendered.missing:
        return 63028
    limit = SENT_CHARACTERS_MAX if rendered.content_type == TEXT else INTERACTIVE_CHARACTERS_MAX
    if len(rendered.body) > limit:
        return 63021
    taps = [button for button in rendered.buttons if button.kind != "item"]
    return 63013 if len(taps) > BUTTONS_UNAPPROVED_MAX else None
