"""A button as a room asks for it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Button:
    """A button of one message: which of the entry's buttons, and what its tap sends back (opaque, at most 200)."""

    action: str
    payload: str
