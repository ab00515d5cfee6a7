"""Reads the settings and the other TOML files: from file and environment, with one readable line per mistake.

Order, later wins: the defaults, the TOML file, `CURATORBOT_…` in the environment (`__` between levels).
A secret may also come from a file named by `…_FILE`.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz.process import extractOne

from bot.errors import ConfigError
from bot.settings import Section, Settings

PREFIX = "CURATORBOT_"
DEFAULT_FILE = Path("config/bot.toml")
_LISTS = ("old_auth_tokens", "currencies")
"""Settings that are lists; in the environment a comma stands between the parts."""
NOT_SETTINGS = {"REQUIRE_POSTGRES", "REQUIRE_BROWSER", "REQUIRE_SPECS", "CHROMIUM", "TEST_POSTGRES", "CONFIG"}
"""Names with our prefix that the tests and the command line read themselves."""


def load_settings(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read file and environment. ConfigError with one line per mistake; a missing default file is no mistake."""
    environ = os.environ if environ is None else environ
    data = _read_toml(file or _environment_file(environ) or DEFAULT_FILE, must_exist=file is not None)
    problems: list[str] = []
    for path, value in _environment_values(environ, problems):
        _put(data, path, value)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError(problems + [_problem(item["loc"], item) for item in error.errors()]) from error
    if problems:
        raise ConfigError(problems)
    return settings


def shipped_file(name: str) -> Path:
    """The shipped `bot.toml`, `plans.toml` or `alerts.toml`: inside the wheel, or in `config/` of a checkout."""
    packaged = Path(str(files("bot"))) / "defaults" / name
    return packaged if packaged.is_file() else Path(str(files("bot"))).parent / "config" / name


def load_toml(path: str | None, shipped: str) -> dict[str, Any]:
    """A TOML document: the file at `path`, or the shipped one. ConfigError when it cannot be read."""
    return _read_toml(Path(path) if path else shipped_file(shipped), must_exist=True)


def _environment_file(environ: Mapping[str, str]) -> Path | None:
    return Path(environ[PREFIX + "CONFIG"]) if environ.get(PREFIX + "CONFIG") else None


def _read_toml(file: Path, *, must_exist: bool) -> dict[str, Any]:
    if not file.is_file():
        if must_exist:
            raise ConfigError([f"{file}: there is no such file"])
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: {error}"]) from error


def _environment_values(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[list[str], Any]]:
    known = set(setting_names())
    for name in sorted(environ):
        bare = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or bare in NOT_SETTINGS:
            continue
        path, value = bare.lower().split("__"), environ[name]
        if path[-1].endswith("_file") and ".".join(path) not in known:
            path[-1] = path[-1].removesuffix("_file")
            value = _read_secret(name, value, problems)
        if ".".join(path) not in known:
            problems.append(f"{name}: there is no such setting{_nearest('.'.join(path), as_variable=True)}")
            continue
        yield path, value.split(",") if path[-1] in _LISTS else value


def _read_secret(name: str, path: str, problems: list[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(f"{name}: {error.strerror}: {path}")
        return ""


def setting_names() -> list[str]:
    """Every setting as `section.key`."""
    names = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            names += [f"{name}.{inner}" for inner in type(field.default).model_fields]
        else:
            names.append(name)
    return names


def _put(data: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        data = data.setdefault(key, {})
    data[path[-1]] = value


def _problem(location: tuple[int | str, ...], item: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in location)
    if item["type"] == "extra_forbidden":
        return f"{name}: there is no such setting{_nearest(name)}"
    return f"{name}: {item['msg'].removeprefix('Value error, ')}"


def _nearest(name: str, *, as_variable: bool = False) -> str:
    sections = sorted({full.split(".")[0] for full in setting_names()})
    choices = setting_names() if "." in name else setting_names() + sections
    found = extractOne(name, choices, score_cutoff=55)
    if not found:
        return ""
    nearest = PREFIX + found[0].upper().replace(".", "__") if as_variable else found[0]
    return f"; did you mean {nearest}?"
