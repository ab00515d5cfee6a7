"""The form that a webhook of Twilio carries: read once, for its signature and for what it says. Pure."""

from functools import lru_cache
from urllib.parse import parse_qsl

_FIELDS_MAX = 500


@lru_cache(maxsize=1)
def fields(body: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values in order, empty values too. ValueError when it is no UTF-8 or has too many fields.

    The last one is remembered: signature and message are read from the same body, one right after the other.
    """
    return tuple(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
