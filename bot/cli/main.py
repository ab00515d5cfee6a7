"""The command line: every command by its name, and what a failure prints and answers."""

import sys
from importlib import import_module

import typer

from bot.cli.output import WRONG_USE, errors, escaped, print_json
from bot.cli.reasons import reason
from bot.errors import BotError, ConfigError, UserError

app = typer.Typer(
    name="curatorbot",
    help="Tells a partner's financial curators in time, and lets them top up and renew in the same chat.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_FAMILIES = (
    "run",
    "people",
    "arrangements",
    "assigning",
    "limits",
    "clients",
    "joining",
    "partner",
    "payments",
    "owing",
    "status",
    "referrals",
    "alerts",
    "talk",
    "money",
    "subscriptions",
    "auto_renewal",
    "waiting",
    "books",
    "outlook",
    "usage",
    "deliveries",
    "pausing",
    "texts",
    "wazzup",
    "wazzup_accounts",
    "benches",
)
"""Modules of commands; each has `register(app)`."""

for _family in _FAMILIES:
    import_module(f"bot.cli.{_family}").register(app)


def main() -> None:
    """The console script: run a command; 0 done, 1 refused with a reason, 2 wrong use or configuration."""
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            errors.print(f"[red]configuration:[/red] {escaped(problem)}", soft_wrap=True)
        _as_document("configuration", "; ".join(error.problems))
        sys.exit(WRONG_USE)
    except UserError as error:
        errors.print(f"[red]refused:[/red] {escaped(reason(error))}", soft_wrap=True)
        _as_document(error.key, reason(error))
        sys.exit(1)
    except BotError as error:
        errors.print(f"[red]failed:[/red] {escaped(str(error))}", soft_wrap=True)
        _as_document("failed", str(error))
        sys.exit(1)


def _as_document(key: str, message: str) -> None:
    if "--json" in sys.argv:
        print_json({"error": {"key": key, "message": message}})
