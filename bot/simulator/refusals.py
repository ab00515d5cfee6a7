"""Twilio's error codes: what each says, and the exception that carries one to the caller."""

_MORE_INFO = "https://www.twilio.com/docs/errors/"

MESSAGES = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21619: "A text message body or media urls must be specified.",
    21655: "The ContentSid is Invalid",
    21656: "The Content Variables parameter is invalid.",
    21910: "Invalid From and To pair. From and To should be of the same channel",
    30001: "Queue overflow",
    30008: "Unknown error",
    63003: "Channel could not find To address",
    63007: "Twilio could not find a Channel with the specified From address",
    63013: "Channel policy violation",
    63014: "Failed to send message because it has been blocked by a user action",
    63015: "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox",
    63016: "Failed to send freeform message because you are outside the allowed window. "
    "If you are using WhatsApp, please use a Message Template.",
    63019: "Media failed to download",
    63018: "Rate limit exceeded for Channel",
    63021: "Channel invalid content error",
    63024: "Invalid message recipient",
    63026: "Message flagged as spam",
    63027: "Template does not exist for a language and locale",
    63028: "Number of parameters provided does not match the expected number of parameters",
    63031: "Channels message cannot have same From and To",
    63032: "We cannot send this message to this user because the user is part of an experiment",
    63040: "Template rejected",
    63041: "Template paused",
    63042: "Template disabled",
    63049: "Meta chose not to deliver this marketing message",
}
"""Wording of the codes the simulator can produce by itself or is most often asked to."""

_HTTP_STATUS = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}


class Refusal(Exception):
    """The API says no at once. `code` is Twilio's; `status` the HTTP status that goes with it."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.status = _HTTP_STATUS.get(code, 400)
        self.message = message or wording(code)
        super().__init__(f"{code}: {self.message}")


def wording(code: int) -> str:
    """Twilio's sentence for a code, or one that says that it is not known here."""
    return MESSAGES.get(code, f"Error {code}")


def error_body(refusal: Refusal) -> dict[str, str | int]:
    """The JSON in which Twilio reports an error."""
    return {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"{_MORE_INFO}{refusal.code}",
        "status": refusal.status,
    }


def refused_at_once(code: int) -> bool:
    """Whether Twilio reports this code in the answer itself; channel and carrier codes come later, by callback."""
    return code < 30_000 or code in (63007, 63031)
