"""The standard as the self-test reads it: PS3.15 table E.1-1, and what an image object holds by PS3.3.

It reads the tables of ``resources/deid`` by itself and does not use the engine's reading of them, so that a mistake
in the one is not a mistake in the other.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from pydicom.tag import BaseTag

from app.deid.planting.demands import Standard
from app.domain.deid import Option, Profile, Protection
from app.paths import program_root

ACTIONS, OBJECTS = "resources/deid/ps3_15_e1.json", "resources/deid/iods.json"


def standard(protection: Protection) -> Standard:
    """What the table asks for under a profile and its options."""
    options = {option.value for option in protection.options}
    return Standard(
        action=lambda tag: action(tag, options),
        holds=holds,
        keeps_all=protection.profile is Profile.RESEARCH,
        safe_private=Option.SAFE_PRIVATE in protection.options,
    )


def action(tag: BaseTag, options: Collection[str]) -> str:
    """What is done to an attribute: the action of an option that is chosen, else that of the Basic Profile.

    Where several options speak, keeping (K) goes before cleaning (C), as PS3.15 E.3 lets options only add.

    Returns:
        "X", "Z", "D", "U", "K", "C" or a combination such as "X/Z/D"; "" where the table does not name the tag.
    """
    row = _rows().get(f"{int(tag):08x}")
    if row is None:
        return ""
    basic, columns = row
    chosen = {columns[option] for option in options if option in columns}
    return "K" if "K" in chosen else "C" if "C" in chosen else basic


def holds(sop_class: str, keyword: str, sequence: str = "") -> bool:
    """Whether the object definition of a class names an attribute, at its top level or in the items of a sequence."""
    return keyword in (_items(sequence) if sequence else _top(sop_class))


@cache
def _top(sop_class: str) -> frozenset[str]:
    document = _objects()
    modules = document["iods"][document["classes"][sop_class]].replace("*", "").split()
    return frozenset(word for name in modules for words in document["modules"][name].values() for word in words.split())


@cache
def _items(sequence: str) -> frozenset[str]:
    return frozenset(word for words in _objects()["items"].get(sequence, {}).values() for word in words.split())


@cache
def _objects() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((program_root() / OBJECTS).read_text(encoding="utf-8"))
    return document


@cache
def _rows() -> dict[str, tuple[str, dict[str, str]]]:
    document = json.loads((program_root() / ACTIONS).read_text(encoding="utf-8"))
    return {tag: (row[1], row[2]) for tag, row in document["rows"].items()}
