"""The project on disk: database, run folders, atomic writes."""
