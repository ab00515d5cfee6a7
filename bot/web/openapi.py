"""/openapi.json: what the addresses below /api answer, made from the views themselves."""

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter

from bot.web.page import Page, Parameter

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "request": {"type": "string", "description": "the id of this request in the log"},
            },
            "required": ["status", "detail", "request"],
        }
    },
    "required": ["error"],
}
_PARTNER = Parameter("partner", "whose data; the first partner's by name when left out")


def add_openapi(app: web.Application, pages: tuple[Page, ...]) -> None:
    """Answer `/openapi.json`."""
    document = openapi(pages)

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(document)

    app.router.add_get("/openapi.json", handler)


def openapi(pages: tuple[Page, ...]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the JSON twins."""
    adapters = [(page.name, "serialization", TypeAdapter(page.view)) for page in pages]
    schemas, shared = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "curatorbot console",
            "version": _version(),
            "description": "The JSON twin of every page of the console. Answers on this machine only.",
        },
        "paths": {page.api_path: {"get": _operation(page, schemas[page.name, "serialization"])} for page in pages},
        "components": {"schemas": {**shared.get("$defs", {}), "Error": _ERROR}},
    }


def _operation(page: Page, schema: dict[str, Any]) -> dict[str, Any]:
    in_path = [_in_path(name) for name in re.findall(r"{(\w+)}", page.api_path)]
    return {
        "operationId": page.name,
        "summary": page.summary,
        "parameters": in_path + [_in_query(one) for one in (*page.parameters, _PARTNER)],
        "responses": {
            "200": {"description": "the view", "content": {"application/json": {"schema": schema}}},
            "400": _failure("a value is not understood"),
            "404": _failure("there is no such thing"),
            "503": _failure("the database is busy"),
        },
    }


def _failure(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": description, "content": content}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}


def _version() -> str:
    try:
        return version("curatorbot")
    except PackageNotFoundError:
        return "0"
