"""Which families there are, as a literal table, each imported only when it is built.

Adding a family is one line here plus its module; the contract suite runs over every line.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from models.api import Family, FamilyConfig

FAMILIES: dict[str, str] = {
    "diffusion": "models.families.diffusion:build",
    "gan": "models.families.gan:build",
    "transformer": "models.families.transformer:build",
    "vae": "models.families.vae:build",
    "flow": "models.families.flow:build",
}


def names() -> tuple[str, ...]:
    """Names of all families."""
    return tuple(FAMILIES)


def build(config: FamilyConfig) -> Family:
    """A new family with untrained weights, drawn from torch's global generator.

    Raises:
        ValueError: no family has that name, or its options do not fit together.
    """
    if config.family not in FAMILIES:
        raise ValueError(f"unknown family {config.family!r}; known: {', '.join(names())}")
    module, _, builder = FAMILIES[config.family].partition(":")
    return cast("Callable[[FamilyConfig], Family]", getattr(import_module(module), builder))(config)
