"""Bad weather on demand: which faults are switched on, for whom, and how often still."""

import itertools
from dataclasses import dataclass
from enum import StrEnum

HOLD_SECONDS_MAX = 60.0
"""An answer that is never given is held back no longer than this."""
_LATE_SECONDS = 30.0


class FaultKind(StrEnum):
    """Everything that can be made to go wrong."""

    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"
    """The message is taken and delivered; the answer never comes."""
    TIMEOUT_BEFORE_ACCEPT = "timeout_before_accept"
    """Nothing is taken and no answer comes: looks the same to the caller."""
    CLOSED = "connection_closed"
    CLOSED_AFTER_ACCEPT = "connection_closed_after_accept"
    ERROR = "error"
    """The message fails with `code`: at once for codes of the API, by callback for those of the channel."""
    CALLBACK_DUPLICATED = "callback_duplicated"
    CALLBACK_LATE = "callback_late"
    """Every callback of the message waits `seconds` of the simulator's clock."""
    CALLBACK_OUT_OF_ORDER = "callback_out_of_order"
    CALLBACK_LOST = "callback_lost"
    """All callbacks of the message, or only the one named by `status`."""
    INBOUND_DUPLICATED = "inbound_duplicated"
    INBOUND_LOST = "inbound_lost"
    EVENT_DUPLICATED = "event_duplicated"
    """Events are those of the payment provider; `to` limits these three to one kind of event."""
    EVENT_LOST = "event_lost"
    EVENT_OUT_OF_ORDER = "event_out_of_order"


API_KINDS = (
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
    FaultKind.TIMEOUT_AFTER_ACCEPT,
    FaultKind.TIMEOUT_BEFORE_ACCEPT,
    FaultKind.CLOSED,
    FaultKind.CLOSED_AFTER_ACCEPT,
)
CALLBACK_KINDS = (
    FaultKind.CALLBACK_DUPLICATED,
    FaultKind.CALLBACK_LATE,
    FaultKind.CALLBACK_OUT_OF_ORDER,
    FaultKind.CALLBACK_LOST,
)


@dataclass(slots=True)
class Fault:
    """One fault. `times` is how many messages it still hits, None for all; `to` limits it to one person."""

    id: int
    kind: FaultKind
    times: int | None
    to: str
    code: int | None
    seconds: float
    status: str
    on: str

    def as_dict(self) -> dict[str, object]:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "times": self.times,
            "to": self.to,
            "code": self.code,
            "seconds": self.seconds,
            "status": self.status,
            "on": self.on,
        }


class Faults:
    """The faults that are switched on, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def add(
        self,
        kind: str,
        *,
        times: int | None = 1,
        to: str = "",
        code: int | None = None,
        seconds: float | None = None,
        status: str = "",
        on: str = "messages",
    ) -> Fault:
        """Switch a fault on. ValueError when the kind is unknown or `error` comes without a code.

        `on` is `messages`, `content` or `checkout`: the part of the API that the first six kinds hit.
        """
        known = FaultKind(kind)
        if known is FaultKind.ERROR and code is None:
            raise ValueError("fault 'error' needs a code, such as 63024")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or null for always")
        if on not in ("messages", "content", "checkout"):
            raise ValueError("on is 'messages', 'content' or 'checkout'")
        default = _LATE_SECONDS if known is FaultKind.CALLBACK_LATE else HOLD_SECONDS_MAX
        fault = Fault(next(self._ids), known, times, to, code, default if seconds is None else seconds, status, on)
        self._active.append(fault)
        return fault

    def active(self) -> list[Fault]:
        """What is switched on now."""
        return list(self._active)

    def clear(self, fault_id: int | None = None) -> None:
        """Switch one fault off, or all of them."""
        self._active = [] if fault_id is None else [fault for fault in self._active if fault.id != fault_id]

    def take(self, *kinds: FaultKind, to: str = "", on: str = "messages") -> Fault | None:
        """The first fault of these kinds that hits this person now; counts as one hit."""
        for fault in self._active:
            if fault.kind in kinds and fault.on == on and fault.to in ("", to):
                self._count(fault)
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self._active.remove(fault)
