"""The words and rules of the field: plain dataclasses, no files, no Qt, no torch."""
