"""Migrations of the project database, run by ``app.store.migrate``."""
