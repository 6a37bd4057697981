"""The schema's history (Alembic). A revision that was released never changes."""
