"""The hosted payment page: looks like a card form, takes no card, and lets the payer decide how it goes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.i18n import money_text, supported
from bot.money import Money
from bot.simulator.stripe_error import StripeError
from bot.simulator.stripe_objects import Object
from bot.simulator.stripe_till import StripeTill

_SAY: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Payment", "banner": "Simulated payment page: no card is charged, no money moves.",
        "order": "Order", "total": "Total due", "how": "Pay with card", "email": "Email", "card": "Card information",
        "until": "Expires", "name": "Cardholder name", "pay": "Pay", "fail": "Fail: card declined",
        "later": "Pay later (async)", "declined": "Your card was declined. Try another one.",
        "leave": "Leave without paying", "back": "Back to the merchant",
        "paid": "Payment successful", "paid_more": "You are taken back to the merchant.",
        "processing": "Payment ordered",
        "processing_more": "The bank needs a while. You are taken back to the merchant.",
        "failed": "Payment failed", "failed_more": "The bank did not carry it out. Nothing was taken.",
        "expired": "This page has expired", "expired_more": "Nothing was paid. Ask for a new link.",
        "unknown": "There is no such payment page", "unknown_more": "Check the link, or ask for a new one.",
        "bank": "Meanwhile, at the bank (simulator only)", "bank_pays": "Bank confirms",
        "bank_refuses": "Bank refuses", "refund": "Refund it", "dispute": "Payer disputes it",
    },
    "ru": {
        "title": "Оплата", "banner": "Учебная страница оплаты: карта не списывается, деньги не двигаются.",
        "order": "Заказ", "total": "К оплате", "how": "Оплата картой", "email": "Эл. почта", "card": "Данные карты",
        "until": "Срок", "name": "Имя на карте", "pay": "Оплатить", "fail": "Отказ: карта отклонена",
        "later": "Оплатить позже (асинхронно)", "declined": "Карта отклонена. Попробуйте другую.",
        "leave": "Уйти без оплаты", "back": "Вернуться к продавцу",
        "paid": "Оплата прошла", "paid_more": "Сейчас вы вернётесь к продавцу.",
        "processing": "Оплата заказана", "processing_more": "Банку нужно время. Сейчас вы вернётесь к продавцу.",
        "failed": "Оплата не прошла", "failed_more": "Банк её не провёл. Ничего не списано.",
        "expired": "Страница больше не действует", "expired_more": "Ничего не оплачено. Попросите новую ссылку.",
        "unknown": "Такой страницы оплаты нет", "unknown_more": "Проверьте ссылку или попросите новую.",
        "bank": "Тем временем в банке (только в симуляторе)", "bank_pays": "Банк подтверждает",
        "bank_refuses": "Банк отказывает", "refund": "Вернуть деньги", "dispute": "Плательщик оспаривает",
    },
}  # fmt: skip
_ACTS = {"processing": ("bank_pays", "bank_refuses"), "paid": ("refund", "dispute")}
"""What may happen afterwards, in each state."""


class PayPage:
    """`GET` shows the page, `POST` with `act` does what was pressed and shows it again."""

    def __init__(self, till: StripeTill, merchant: str) -> None:
        self._till = till
        self._merchant = merchant
        self._pages = Environment(
            loader=PackageLoader("bot.simulator", "pages"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/pay/c/{id}", self.show), web.post("/pay/c/{id}", self.act)]

    async def show(self, request: web.Request) -> web.Response:
        """The page in the state that the payment is in."""
        session_id = request.match_info["id"]
        try:
            session = await self._till.session(session_id)
        except StripeError:
            return self._page(404, "en", state="unknown", id=session_id, title="", amount="")
        state = await self._state(session)
        after = request.query.get("after", "")
        money = Money(session["amount_total"], str(session["currency"]).upper())
        back = str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session_id)
        language = supported(session["locale"])
        return self._page(
            200,
            language,
            state=state,
            id=session_id,
            declined=after == "decline",
            leaves=after in ("pay", "later"),
            title=await self._till.title(session_id),
            amount=money_text(money, language),
            back=back if state in ("paid", "processing") else "",
            cancel=session["cancel_url"] or "",
            acts=_ACTS.get(state, ()),
        )

    async def act(self, request: web.Request) -> web.Response:
        """A button; afterwards the page is asked for anew, so that reloading repeats nothing."""
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise web.HTTPForbidden(text="Only this page's own buttons count.\n")
        session_id, act = request.match_info["id"], str((await request.post()).get("act", ""))
        with suppress(StripeError):  # the page shows the state that makes it impossible
            await self._do(session_id, act)
        raise web.HTTPSeeOther(f"/pay/c/{session_id}?after={act}")

    async def _do(self, session_id: str, act: str) -> None:
        match act:
            case "pay":
                await self._till.pay(session_id)
            case "decline":
                await self._till.decline(session_id)
            case "later":
                await self._till.pay_later(session_id)
            case "bank_pays" | "bank_refuses":
                await self._till.bank_answers(session_id, paid=act == "bank_pays")
            case "refund" | "dispute":
                payment_id = (await self._till.session(session_id))["payment_intent"] or ""
                await (self._till.refund(payment_id) if act == "refund" else self._till.dispute(payment_id))
            case _:
                raise web.HTTPBadRequest(text=f"There is no button {act}.\n")

    async def _state(self, session: Object) -> str:
        if session["status"] != "complete":
            return str(session["status"])
        if session["payment_status"] == "paid":
            return "paid"
        payment = await self._till.payment(session["payment_intent"])
        return "processing" if payment["status"] == "processing" else "failed"

    def _page(self, status: int, language: str, **facts: Any) -> web.Response:
        known = {"declined": False, "leaves": False, "back": "", "cancel": "", "acts": (), "merchant": self._merchant}
        page = self._pages.get_template("pay.html.j2")
        text = page.render({**known, "language": language, "say": _SAY[language], **facts})
        return web.Response(text=text, status=status, content_type="text/html")
