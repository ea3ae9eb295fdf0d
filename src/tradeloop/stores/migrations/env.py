"""Alembic runs this file: online on a given connection, offline as SQLite text."""

from alembic import context

if context.is_offline_mode():
    # The journal's own library runs the text, in a transaction that it opens itself.
    context.configure(
        dialect_name="sqlite", literal_binds=True, transactional_ddl=False
    )
else:
    context.configure(
        connection=context.config.attributes["connection"],
        version_table=context.config.attributes.get("version_table", "alembic_version"),
        render_as_batch=True,
        transactional_ddl=False,
    )
context.run_migrations()
