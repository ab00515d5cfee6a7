"""Which handler answers which command or tap."""

from collections.abc import Callable
from typing import Any, TypeVar

from bot.handlers.commands import Command, Tap
from bot.handlers.context import Context
from bot.handlers.reply import Replies

C = TypeVar("C")
Handler = Callable[[Context, Any], Replies]


class Router:
    """Handlers by the type of the command, and by the verb of a tap. Registering one twice is a mistake."""

    def __init__(self) -> None:
        self._commands: dict[type, Handler] = {}
        self._taps: dict[str, Handler] = {}

    def command(self, kind: type[C]) -> Callable[[Callable[[Context, C], Replies]], Callable[[Context, C], Replies]]:
        """Register the handler of a command."""

        def register(handler: Callable[[Context, C], Replies]) -> Callable[[Context, C], Replies]:
            self._add(self._commands, kind, handler)
            return handler

        return register

    def tap(self, verb: str) -> Callable[[Callable[[Context, Tap], Replies]], Callable[[Context, Tap], Replies]]:
        """Register the handler of a button's verb."""

        def register(handler: Callable[[Context, Tap], Replies]) -> Callable[[Context, Tap], Replies]:
            self._add(self._taps, verb, handler)
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over all handlers of another router."""
        for kind, handler in other._commands.items():
            self._add(self._commands, kind, handler)
        for verb, handler in other._taps.items():
            self._add(self._taps, verb, handler)

    def find(self, command: Command) -> Handler | None:
        """The handler of a command, or None."""
        if isinstance(command, Tap):
            return self._taps.get(command.verb)
        return self._commands.get(type(command))

    def name(self, command: Command) -> str:
        """What logs call the command: `topup`, `tap:confirm`."""
        if not isinstance(command, Tap):
            return type(command).__name__.lower()
        return f"tap:{command.verb}" if command.verb in self._taps else "tap"

    @property
    def verbs(self) -> frozenset[str]:
        """Every verb of a tap that is answered."""
        return frozenset(self._taps)

    @staticmethod
    def _add(table: dict[Any, Handler], key: Any, handler: Handler) -> None:
        if key in table:
            raise ValueError(f"{key} has a handler already")
        table[key] = handler
