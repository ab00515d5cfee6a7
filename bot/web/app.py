"""Puts the web door together: webhooks, health, static files, console and its JSON twin."""

from aiohttp import web

from bot.web.auth import console_gate
from bot.web.console.muting import add_muting
from bot.web.console.page_routes import add_pages
from bot.web.console.pages import PAGES
from bot.web.deps import WebDeps
from bot.web.headers import add_headers
from bot.web.health import add_health
from bot.web.landing import add_landing
from bot.web.media import add_media
from bot.web.metrics import WebMetrics
from bot.web.middleware import observe
from bot.web.openapi import add_openapi
from bot.web.payment_webhook import add_payment_webhook
from bot.web.referral import add_referral
from bot.web.static_files import add_static
from bot.web.wazzup_webhook import add_wazzup_webhook
from bot.web.webhooks import add_webhooks


def build_web(deps: WebDeps) -> web.Application:
    """The application that answers every request of the product."""
    settings = deps.settings.web
    metrics = WebMetrics(deps.registry)
    app = web.Application(
        middlewares=[observe(metrics), console_gate(settings.console_host)], client_max_size=settings.body_bytes_max
    )
    app.on_response_prepare.append(add_headers)
    add_webhooks(app, deps, metrics)
    add_payment_webhook(app, deps, metrics)
    add_wazzup_webhook(app, deps, deps.wazzup, metrics)
    add_landing(app, deps)
    add_referral(app, deps)
    add_health(app, deps)
    add_media(app, deps)
    add_static(app)
    add_pages(app, deps, PAGES)
    add_muting(app, deps)
    add_openapi(app, PAGES)
    return app
