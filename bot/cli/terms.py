"""A partner's rules and terms on the terminal: in sentences, and as a document."""

from collections.abc import Iterator
from typing import Any

from bot.billing.terms import Terms
from bot.cli.output import escaped
from bot.directory.people import Partner
from bot.i18n import date_text, money_text


def terms_lines(who: Partner, terms: Terms) -> Iterator[str]:
    """The terms line by line."""
    name, day = f"[bold]{escaped(who.name)}[/bold]", date_text(who.joined_on, "en")
    if who.kind == "applicant":
        yield f"{name} applied on {day}; partner status is not granted yet."
    else:
        ended = f", ended {date_text(who.left_on, 'en')}" if who.left_on else ""
        yield f"{name}, {who.kind} partner since {day}{ended}."
    having = _clients(terms.clients)
    yield f"Program {terms.program}: {terms.rate:.0%} of every transfer stays with you, having {having}."
    for one in terms.rates:
        yield f"  from {_clients(one.clients)}: {one.rate:.0%}, since {date_text(one.since, 'en')}"
    if terms.free_until:
        yield (
            f"Free: {terms.free_channels} {terms.free_plan} channels on each of main and demo account till "
            f"{date_text(terms.free_until, 'en')}, then renewed while the partnership goes on; "
            f"further channels of yours {terms.own_discount:.0%} cheaper."
        )
    yield (
        f"Referral link: {terms.referral_rate:.0%} of every bill for {terms.referral_months} months"
        + ("." if terms.referral_on_discounted else "; bills paid with discounted money earn nothing.")
    )
    yield f"A new client is given {', '.join(money_text(one, 'en') for one in terms.welcome)}, paid by the program."
    yield "Subscriptions can be neither frozen nor refunded, and are not renewed by themselves."


def terms_document(terms: Terms) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "on": terms.on,
        "clients": terms.clients,
        "rates": [{"from": one.since, "clients": one.clients, "rate": str(one.rate)} for one in terms.rates],
        "free_channels": terms.free_channels,
        "free_until": terms.free_until,
        "own_discount": str(terms.own_discount),
        "referral_rate": str(terms.referral_rate),
        "referral_months": terms.referral_months,
        "referral_on_discounted": terms.referral_on_discounted,
        "welcome": list(terms.welcome),
        "freezing": False,
        "refunds": False,
    }


def _clients(count: int) -> str:
    return f"{count} client" if count == 1 else f"{count} clients"
