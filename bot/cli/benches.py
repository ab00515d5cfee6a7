"""`bench`: one benchmark, ours and the reference in the same run."""

from typing import Annotated

import typer

from bot.cli.options import JsonOption
from bot.cli.output import WRONG_USE, console, fail, print_json


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(bench)


def bench(
    name: Annotated[str, typer.Argument(help="ledger, inbound or storm.")],
    quick: Annotated[bool, typer.Option("--quick", help="A short run.")] = False,
    json: JsonOption = False,
) -> None:
    """Run one benchmark: our rate, the reference's, and their ratio."""
    from bot.bench.runner import BENCHES, run

    if name not in BENCHES:
        fail(f"there is no benchmark {name}; use one of {', '.join(sorted(BENCHES))}.", as_json=json, status=WRONG_USE)
    result = run(name, quick=quick)
    if json:
        print_json(result)
        return
    console.print(
        f"[bold]{result.name}[/bold]: ours {result.ours:,.0f} {result.unit}, reference {result.reference:,.0f} "
        f"{result.unit}, ratio [bold]{result.ratio:.1f}[/bold] (n = {result.n})"
    )
