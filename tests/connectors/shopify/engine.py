"""Carries out GraphQL documents for the double: against the official schema where it is at hand, else by itself.

Resolvers are plain dictionaries: a value, or a callable that takes `info` and the field's arguments. With the schema,
every document is validated and its answer is checked against the types, so the double cannot be laxer than Shopify;
without it, a small executor walks the document, so that the tests run where `../shared` is absent.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    execute,
    parse,
    validate,
)
from graphql.utilities import value_from_ast_untyped

SCHEMA = Path(__file__).resolve().parents[4] / "shared/contracts/shopify/admin_2026-04.json.gz"


@lru_cache(maxsize=1)
def official_schema() -> GraphQLSchema | None:
    """The Admin API 2026-04, None where `../shared` is absent."""
    if not SCHEMA.is_file():
        return None
    data = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return build_client_schema(data.get("data", data), assume_valid=True)


def run(
    schema: GraphQLSchema | None, request: Mapping[str, Any], roots: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The answer to one request: {"data": …} or {"errors": […]}. `roots` holds the fields of query and mutation."""
    try:
        document = parse(request["query"])
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    if schema is not None and (wrong := validate(schema, document)):
        return {"errors": [error.formatted for error in wrong]}
    name, variables = request.get("operationName"), request.get("variables") or {}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    operation = next(o for o in operations if name is None or (o.name and o.name.value == name))
    root = roots[operation.operation.value]
    if schema is not None:
        result = execute(schema, document, root, variable_values=variables, operation_name=name)
        if result.errors:
            return {"errors": [error.formatted for error in result.errors]}
        return {"data": result.data}
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    try:
        return {"data": _Walk(variables, fragments).select(operation.selection_set, root)}
    except GraphQLError as error:
        return {"errors": [error.formatted]}


def idempotency_key(info: Any) -> str | None:
    """The key of the field's @idempotent directive."""
    for directive in info.field_nodes[0].directives or ():
        if directive.name.value == "idempotent":
            variables = getattr(info.variable_values, "coerced", info.variable_values)
            found = value_from_ast_untyped(directive.arguments[0].value, variables)
            return found if isinstance(found, str) else None
    return None


class _Walk:
    """Executes without a schema: takes the fields that are asked for, with aliases, fragments and variables."""

    def __init__(self, variables: Mapping[str, Any], fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._variables = variables
        self._fragments = fragments

    def select(self, selection: SelectionSetNode, source: Mapping[str, Any]) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for field in self._fields(selection, source):
            value = source.get(field.name.value)
            if callable(value):
                arguments = {
                    a.name.value: value_from_ast_untyped(a.value, dict(self._variables)) for a in field.arguments or ()
                }
                given = {n: v for n, v in arguments.items() if not _is_absent(field, n, self._variables)}
                value = value(SimpleNamespace(field_nodes=[field], variable_values=dict(self._variables)), **given)
            taken[field.alias.value if field.alias else field.name.value] = self._complete(field, value)
        return taken

    def _complete(self, field: FieldNode, value: Any) -> Any:
        if isinstance(value, list):
            return [self._complete(field, item) for item in value]
        if field.selection_set is None or value is None:
            return value
        return self.select(field.selection_set, value)

    def _fields(self, selection: SelectionSetNode, source: Mapping[str, Any]) -> Iterator[FieldNode]:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(self._fragments[node.name.value].selection_set, source)
            elif isinstance(node, InlineFragmentNode):
                wanted = node.type_condition and node.type_condition.name.value
                if wanted in (None, source.get("__typename")):
                    yield from self._fields(node.selection_set, source)


def _is_absent(field: FieldNode, name: str, variables: Mapping[str, Any]) -> bool:
    """Whether an argument is a variable that was not given at all, which is not the same as null."""
    value = next(a.value for a in field.arguments if a.name.value == name)
    return value.kind == "variable" and value.name.value not in variables  # type: ignore[attr-defined]
