"""Reading a family's options from JSON, the same way for every family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

Options = TypeVar("Options")


def read_options(kind: type[Options], family: str, options: Mapping[str, Any]) -> Options:
    """The dataclass ``kind`` filled from ``options``; lists become tuples, what is not given keeps its default.

    Raises:
        ValueError: an option that ``kind`` does not have.
    """
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(options) - known):
        raise ValueError(f"{family}: unknown options {unknown}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return kind(**values)
