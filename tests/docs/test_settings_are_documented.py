"""The example file, the settings page and the code name the same settings with the same defaults."""

import re
import tomllib
from pathlib import Path

from bot.config import setting_names
from bot.settings import Section, Settings

ROOT = Path(__file__).parents[2]


def test_bot_toml_shows_every_setting_at_its_default() -> None:
    text = re.sub(r"^# (?=[a-z_]+ = )", "", (ROOT / "config/bot.toml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    shown = tomllib.loads(text)
    for name in setting_names():
        section, _, key = name.rpartition(".")
        holder = getattr(Settings(), section) if section else Settings()
        assert isinstance(holder, Section)
        found = shown[section] if section else shown
        assert key in found, f"{name} is missing in config/bot.toml"
        default = getattr(holder, key)
        if default is not None:
            assert found[key] == default, name


def test_settings_page_has_a_row_for_every_setting() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name in setting_names():
        assert f"`{name}`" in page, f"{name} is missing in docs/settings.md"
