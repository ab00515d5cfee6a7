"""What a provider's error codes and our own reasons mean, in plain English words; `errors.po` has the translations.

Pure data: developer pages of the providers; checked 2026-11. One table for console, chat and command line.
"""

from collections.abc import Mapping

from bot.messaging.message import ErrorCode

_TOO_LONG = "the text is too long"
_UNNAMED_NUMBER, _UNNAMED_WORD = "see the provider's page", "the provider's code"
"""What is said of a code that the table does not name."""
_BROKE_OFF = "the connection broke off"
CODES: Mapping[ErrorCode, str] = {
    11200: "our webhook did not answer",
    20003: "the account or its token is wrong",
    20404: "no such account or resource",
    20429: "too many requests at once",
    20500: "the provider had an error",
    21211: "the number is not valid",
    21408: "this region is not enabled for the account",
    21606: "the sender is not one of the account's",
    21610: "this person opted out",
    21617: "the text is too long",
    21656: "the template's variables are not valid",
    30001: "the queue was full",
    30008: "unknown error of the carrier",
    63001: "the business account could not be authenticated",
    63003: "the recipient cannot be reached on WhatsApp",
    63005: "the channel did not accept the content",
    63007: "no such WhatsApp sender",
    63009: "the channel had an error",
    63012: "the channel's service had an error",
    63013: "against the channel's policy",
    63014: "blocked by the recipient",
    63015: "the recipient has not joined the sandbox",
    63016: "outside the 24-hour window, a template is needed",
    63017: "over the account's rate",
    63018: "over the sender's rate or tier",
    63020: "the business account is not set up",
    63021: "the content is not valid",
    63022: "the number could not be verified",
    63024: "the recipient is not valid",
    63026: "flagged as spam",
    63027: "there is no such template in this language",
    63028: "the template's variables do not match",
    63030: "a parameter is not supported",
    63032: "the recipient is in an experiment of the provider",
    63033: "blocked by the recipient",
    63038: "the daily limit is used up",
    63040: "the template was rejected",
    63041: "the template is paused",
    63042: "the template is disabled",
    63049: "the provider chose not to deliver a marketing message",
    63051: "the WhatsApp account is locked",
    "24_HOURS_EXCEEDED": "outside the 24-hour window, a template is needed",
    "BAD_CONTACT": "the recipient cannot be reached on WhatsApp",
    "CHANNEL_BLOCKED": "the channel is switched off",
    "CHANNEL_NO_MONEY": "the channel is not paid: it is in no subscription",
    "BALANCE_IS_EMPTY": "the balance of the WABA subscription is used up",
    "CHANNEL_LIMIT_EXCEEDED": "the channel's dialogues of this month are used up",
    "MESSAGES_NOT_TEXT_FIRST": "the channel's plan does not let it write first",
    "CHANNEL_WAPI_REJECTED": "WhatsApp has blocked the channel's account",
    "MESSAGE_CHANNEL_UNAVAILABLE": "the channel is not connected at the moment",
    "CHAT_NO_ACCESS": "the channel has no access to this chat",
    "WRONG_TRANSPORT": "the channel is of another kind than the chat",
    "FORBIDDEN": "the key may not do this",
    "UNAUTHORIZED": "the key is wrong",
    "MESSAGES_INVALID_CONTACT_TYPE": "the number is not valid",
    "INVALID_MESSAGE_DATA": "the provider does not understand the request",
    "VALIDATION_ERROR": "the provider does not understand the request",
    "REPEATED_CRM_MESSAGE_ID": "the same message was sent less than a minute ago",
    "UNKNOWN_ERROR": "the provider had an error",
    "UNKNOWN_ERROR_WITH_TRACE_ID": "the provider had an error",
    "MESSAGES_CAN_NOT_ADD": "the provider had an error",
    "MESSAGE_DOWNLOAD_CONTENT_ERROR": "the provider could not fetch the picture",
    "MESSAGES_CONTENT_SIZE_EXCEEDED": "the picture is too large",
    400: "the provider does not understand the request",
    401: "the key is wrong",
    403: "the key may not do this",
    404: "no such account or resource",
    429: "too many requests at once",
    "CHANNEL_NOT_FOUND": "no such WhatsApp sender",
    "MESSAGES_IS_SPAM": "flagged as spam",
    "SPAM": "flagged as spam",
    "MESSAGES_ABNORMAL_SEND": "flagged as spam",
    "MESSAGE_TEXT_TOO_LONG": "the text is too long",
    "TOO_LONG_TEXT": "the text is too long",
    "TEMPLATE_REJECTED": "the template was rejected",
}
REASONS: Mapping[str, str] = {
    "window_closed": "the 24-hour window is closed and this text is no template",
    "recipient": "this person cannot be reached on WhatsApp",
    "retry": "given up after many tries",
    "throttle": "given up: too fast for too long",
    "template": "the provider does not take this text",
    "configuration": "account or sender are not set up right",
    "permanent": "refused for good",
    "interrupted": "interrupted while it was being sent",
    "expired": "too old to be sent",
    "settled": "settled before it was sent",
    "unsettled": "nobody can say whether it arrived",
    "retried": "sent again by hand",
    "sent_again": "sent again",
    "forgotten": "the person was forgotten",
    "no answer in time": "no answer in time",
    "claimed": "somebody was on it",
}
"""Why we ourselves gave a message up, or took it back."""


def meaning(code: ErrorCode) -> str:
    """What an error code means; of one that is not known, where to look it up."""
    if str(code).startswith("MESSAGES_TOO_LONG"):
        return _TOO_LONG
    return CODES.get(code, _UNNAMED_NUMBER if isinstance(code, int) else _UNNAMED_WORD)


def failure_words(reason: str) -> str:
    """What a reason of ours means; one without words is told as it is."""
    if reason.startswith(("broke off", "broke:")):
        return _BROKE_OFF
    return REASONS.get(reason, reason)


def every_word() -> set[str]:
    """Everything that may be said here: what has to be translated."""
    return {*CODES.values(), *REASONS.values(), _TOO_LONG, _UNNAMED_NUMBER, _UNNAMED_WORD, _BROKE_OFF}
