"""Carries out GraphQL documents for the double: against the official schema where it is at hand, else by itself.

Resolvers are plain dictionaries: a value, or a callable that takes the field's arguments. With the schema every
document is validated and every answer checked against the types; without it a small walk takes what is asked for, so
that the tests run where `../shared` is absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
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

SCHEMA = Path(__file__).resolve().parents[4] / "shared/contracts/vendure/schema-admin.json"


class Failed(Exception):
    """A resolver's error, with Vendure's code; empty for one that Vendure did not foresee."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@lru_cache(maxsize=1)
def official_schema() -> GraphQLSchema | None:
    """The Admin API, None where `../shared` is absent."""
    if not SCHEMA.is_file():
        return None
    data = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return build_client_schema(data.get("data", data), assume_valid=True)


@lru_cache(maxsize=64)
def understood(query: str, official: bool) -> tuple[DocumentNode | None, tuple[str, ...]]:
    """The document, and what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error.message,)
    schema = official_schema() if official else None
    return document, tuple(error.message for error in validate(schema, document)) if schema else ()


def run(request: Mapping[str, Any], roots: Mapping[str, Mapping[str, Any]], *, official: bool) -> tuple[int, Any]:
    """(status, answer) of one request. `roots` holds the fields of query and mutation."""
    document, wrong = understood(request["query"], official)
    if document is None or wrong:
        code = "GRAPHQL_PARSE_FAILED" if document is None else "GRAPHQL_VALIDATION_FAILED"
        return 400, {"errors": [{"message": message, "extensions": {"code": code}} for message in wrong]}
    name, variables = request["operationName"], request.get("variables") or {}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    operation = next(o for o in operations if o.name and o.name.value == name)
    root = roots[operation.operation.value]
    schema = official_schema() if official else None
    if schema is not None:
        fields = {field: _adapted(value) for field, value in root.items()}
        result = execute(schema, document, fields, variable_values=dict(variables), operation_name=name)
        if result.errors:
            return 200, {"errors": [_told(error) for error in result.errors], "data": None}
        return 200, {"data": result.data}
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    try:
        return 200, {"data": Walk(variables, fragments).select(operation.selection_set, root)}
    except Failed as error:
        return 200, {"errors": [{"message": str(error), "extensions": {"code": error.code}}], "data": None}


def _adapted(value: Any) -> Any:
    """Resolvers as graphql-core calls them: with the field's info first."""
    if isinstance(value, dict):
        return {field: _adapted(item) for field, item in value.items()}
    if isinstance(value, list):
        return [_adapted(item) for item in value]
    if not callable(value):
        return value
    call: Callable[..., Any] = value
    return lambda info, **given: _adapted(call(**given))


def _told(error: GraphQLError) -> dict[str, Any]:
    code = error.original_error.code if isinstance(error.original_error, Failed) else "GRAPHQL_VALIDATION_FAILED"
    return {"message": error.message} | ({"extensions": {"code": code}} if code else {})


class Walk:
    """Executes without a schema: takes the fields that are asked for, with aliases, fragments and variables."""

    def __init__(self, variables: Mapping[str, Any], fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._variables = dict(variables)
        self._fragments = fragments

    def select(self, selection: SelectionSetNode, source: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked of one thing."""
        taken: dict[str, Any] = {}
        for field in self._fields(selection, source):
            value = source.get(field.name.value)
            if callable(value):
                given = {a.name.value: value_from_ast_untyped(a.value, self._variables) for a in field.arguments or ()}
                value = value(**given)
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
            elif isinstance(node, InlineFragmentNode) and _fits(node, source):
                yield from self._fields(node.selection_set, source)


def _fits(node: InlineFragmentNode, source: Mapping[str, Any]) -> bool:
    """Whether a thing is of the fragment's type; every error of a union is an ErrorResult."""
    wanted = node.type_condition.name.value if node.type_condition else None
    return wanted in (None, source.get("__typename")) or (wanted == "ErrorResult" and "errorCode" in source)
