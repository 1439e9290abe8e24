"""One module a schema version, frozen as it was shipped."""
