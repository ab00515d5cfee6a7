"""The options that every command has."""

from pathlib import Path
from typing import Annotated

import typer

PartnerOption = Annotated[
    str | None, typer.Option("--partner", metavar="ID", help="Which partner; may be left out while there is one.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file; config/bot.toml by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on standard output.")]
