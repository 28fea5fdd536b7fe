"""How Alembic reaches the database: over the connection it is given, in that transaction."""

from alembic import context

from monitors.history.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
