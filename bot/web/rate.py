"""How often one visitor may do something: a window that slides, kept in memory, bounded."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta


class Rate:
    """At most `times` within `span` for each visitor; the visitors of long ago are forgotten first."""

    def __init__(self, times: int, span: timedelta, visitors_max: int = 10_000) -> None:
        self._times = times
        self._span = span
        self._visitors_max = visitors_max
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def allows(self, visitor: str, now: datetime) -> bool:
        """Count one more; whether it is within the limit. What is refused does not count."""
        moments = self._seen.setdefault(visitor, deque(maxlen=self._times))
        self._seen.move_to_end(visitor)
        if len(self._seen) > self._visitors_max:
            self._seen.popitem(last=False)
        if len(moments) == self._times and now - moments[0] < self._span:
            return False
        moments.append(now)
        return True
