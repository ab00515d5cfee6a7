"""`partner replenish|replenishments|payout`: money into the partner account by a payment page, and out of it."""

import asyncio
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts.service import apply
from bot.app.payments import Payments, provider_of, terms_of
from bot.billing import payouts
from bot.billing.payments import checkouts, replenishing
from bot.billing.payments.news import Checkout
from bot.billing.payments.port import PaymentsDown
from bot.billing.payouts import Payout
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import REFUSED, console, errors, escaped, print_json, print_table
from bot.cli.partner import partner as partner_app
from bot.cli.reading import amount_of, currency_of
from bot.cli.session import Session, session
from bot.errors import UserError
from bot.i18n import moment_text, money_text
from bot.ids import JobId, TransferId
from bot.jobs.port import Job
from bot.storage.switches import Switch, refuse_while_paused

payout = typer.Typer(help="Money taken out of the partner account, by the operator.", no_args_is_help=True)
_AmountArgument = Annotated[str, typer.Argument(help="Such as 500 or 500.00.")]
_CurrencyArgument = Annotated[str, typer.Argument(metavar="CUR", help="EUR, USD, KZT or RUB.")]
_ANY_AMOUNT = {"ignore_unknown_options": True}
"""A negative amount is refused with a reason, not taken for an option."""


def register(app: typer.Typer) -> None:
    """Add these commands to `partner`, which is in the app already."""
    partner_app.command(context_settings=_ANY_AMOUNT)(replenish)
    partner_app.command()(replenishments)
    partner_app.add_typer(payout, name="payout")


def replenish(
    amount: _AmountArgument,
    currency: _CurrencyArgument,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Open a payment page. The account is credited when the provider confirms the payment, never before."""
    money = amount_of(amount, currency_of(currency))
    with session(config) as here:
        who = here.partner(partner)

        def unit(conn: Connection) -> Checkout:
            return replenishing.ask(
                conn,
                terms_of(here.settings),
                partner_id=who.id,
                amount=money,
                language=who.language,
                asked_by=None,
                asked_from=None,
                now=here.now,
                jobs=here.env.jobs,
            )

        asked = here.db.write_now(unit)
        if asked.url is None:
            asked = asyncio.run(_opened(here, asked))
    if json:
        print_json(_checkout_document(asked))
    elif asked.url is not None:
        console.print(
            f"Pay {money_text(asked.amount, 'en')} here, till {moment_text(asked.expires_at, 'UTC', 'en')} UTC:"
        )
        console.print(escaped(asked.url), soft_wrap=True)
    else:
        why = asked.reason or "the provider does not answer; a worker keeps trying"
        errors.print(f"[red]No link[/red]: {escaped(why)}.")
    if asked.url is None:
        raise typer.Exit(REFUSED)


def replenishments(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """What was asked for and what became of it; `held` waits for the operator."""
    with session(config) as here:
        who = here.partner(partner)
        found = here.db.read_now(checkouts.latest, who.id)
    if json:
        print_json([_checkout_document(one) for one in found])
        return
    rows = [
        (moment_text(one.created_at, who.time_zone, "en"), money_text(one.amount, "en"), one.state, one.reason or "")
        for one in found
    ]
    print_table("", ("asked", ">amount", "state", "why"), rows, "Nothing was replenished by a payment page yet.")


@payout.command(context_settings=_ANY_AMOUNT)
def request(
    amount: _AmountArgument,
    currency: _CurrencyArgument,
    reason: Annotated[str, typer.Option(help="Who asked for it, and where it goes.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Hold the money, so that nothing else spends it until it is paid or cancelled."""
    money = amount_of(amount, currency_of(currency))
    with session(config) as here:
        who, text = here.partner(partner), _reason(reason)

        def unit(conn: Connection) -> Payout:
            refuse_while_paused(conn, Switch.MONEY)
            return payouts.request(conn, who.id, money, reason=text, now=here.now)

        held = here.db.write_now(unit)
    _show(held, json=json)


@payout.command("paid")
def payout_paid(
    which: Annotated[str, typer.Argument(metavar="ID", help="The payout.")],
    reference: Annotated[str, typer.Option(help="The bank's own id of the transfer, for the books.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The bank has carried it out: post it."""
    with session(config) as here:
        who, env, text = here.partner(partner), here.env, _reason(reference)

        def unit(conn: Connection) -> Payout:
            refuse_while_paused(conn, Switch.MONEY)
            changes = payouts.paid(conn, who.id, TransferId(which), reference=text, now=here.now)
            apply(conn, changes, now=here.now, env=env)
            return next(one for one in payouts.payouts(conn, who.id, 10_000) if one.id == which)

        done = here.db.write_now(unit)
    _show(done, json=json)


@payout.command()
def cancel(
    which: Annotated[str, typer.Argument(metavar="ID", help="The payout.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Nothing was paid: the money is free again."""
    with session(config) as here:
        who, text = here.partner(partner), _reason(reason)
        done = here.db.write_now(
            lambda conn: payouts.cancel(conn, who.id, TransferId(which), reason=text, now=here.now)
        )
    _show(done, json=json)


@payout.command("list")
def list_(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Every payout, the newest first."""
    with session(config) as here:
        who = here.partner(partner)
        found = here.db.read_now(payouts.payouts, who.id)
    if json:
        print_json(found)
        return
    rows = [
        (one.id, moment_text(one.at, who.time_zone, "en"), money_text(one.amount, "en"), one.state, one.reason)
        for one in found
    ]
    print_table("", ("id", "asked", ">amount", "state", "why"), rows, "Nothing was paid out yet.")


async def _opened(here: Session, asked: Checkout) -> Checkout:
    """Ask the provider from this process; a worker that does so too is given the same page."""
    provider = provider_of(here.settings)
    try:
        job = Job(JobId(asked.id), replenishing.OPEN_JOB, asked.id, attempt=1)
        await Payments(here.db, here.clock, here.env, provider).open(job)
    except PaymentsDown as error:
        errors.print(f"[yellow]{escaped(str(error))}[/yellow]")
    finally:
        if provider is not None:
            await provider.close()
    return await here.db.read(checkouts.read, asked.id) or asked


def _reason(text: str) -> str:
    if not text.strip():
        raise UserError("reason_needed")
    return text.strip()


def _show(one: Payout, *, json: bool) -> None:
    if json:
        print_json(one)
        return
    words = {"pending": "held; pay it, then say: partner payout paid", "posted": "paid", "voided": "cancelled"}
    console.print(f"Payout {one.id} of {money_text(one.amount, 'en')}: {words.get(one.state, one.state)}.")


def _checkout_document(one: Checkout) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "amount": one.amount,
        "url": one.url if one.state == "open" else None,
        "asked_at": one.created_at,
        "expires_at": one.expires_at,
        "settled_at": one.settled_at,
        "reason": one.reason,
    }
