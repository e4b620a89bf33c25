"""Migrations whose operations share one picture of the models.

Tortoise copies its whole picture of all models before each operation, so migrating is quadratic in the tables: with one
copy for each migration an empty database takes a third of the time (docs/decisions/006).
"""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.migrations import Migration as TortoiseMigration
from tortoise.migrations.operations import Operation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class Together(Operation):
    """Several operations as one. Each sees the models as all of them leave them, so none may build on a table or column
    that another of the same migration changes again."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = tuple(operations)
        self.reversible = all(operation.reversible for operation in operations)

    def describe(self) -> str:
        """What `migrate --sql` says of it."""
        return "; ".join(operation.describe() for operation in self.operations)

    def state_forward(self, app_label: str, state: State) -> None:
        """The models after all of them."""
        for operation in self.operations:
            operation.state_forward(app_label, state)

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Changes the database, in their order."""
        for operation in self.operations:
            await operation.database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Takes it back, the last first."""
        for operation in reversed(self.operations):
            await operation.database_backward(app_label, old_state, new_state, state_editor)


class Migration(TortoiseMigration):
    """The base of every migration here; what `makemigrations` writes works too, only slower."""

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        self.operations = [Together(self.operations)]
