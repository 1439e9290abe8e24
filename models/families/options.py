"""A family's options from JSON and back, the same way for every family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from models.api import FamilyConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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


def spelt_out(config: FamilyConfig, options: DataclassInstance) -> FamilyConfig:
    """``config`` with every option written down, so that a checkpoint draws the same after a default has changed."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(options).items()}
    return replace(config, options=values)
