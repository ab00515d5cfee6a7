"""Twilio's error codes and what kind of trouble each means. Pure data: twilio.com/docs/api/errors; checked 2026-11."""

from bot.messaging.message import ErrorClass

_BY_CLASS: dict[ErrorClass, tuple[int, ...]] = {
    # Provider's or WhatsApp's inner trouble: may work a little later.
    ErrorClass.RETRY: (20500, 20503, 30008, 30410, 63009, 63010, 63011, 63012, 63022, 63023, 63029),
    # Too fast, too many, a daily limit, the loop guard: later, and slower.
    # 30036: it waited in the provider's queue longer than we allowed; ours decides whether it still makes sense.
    ErrorClass.THROTTLE: (14107, 20429, 30001, 30022, 30036, 63017, 63018, 63038, 63049, 63062, 63119),
    # Free text outside the 24-hour window.
    ErrorClass.WINDOW: (63016,),
    # This person cannot be reached: not on WhatsApp, opted out, has blocked us, part of an experiment, a country that
    # is not enabled (which says nothing of anybody else).
    ErrorClass.RECIPIENT: (
        21211, 21408, 21610, 21614, 30003, 30004, 30005, 30006, 63003, 63014, 63015, 63024, 63032, 63033,
    ),
    # The text or the template is not what it should be.
    ErrorClass.TEMPLATE: (
        11751, 21617, 21619, 21620, 21654, 21655, 21656, 63005, 63006, 63013, 63019, 63021, 63026, 63027, 63028, 63030,
        63034, 63036, 63037, 63040, 63041, 63042,
    ),
    # Our account, our sender, our settings: nothing works until an operator puts it right.
    ErrorClass.CONFIGURATION: (
        20003, 20404, 20005, 20008, 21212, 21603, 21606, 21609, 21910, 30002, 63001, 63002, 63007, 63008,
        63020, 63025, 63031, 63051,
    ),
}  # fmt: skip
APPROVAL_OF = {63040: "rejected", 63041: "paused", 63042: "disabled"}
"""What an error says of the template itself, in WhatsApp's words for its approval."""
CLASS_OF: dict[int, ErrorClass] = {code: kind for kind, codes in _BY_CLASS.items() for code in codes}
_BY_HTTP_STATUS = {
    401: ErrorClass.CONFIGURATION,
    403: ErrorClass.CONFIGURATION,
    404: ErrorClass.CONFIGURATION,
    408: ErrorClass.RETRY,
    429: ErrorClass.THROTTLE,
}


def classify(code: int) -> ErrorClass:
    """What kind of trouble a code means. New codes appear without notice: an unknown one is permanent."""
    if 92_000 <= code < 93_000:
        return ErrorClass.TEMPLATE
    return CLASS_OF.get(code, ErrorClass.PERMANENT)


def is_known(code: int) -> bool:
    """Whether the table names this code; one that it does not name should be looked at by a person."""
    return code in CLASS_OF or 92_000 <= code < 93_000


def classify_answer(http_status: int, code: int | None) -> ErrorClass:
    """What kind of trouble an answer of the API means, with or without a code in it."""
    if http_status == 429:
        return ErrorClass.THROTTLE
    if code is not None and is_known(code):
        return classify(code)
    return _BY_HTTP_STATUS.get(http_status, ErrorClass.PERMANENT)


def help_page(code: int) -> str:
    """Where Twilio explains a code."""
    return f"https://www.twilio.com/docs/api/errors/{code}"
