"""The window: PySide6 only here, and nothing slow on its thread."""
