"""Alembic's scripts of the journal and the catalog."""
