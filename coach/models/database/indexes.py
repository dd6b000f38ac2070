"""Indexes that are built while others write: large tables must not stand still for a migration."""

from typing import Any

from django.db.migrations.operations import AddIndex


class AddIndexWhileWriting(AddIndex):
    """`AddIndex` for a migration with `atomic = False`. Inside a transaction, and on SQLite, it is built in one go.

    What an earlier attempt left behind, an index that is not valid, is removed first.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(connection.alias, model):
            schema_editor.execute(
                f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}"
            )
            schema_editor.add_index(model, self.index, concurrently=True)
