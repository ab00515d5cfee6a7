"""Wazzup's error codes and what kind of trouble each means. Pure data: wazzup24.com/help/api-en; checked 2026-11.

Wazzup spells a code in camelCase or UPPER_SNAKE, so both are compared without underscores in small letters.
"""

from bot.messaging.message import ErrorClass

REPEATED = "repeatedcrmmessageid"
"""We have sent our id of this message within the last 60 seconds already."""
_BY_CLASS: dict[ErrorClass, tuple[str, ...]] = {
    ErrorClass.RETRY: (
        "MESSAGES_CAN_NOT_ADD", "UNKNOWN_ERROR", "UNKNOWN_ERROR_WITH_TRACE_ID", "MESSAGE_CHANNEL_UNAVAILABLE",
    ),
    ErrorClass.THROTTLE: ("MESSAGES_IS_SPAM", "SPAM", "MESSAGES_ABNORMAL_SEND", "CHANNEL_LIMIT_EXCEEDED"),
    ErrorClass.WINDOW: ("24_HOURS_EXCEEDED",),
    ErrorClass.RECIPIENT: ("BAD_CONTACT", "MESSAGES_INVALID_CONTACT_TYPE", "MESSAGES_NOT_TEXT_FIRST"),
    ErrorClass.TEMPLATE: (
        "TEMPLATE_REJECTED", "MESSAGE_TEXT_TOO_LONG", "TOO_LONG_TEXT", "MESSAGE_NOTHING_TO_SEND",
        "MESSAGES_TEXT_CAN_NOT_BE_BLANK", "MESSAGES_CONTENT_CAN_NOT_BE_BLANK", "MESSAGE_ONLY_TEXT_OR_CONTENT",
        "MESSAGES_ONLY_TEXT_OR_CONTENT", "MESSAGE_WRONG_CONTENT_TYPE", "MESSAGE_DOWNLOAD_CONTENT_ERROR",
        "MESSAGES_CONTENT_SIZE_EXCEEDED", "MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI",
    ),
    ErrorClass.CONFIGURATION: (
        "CHANNEL_NO_MONEY", "BALANCE_IS_EMPTY", "CHANNEL_NOT_FOUND", "CHANNEL_BLOCKED", "CHANNEL_WAPI_REJECTED",
        "CHAT_NO_ACCESS", "WRONG_TRANSPORT", "FORBIDDEN", "UNAUTHORIZED",
    ),
    ErrorClass.PERMANENT: (
        "INVALID_MESSAGE_DATA", "VALIDATION_ERROR", "REFERENCE_MESSAGE_NOT_FOUND", "MESSAGES_NOT_FOUND",
        "CHATID_IGSID_MISMATCH",
    ),
}  # fmt: skip
_TEMPLATE_FAMILIES = ("messagestoolong", "messagescontentsizeexceeded")
_BY_HTTP_STATUS = {
    401: ErrorClass.CONFIGURATION,
    403: ErrorClass.CONFIGURATION,
    404: ErrorClass.CONFIGURATION,
    408: ErrorClass.RETRY,
    429: ErrorClass.THROTTLE,
}


def plain(code: str) -> str:
    """A code in the one spelling that codes are compared in."""
    return code.replace("_", "").replace(" ", "").lower()


_SPELLED = {plain(code): code for codes in _BY_CLASS.values() for code in codes} | {REPEATED: "REPEATED_CRM_MESSAGE_ID"}
CLASS_OF = {plain(code): kind for kind, codes in _BY_CLASS.items() for code in codes}


def spelled(code: str) -> str:
    """A known code in capitals with underscores, as their table has it, however it came; an unknown one as it came."""
    return _SPELLED.get(plain(code), code)


def classify(code: str) -> ErrorClass:
    """What kind of trouble a code means. The list is unpublished in full: an unknown one is permanent."""
    known = plain(code)
    if known.startswith(_TEMPLATE_FAMILIES):
        return ErrorClass.TEMPLATE
    return CLASS_OF.get(known, ErrorClass.PERMANENT)


def is_known(code: str) -> bool:
    """Whether the table names this code; one that it does not name should be looked at by a person."""
    return plain(code) in CLASS_OF or plain(code).startswith(_TEMPLATE_FAMILIES)


def classify_answer(http_status: int, code: str | None) -> ErrorClass:
    """What kind of trouble an answer of the API means, with or without a code in it."""
    if http_status == 429:
        return ErrorClass.THROTTLE
    if code and is_known(code):
        return classify(code)
    return _BY_HTTP_STATUS.get(http_status, ErrorClass.PERMANENT)
