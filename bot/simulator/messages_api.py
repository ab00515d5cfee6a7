"""Twilio's Messages resource: create, list, fetch."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.content import Rendered, render
from bot.simulator.delivery import Delivery
from bot.simulator.fate import Fate, fate_of_content, fate_of_text
from bot.simulator.faults import API_KINDS, FaultKind, Faults
from bot.simulator.message import OUTBOUND, Message, new_sid
from bot.simulator.people import People
from bot.simulator.refusals import Refusal, refused_at_once
from bot.simulator.send_request import SendRequest, parse_send
from bot.simulator.settings import SimulatorSettings
from bot.simulator.store import Store
from bot.simulator.weather import after_accepting, before_accepting
from bot.simulator.window import is_open
from bot.simulator.wire import API_VERSION, message_json

_PAGE_SIZE, _PAGE_SIZE_MAX = 50, 1_000
_FILTERS = {
    "To": "CASE direction WHEN 'inbound' THEN sender ELSE address END = ?",
    "From": "CASE direction WHEN 'inbound' THEN address ELSE sender END = ?",
}
_COMPARED = {"DateSent": "=", "DateSent<": "<=", "DateSent>": ">="}
"""Twilio's `DateSent<=X` arrives as a parameter named `DateSent<`; both ends are included."""


class MessagesApi:
    """Handlers of `/2010-04-01/Accounts/{account}/Messages`."""

    def __init__(
        self, settings: SimulatorSettings, store: Store, people: People, delivery: Delivery, faults: Faults,
        background: Background, clock: Clock,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._people = people
        self._delivery = delivery
        self._faults = faults
        self._background = background
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        root = f"/{API_VERSION}/Accounts/{{account}}/Messages"
        return [
            web.post(root + ".json", self.create),
            web.get(root + ".json", self.list_messages),
            web.get(root + "/{sid}.json", self.fetch),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """POST: accept a message, 201; its fate follows by callback."""
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        fault = self._faults.take(*API_KINDS, to=form.get("To", ""))
        await before_accepting(request, fault, self._background)
        message = await self._accept(form)
        await after_accepting(request, fault, self._background)
        return web.json_response(message_json(message, self._settings.account_sid), status=201)

    async def list_messages(self, request: web.Request) -> web.Response:
        """GET: newest first, by To, From and DateSent, in pages."""
        query = request.query
        size = _page_size(query.get("PageSize", str(_PAGE_SIZE)))
        conditions: list[tuple[str, Any]] = [(sql, query[name]) for name, sql in _FILTERS.items() if query.get(name)]
        conditions += [_sent(name, query[name]) for name in _COMPARED if query.get(name)]
        total = await self._store.search([*conditions, *await self._after(query.get("PageToken", ""))], size + 1)
        page = int(query["Page"]) if query.get("Page", "").isdigit() else 0
        body = self._page(request, total[:size], page, size, more=len(total) > size)
        return web.json_response(body)

    async def fetch(self, request: web.Request) -> web.Response:
        """GET one message."""
        message = await self._store.message(request.match_info["sid"])
        if message is None:
            raise Refusal(20404, f"The requested resource {request.path} was not found")
        return web.json_response(message_json(message, self._settings.account_sid))

    async def _accept(self, form: Mapping[str, str]) -> Message:
        wanted = parse_send(form, self._settings.sender)
        fault = self._faults.take(FaultKind.ERROR, to=wanted.to)
        if fault is not None and fault.code is not None and refused_at_once(fault.code):
            raise Refusal(fault.code)
        fate, rendered, template = await self._decide(wanted)
        await self._people.ensure(wanted.to)
        now = self._clock.now()
        message = await self._store.add_message(
            Message(
                seq=0, sid=new_sid("MM" if rendered else "SM"), direction=OUTBOUND, address=wanted.to,
                sender=self._settings.sender, body=rendered.body if rendered else wanted.body,
                status="accepted" if wanted.service_sid and not form.get("From") else "queued",
                created_at=now, updated_at=now, buttons=rendered.buttons if rendered else (),
                list_label=rendered.list_label if rendered else "", kind=fate.kind, content_sid=wanted.content_sid,
                template=template, service_sid=wanted.service_sid, status_callback=wanted.status_callback,
                fails_with=fault.code if fault else fate.fails_with, media=wanted.media,
            )
        )  # fmt: skip
        self._delivery.accepted(message)
        return message

    async def _decide(self, wanted: SendRequest) -> tuple[Fate, Rendered | None, str]:
        last = await self._store.last_inbound_at(self._settings.sender, wanted.to)
        window_open = is_open(last, self._clock.now())
        if not wanted.content_sid:
            return fate_of_text(window_open), None, ""
        content = await self._store.content(wanted.content_sid)
        if content is None:
            raise Refusal(21655)
        approval = await self._store.approval(content.sid)
        rendered = render(content, wanted.variables)
        fate = fate_of_content(rendered, approval, window_open, wanted.variables)
        return fate, rendered, approval.name if approval else ""

    async def _after(self, token: str) -> list[tuple[str, Any]]:
        """A page token is `PA` and the sid of the last message seen; the next page is older than that."""
        if not token:
            return []
        last = await self._store.message(token.removeprefix("PA"))
        if last is None:
            raise Refusal(20001, "PageToken is not valid")
        return [("seq < ?", last.seq)]

    def _page(self, request: web.Request, found: list[Message], page: int, size: int, more: bool) -> dict[str, Any]:
        path = f"/{API_VERSION}/Accounts/{self._settings.account_sid}/Messages.json"
        given = {name: request.query[name] for name in (*_FILTERS, *_COMPARED) if name in request.query}

        def uri(number: int, token: str = "") -> str:
            paging = {"PageSize": size, "Page": number} | ({"PageToken": token} if token else {})
            return f"{path}?{urlencode(given | paging)}"

        start = page * size
        return {
            "end": start + max(len(found) - 1, 0),
            "first_page_uri": uri(0),
            "messages": [message_json(message, self._settings.account_sid) for message in found],
            "next_page_uri": uri(page + 1, "PA" + found[-1].sid) if more else None,
            "page": page,
            "page_size": size,
            "previous_page_uri": uri(0) if page == 1 else None,
            "start": start,
            "uri": uri(page, request.query.get("PageToken", "")),
        }


def _page_size(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _PAGE_SIZE_MAX:
        raise Refusal(20001, f"PageSize must be between 1 and {_PAGE_SIZE_MAX}")
    return int(text)


def _sent(name: str, text: str) -> tuple[str, str]:
    """A condition on the sending time: a whole day (UTC) or a moment, as Twilio reads DateSent."""
    sign = _COMPARED[name]
    try:
        if "T" not in text:
            return f"substr(sent_at, 1, 10) {sign} ?", date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(20001, f"{name} is not a date") from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"sent_at {sign} ?", aware.astimezone(UTC).isoformat()
