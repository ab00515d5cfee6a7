"""What came of each mutant, kept from run to run, and which of it still holds."""

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]
"""`function`, `name`, `verdict`, `by`, `budget`, `tried`, `of`; the fingerprints `source`, `reach`, `by_file`."""


def read(path: Path) -> dict[tuple[str, str], Record]:
    """The last record of each mutant by function and name."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return {(record["function"], record["name"]): record for record in records}


def holds(
    record: Record | None, *, source: str, reach: str, files: dict[str, str], budget: float, may_live: bool = False
) -> bool:
    """Whether the verdict needs no new try: the module is the same, and for a kill the file of the test that did it.

    A survivor is tried again when the tests that reach it changed, or when more time may be spent than it had, unless
    it may live.
    """
    if record is None or record["source"] != source:
        return False
    if record["verdict"] in {"killed", "timeout"}:
        by = (record["by"] or "").partition("::")[0]
        return bool(files.get(by) == record["by_file"])
    return bool(
        may_live or (record["reach"] == reach and (budget <= record["budget"] or record["tried"] == record["of"]))
    )
