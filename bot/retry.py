"""When to try again: exponential back-off with a cap and full jitter, as a value. Pure."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently. `first` doubles with each attempt up to `cap`."""

    attempts_max: int
    first: timedelta
    cap: timedelta

    def delay(self, attempt: int, jitter: float) -> timedelta | None:
        """Wait before attempt number `attempt` + 1 (the first is 1), or None to give up.

        `jitter` in 0..1 is drawn by the caller, so that this stays pure: half of the wait is fixed, half jittered.
        """
        if attempt >= self.attempts_max:
            return None
        doubled: timedelta = self.first * int(2 ** min(attempt - 1, 30))
        wait = min(doubled, self.cap)
        return wait / 2 + wait / 2 * jitter
