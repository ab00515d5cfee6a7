"""The providers' published descriptions: data beside the checkout, not part of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "specs"
_REQUIRED = os.environ.get("CURATORBOT_REQUIRE_SPECS", "") not in {"", "0", "false"}


def load(name: str) -> dict[str, Any]:
    """A description by file name. Where it is not at hand the test is skipped, or fails when it must not be."""
    file = FOLDER / name
    if not file.is_file():
        reason = f"the provider's description is not here: ../shared/specs/{name}"
        if _REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data
