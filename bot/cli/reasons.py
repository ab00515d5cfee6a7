"""A refusal in the reader's words: the chat's own text for it where there is one, else a sentence from here."""

from contextlib import suppress

from bot.errors import UserError

_SENTENCES = {
    "partner_unknown": "There is no partner {partner}. Add one: curatorbot partner add NAME.",
    "partner_ambiguous": "There are several partners ({partners}); say which with --partner ID.",
    "partner_exists": "There is a partner {partner} already.",
    "curator_exists": "{phone} is a curator of this partner already.",
    "curator_unknown": "There is no curator {curator}.",
    "phone_is_channel": "{phone} is one of the channels that are watched; an alert must not ride on what it is about.",
    "bad_phone": "{text} is no phone number; write it with its country code, such as +371 20 000 017.",
    "bad_working_days": "{days} are no working days; write the digits of the days, Monday is 1: 12345.",
    "bad_all_clear": "{given} is none of daily, mondays, never.",
    "bad_country": "{country} is no country whose public holidays are known; write two letters such as LV, or none.",
    "bad_hour": "{text} is no time of day; write it such as 09:00.",
    "bad_role": "{role} is no role; use one of viewer, curator, owner.",
    "bad_time_zone": "{time_zone} is no time zone; write one such as Europe/Riga.",
    "client_unknown": "There is no client {client}.",
    "client_exists": "There is a client {account_id} already.",
    "clock_backwards": "The clock only moves forward.",
    "clock_is_real": "This is a real account: its clock cannot be moved. Use --dry-run to look ahead.",
    "money_stopped": "Money is paused since {since} by {who}: {why}. Nothing moved; curatorbot resume money ends it.",
    "nothing_held": "Nothing waits for an answer: the scan holds nothing back.",
    "clock_too_far": "The clock moves at most {days} days ahead.",
    "bad_amount": "{text} is no amount of money; write it such as 1440 or 1440.50.",
    "unclear_amount": "{text} can be read as {one} or as {other}; write one of them.",
    "bad_period": "{text} is no period; write one of 1m, 6m, 12m.",
    "bad_currency": "{text} is no currency; use one of EUR, USD, KZT, RUB.",
    "day_is_over": "{text} is not ahead: name the day of the first morning back.",
    "bad_moment": "{text} is no time; write it such as 2026-11-26T09:00+02:00 or 2026-11-26.",
    "bad_day": "{text} is no day; write it such as 2026-11-26.",
    "usage_ahead": "{day} has not come yet for the client.",
    "usage_elsewhere": "This partner's balances come from Wazzup: what is used shows in the next table or poll.",
    "bad_usage_key": "Give the event's id in one line of at most {most} letters.",
    "key_conflict": "{payment} was recorded before with another amount or day.",
    "file_not_written": "{file} was not written: {why}.",
    "bad_span": "{text} is no span of days; write it such as 14d or 2w.",
    "client_not_found": "No client is like {query}. Nearest: {nearest}.",
    "client_several": "Several clients are like {query}: {found}. Use the account ID.",
    "delivery_unknown": "There is no delivery {delivery}.",
    "not_to_retry": "It is under way or has arrived: there is nothing to send again.",
    "reason_needed": "Say why with --reason.",
    "out_needed": "A workbook is not for the screen: say where with --out FILE.",
    "cannot_write": "{file} cannot be written: {why}.",
    "bad_month": "{text} is no month; write it such as 2026-11.",
    "transaction_unknown": "There is no transaction {transaction} in this partner's ledger.",
    "not_reversible": "A transaction of the kind {kind} is not taken back.",
    "partner_applicant": "{partner} has applied for partner status and it is not granted yet: the Clients table begins "
    "with the grant (operator: curatorbot partner grant).",
    "partner_not_official": "{partner} is a referral partner: only an official partner brings clients in.",
    "partner_official": "{partner} is an official partner already.",
    "already_granted": "Partner status is granted already: {partner} is {kind}.",
    "already_left": "The partnership with {partner} ended on {day}.",
    "partner_left": "The partnership ended on {day}: nothing more is free.",
    "account_taken": "The account {account_id} is another partner's own.",
    "account_other": "{partner} has the account {account_id}; its number cannot be changed.",
    "account_missing": "The account number of {partner} is not known; give it with --account.",
    "bad_account_id": "{text} is no account ID; it has 8 digits, as 48210017.",
    "bad_email": "{text} is no e-mail address.",
    "company_needed": "Give the company's name, at most {most} letters.",
    "email_known": "{email} is the administrator of {company} ({account_id}) already.",
    "client_of_another": "The account {account_id} is attached to another partner.",
    "no_free_account_id": "No free account ID was found; give one with --account.",
    "unknown_transport": "{transport} is no messenger known here; use one of {known}.",
    "bad_channel_name": "Give the channel a name of one line, at most {most} letters.",
    "channel_exists": "There is a {transport} channel {name} already.",
    "free_not_own": "Only the partner's main account and the demo account have free channels.",
    "free_limit": "All {most} free channels of this account are in use; further ones are paid (without --free).",
    "free_demo_transport": "On the demo account one WhatsApp and one Instagram channel are free, {transport} is not.",
    "free_demo_twice": "The demo account has its free {transport} channel already.",
    "link_unknown": "There is no referral link {code}.",
    "link_busy": "Too many registrations by this link today.",
    "referral_unknown": "There is no registration {referral}.",
    "referral_settled": "This registration was {state} before.",
    "unknown_program": "There is no program {program}; the price book has {known}.",
    "receipt_unknown": "Nothing was confirmed under the number {receipt}.",
    "undo_elsewhere": "{receipt} is not the command line's to take back: a curator's confirmation has its own button, "
    "a payout `partner payout cancel`, a task in Wazzup `wazzup close`.",
    "which_subscription": "There are several subscriptions; say which with --subscription ID: {subscriptions}.",
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
        return sentence.format_map(_Facts(_shown(error.facts)))
    from bot.handlers.refusals import REASON_FAMILIES
    from bot.messaging.templates import TextError, render

    for family in REASON_FAMILIES:
        with suppress(TextError):
            return render(f"{family}/error_{error.key}", "en", error.facts).body
    return " ".join([error.key.replace("_", " "), *(f"{name}={value}" for name, value in error.facts.items())])


def _shown(facts: dict[str, object]) -> dict[str, object]:
    listed = (list, tuple)
    return {name: ", ".join(map(str, fact)) if isinstance(fact, listed) else fact for name, fact in facts.items()}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "–"
