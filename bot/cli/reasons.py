"""A refusal in the reader's words: the chat's own text for it where there is one, else a sentence from here."""

from bot.errors import UserError

_SENTENCES = {
    "partner_unknown": "There is no partner {partner}. Add one: curatorbot partner add NAME.",
    "partner_ambiguous": "There are several partners ({partners}); say which with --partner ID.",
    "partner_exists": "There is a partner {partner} already.",
    "curator_exists": "{phone} is a curator of this partner already.",
    "curator_unknown": "There is no curator {curator}.",
    "phone_is_channel": "{phone} is one of the channels that are watched; an alert must not ride on what it is about.",
    "bad_phone": "{text} is no phone number; write it with its country code, such as +371 20 000 017.",
    "bad_role": "{role} is no role; use one of viewer, curator, owner.",
    "bad_time_zone": "{time_zone} is no time zone; write one such as Europe/Riga.",
    "client_unknown": "There is no client {client}.",
    "client_exists": "There is a client {account_id} already.",
    "clock_backwards": "The clock only moves forward.",
    "clock_is_real": "This is a real account: its clock cannot be moved. Use --dry-run to look ahead.",
    "clock_too_far": "The clock moves at most {days} days ahead.",
    "bad_amount": "{text} is no amount of money; write it such as 1440 or 1440.50.",
    "unclear_amount": "{text} can be read as {one} or as {other}; write one of them.",
    "bad_period": "{text} is no period; write one of 1m, 6m, 12m.",
    "bad_currency": "{text} is no currency; use one of EUR, USD, KZT, RUB.",
    "bad_moment": "{text} is no time; write it such as 2026-11-26T09:00+02:00 or 2026-11-26.",
    "bad_span": "{text} is no span of days; write it such as 14d or 2w.",
    "client_not_found": "No client is like {query}. Nearest: {nearest}.",
    "client_several": "Several clients are like {query}: {found}. Use the account ID.",
    "delivery_unknown": "There is no delivery {delivery}.",
    "not_to_retry": "It is under way or has arrived: there is nothing to send again.",
    "reason_needed": "Say why with --reason.",
    "told": "{text}",
    "no_account_here": "There is no Twilio account: set CURATORBOT_TWILIO__ACCOUNT_SID and its token.",
    "no_account": "There is no Twilio account, and the simulator works with SQLite only: "
    "set CURATORBOT_TWILIO__ACCOUNT_SID and CURATORBOT_TWILIO__AUTH_TOKEN.",
    "no_schema": "The database has no tables of ours yet, or old ones: run curatorbot migrate.",
}


def reason(error: UserError) -> str:
    """What to tell the person at the terminal."""
    sentence = _SENTENCES.get(error.key)
    if sentence is not None:
        return sentence.format_map(_Facts(error.facts))
    from bot.messaging.templates import TextError, render

    try:
        return render(f"replies/error_{error.key}", "en", error.facts).body
    except TextError:
        return " ".join([error.key.replace("_", " "), *(f"{name}={value}" for name, value in error.facts.items())])


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "–"
