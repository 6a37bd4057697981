"""Run by Alembic: migrates the connection that `center.store.database.migrate` hands over."""

from alembic import context

from center.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
