"""Which texts Wazzup holds: all of them on a personal WhatsApp, those named in the settings on the Business API.

Templates are made in Wazzup's dashboard. A text that has none there is stood in for by `system/notice`, outside the
24-hour window; inside it every text goes as it is.
"""

from collections.abc import Mapping

from bot.clock import Clock
from bot.messaging.contents import APPROVED, Stored
from bot.messaging.templates import registry

_NOT_THERE = "rejected"
"""What leads to the stand-in."""


class WazzupContents:
    """The texts of one Wazzup channel; keeps nothing."""

    def __init__(self, clock: Clock, templates: Mapping[str, str], *, needs_templates: bool) -> None:
        """`templates`: id by `<text>:<language>`."""
        self._clock = clock
        self._templates = templates
        self._needs_templates = needs_templates

    async def stored(self, template: str, language: str, checksum: str) -> Stored | None:
        """The present wording counts as stored; an old one is sent as it is where no template is needed."""
        if self._needs_templates and registry().content(template, language).checksum != checksum:
            return None
        found = self._templates.get(f"{template}:{language}")
        usable = found is not None or not self._needs_templates
        approval = APPROVED if usable else _NOT_THERE
        return Stored(template, language, checksum, found or "", approval, self._clock.now())

    async def recheck(self, known: Stored) -> Stored:
        """Nothing changes while the process runs."""
        return known
