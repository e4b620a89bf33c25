"""The description of the API, made from the endpoints themselves: OpenAPI 3.1 for programs, a page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from hub.web import pages
from hub.web.api.endpoint import Endpoint
from hub.web.problems import CODES
from hub.web.services import services

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable.",
    "required": ["type", "title", "status", "detail", "code", "docs"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "docs": {"type": "string", "format": "uri"},
        "field": {"type": "string", "description": "The input to correct, with code `invalid`."},
        "path": {"type": "string", "description": "Where the body is wrong, with code `bad_payload`."},
        "request_id": {"type": "string"},
    },
}


def describe_routes(endpoints: Sequence[Endpoint]) -> list[web.RouteDef]:
    """/api/openapi.json and /api/docs."""

    async def openapi(request: web.Request) -> web.Response:
        return web.json_response(document(endpoints, services(request).settings.url))

    async def docs(request: web.Request) -> web.Response:
        rows = [(endpoint, fields(endpoint)) for endpoint in endpoints]
        context = {"endpoints": rows, "codes": CODES, "base": services(request).settings.url}
        return pages.page(request, "api_docs.html", context)

    return [web.get("/openapi.json", openapi), web.get("/docs", docs)]


def fields(endpoint: Endpoint) -> tuple[str, ...]:
    """Names of what an answer holds at its top."""
    return endpoint.answers.__struct_fields__


def document(endpoints: Sequence[Endpoint], base: str) -> dict[str, Any]:
    """The OpenAPI document."""
    kinds = list(dict.fromkeys(kind for it in endpoints for kind in (it.answers, it.takes) if kind is not None))
    refs, schemas = msgspec.json.schema_components(
        kinds, schema_hook=lambda kind: {"description": "any JSON"}, ref_template="#/components/schemas/{name}"
    )
    by_kind = dict(zip(kinds, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(f"/api{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Crossdock", "version": "1", "description": "Amounts are minor units; ids are text."},
        "servers": [{"url": base}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Problem": PROBLEM},
        },
    }


def _operation(endpoint: Endpoint, refs: Mapping[type, dict[str, Any]]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answer = {"application/json": {"schema": refs[endpoint.answers]}}
    statuses = endpoint.statuses or {200: endpoint.title}
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.title,
        "parameters": _parameters(endpoint),
        "responses": {
            **{str(status): {"description": text, "content": answer} for status, text in statuses.items()},
            "default": {"description": "What went wrong", "content": problem},
        },
    }
    if endpoint.takes is not None:
        body = {"application/json": {"schema": refs[endpoint.takes]}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    digits = {"type": "string", "pattern": r"^\d{1,19}$"}
    in_path = [{"name": "id", "in": "path", "required": True, "schema": digits}] if "{id}" in endpoint.path else []
    in_query = [
        {
            "name": name,
            "in": "query",
            "required": name in endpoint.needs,
            "description": text,
            "schema": {"type": "integer" if name == "limit" else "string"},
        }
        for name, text in endpoint.params.items()
    ]
    in_headers = [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in endpoint.headers.items()
    ]
    return [*in_path, *in_query, *in_headers]
