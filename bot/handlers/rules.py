"""The rules and terms of the partner, by chat."""

from bot.handlers.commands import Rules
from bot.handlers.context import Context
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.money import as_json
from bot.partnership.rules import partner_terms

router = Router()


@router.command(Rules)
def rules(ctx: Context, command: Rules) -> Replies:
    """`rules`. A client's own curator does not see the partner's terms."""
    if ctx.curator.client_id is not None:
        return [Reply("replies/viewer")]
    partner, terms = ctx.partner, partner_terms(ctx.conn, ctx.env.around.book, ctx.partner, ctx.now)
    facts = {
        "partner": partner.name,
        "kind": partner.kind,
        "joined_on": partner.joined_on.isoformat(),
        "rate": str(terms.rate),
        "clients": terms.clients,
        "tiers": [
            {"since": one.since.isoformat(), "clients": one.clients, "rate": str(one.rate)} for one in terms.rates
        ],
        "free_channels": terms.free_channels,
        "free_plan": terms.free_plan,
        "free_until": terms.free_until.isoformat() if terms.free_until else None,
        "own_discount": str(terms.own_discount),
        "referral_rate": str(terms.referral_rate),
        "referral_months": terms.referral_months,
        "on_discounted": terms.referral_on_discounted,
        "welcome": [as_json(one) for one in terms.welcome],
    }
    return [Reply("replies/rules", facts)]
