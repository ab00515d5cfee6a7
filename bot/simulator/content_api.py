"""Twilio's Content API: texts and buttons by HX sid, and their approval by WhatsApp."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.content import check_content, content_type
from bot.simulator.faults import API_KINDS, Faults
from bot.simulator.message import Approval, Content, new_sid
from bot.simulator.refusals import Refusal
from bot.simulator.settings import SimulatorSettings
from bot.simulator.store import Store
from bot.simulator.template_rules import APPROVAL_STATES, check_submission, rejection_reason
from bot.simulator.weather import after_accepting, before_accepting
from bot.simulator.wire import approval_json, content_json

_PAGE_SIZE, _PAGE_SIZE_MAX = 50, 500


class ContentApi:
    """Handlers of `/v1/Content` and `/v1/ContentAndApprovals`."""

    def __init__(
        self, settings: SimulatorSettings, store: Store, faults: Faults, background: Background, clock: Clock
    ) -> None:
        self._settings = settings
        self._store = store
        self._faults = faults
        self._background = background
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/Content", self.create),
            web.get("/v1/Content", self.list_contents),
            web.get("/v1/ContentAndApprovals", self.list_with_approvals),
            web.get("/v1/Content/{sid}", self.fetch),
            web.delete("/v1/Content/{sid}", self.delete),
            web.post("/v1/Content/{sid}/ApprovalRequests/whatsapp", self.submit),
            web.get("/v1/Content/{sid}/ApprovalRequests", self.approvals),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """POST: a new content, or the same one again when exactly this content exists."""
        fault = self._faults.take(*API_KINDS, on="content")
        await before_accepting(request, fault, self._background)
        body = await _json(request)
        check_content(body)
        content = Content(
            new_sid("HX"), body.get("friendly_name") or "", body["language"], body.get("variables") or {},
            body["types"], self._clock.now(),
        )  # fmt: skip
        kept = await self._store.add_content(content, _fingerprint(content))
        await after_accepting(request, fault, self._background)
        return web.json_response(self._json(request, kept), status=201)

    async def list_contents(self, request: web.Request) -> web.Response:
        """GET: newest first, in pages."""
        found, meta = await self._page(request)
        return web.json_response({"contents": [self._json(request, content) for content in found], "meta": meta})

    async def list_with_approvals(self, request: web.Request) -> web.Response:
        """GET: the same, each with the state of its template."""
        found, meta = await self._page(request)
        rows = []
        for content in found:
            row = self._json(request, content) | {"approval_requests": await self._approval(content)}
            rows.append({name: row[name] for name in row if name not in ("links", "url")})
        return web.json_response({"contents": rows, "meta": meta})

    async def fetch(self, request: web.Request) -> web.Response:
        """GET one content."""
        return web.json_response(self._json(request, await self._content(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE a content; messages already sent keep their text."""
        content = await self._content(request)
        await self._store.delete_content(content.sid)
        return web.Response(status=204)

    async def submit(self, request: web.Request) -> web.Response:
        """POST: ask WhatsApp to approve a content as a template. Asking twice the same changes nothing."""
        content = await self._content(request)
        body = await _json(request)
        name, category = check_submission(content, body.get("name"), body.get("category"))
        approval = await self._store.approval(content.sid)
        if approval is None or (approval.name, approval.category) != (name, category):
            if await self._store.rejected_name(name):
                raise Refusal(20001, f"a template named {name} was rejected; use another name")
            approval = self._judge(content, name, category, bool(body.get("allow_category_change", True)))
            await self._store.save_approval(approval)
        return web.json_response(approval_json(content, approval), status=201)

    async def approvals(self, request: web.Request) -> web.Response:
        """GET what WhatsApp thinks of a content."""
        content = await self._content(request)
        body = {
            "account_sid": self._settings.account_sid,
            "sid": content.sid,
            "url": f"{_base_url(request)}/v1/Content/{content.sid}/ApprovalRequests",
            "whatsapp": {"type": "whatsapp", **await self._approval(content)},
        }
        return web.json_response(body)

    async def set_approval(self, content_sid: str, status: str, reason: str = "") -> Approval:
        """Change WhatsApp's mind about a submitted template. ValueError when there is none or no such state."""
        approval = await self._store.approval(content_sid)
        if approval is None or status not in APPROVAL_STATES:
            raise ValueError(f"no submitted template {content_sid}, or no state {status}")
        changed = replace(approval, status=status, rejection_reason=reason)
        await self._store.save_approval(changed)
        return changed

    def _judge(self, content: Content, name: str, category: str, may_change: bool) -> Approval:
        status, reason = self._settings.approval, ""
        if self._settings.check_templates and (problem := rejection_reason(content)):
            status, reason = "rejected", problem
        return Approval(content.sid, name, category, content_type(content.types), status, reason, may_change)

    async def _content(self, request: web.Request) -> Content:
        content = await self._store.content(request.match_info["sid"])
        if content is None:
            raise Refusal(20404, f"The requested resource {request.path} was not found")
        return content

    async def _approval(self, content: Content) -> dict[str, Any]:
        return approval_json(content, await self._store.approval(content.sid))

    async def _page(self, request: web.Request) -> tuple[list[Content], dict[str, Any]]:
        size, page = (_number(request, name, default) for name, default in (("PageSize", _PAGE_SIZE), ("Page", 0)))
        if not 1 <= size <= _PAGE_SIZE_MAX:
            raise Refusal(20001, f"PageSize must be between 1 and {_PAGE_SIZE_MAX}")
        found = await self._store.contents(size + 1, page * size)

        def url(number: int) -> str:
            return f"{_base_url(request)}{request.path}?PageSize={size}&Page={number}"

        meta = {
            "first_page_url": url(0),
            "key": "contents",
            "next_page_url": url(page + 1) if len(found) > size else None,
            "page": page,
            "page_size": size,
            "previous_page_url": url(page - 1) if page else None,
            "url": url(page),
        }
        return found[:size], meta

    def _json(self, request: web.Request, content: Content) -> dict[str, Any]:
        return content_json(content, self._settings.account_sid, _base_url(request))


def _fingerprint(content: Content) -> str:
    parts = [content.friendly_name, content.language, content.variables, content.types]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdigit():
        raise Refusal(20001, f"{name} must be a number")
    return int(text)


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refusal(20001, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(20001, "the body must be a JSON object")
    return body


def _base_url(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
