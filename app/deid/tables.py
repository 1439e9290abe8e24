"""The tables of the standard that de-identification goes by, read once from ``resources/deid``.

PS3.15 table E.1-1 (which attributes identify), PS3.3 (which attributes an image class has, and of which type), table
E.3.10-1 (private attributes that are safe), and the project's own reviewed lists. It must not know data sets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydicom.datadict import tag_for_keyword

from app.paths import program_root

FOLDER = "resources/deid"
STRICTEST = ("1", "1C", "2", "2C", "3")
"""Types of attributes (PS3.5, 7.4), strictest first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of table E.1-1: the action of the Basic Profile, and K or C by option name."""

    basic: str
    columns: Mapping[str, str]


@cache
def rows() -> dict[int, Row]:
    """Table E.1-1 by tag, without its pattern rows (curves, overlays, private): these never get on an allow-list."""
    document = _read("ps3_15_e1.json")
    return {int(key, 16): Row(basic, columns) for key, (_, basic, columns) in document["rows"].items() if _is_tag(key)}


@cache
def edition() -> str:
    """The edition of PS3.15 that ``rows`` is of."""
    return str(_read("ps3_15_e1.json")["edition"])


@cache
def attributes(sop_class: str) -> dict[int, str] | None:
    """Tag to type of the attributes that an image class has on its top level; ``None`` for a class that is no image
    class of the table. Attributes of modules that are not mandatory keep their type: where they are there, they must
    be valid.
    """
    document = _read("iods.json")
    iod = document["classes"].get(sop_class)
    return None if iod is None else _of_modules(name.rstrip("*") for name in document["iods"][iod].split())


@cache
def any_image() -> dict[int, str]:
    """Tag to strictest type over all image classes: the cautious answer for a class that is not known."""
    return _of_modules(iter(_read("iods.json")["modules"]))


@cache
def items(sequence: int) -> dict[int, str]:
    """Tag to type of what items of a sequence may hold; nothing for an unknown sequence."""
    return _items().get(sequence, {})


@cache
def reviewed(name: str) -> frozenset[int]:
    """A list of ``reviewed.json`` as tags: ``common``, ``texts``, ``never``, ``references``, ``terms``."""
    return frozenset(tag for keyword in _read("reviewed.json")[name].split() if (tag := tag_for_keyword(keyword)))


@cache
def safe_private() -> frozenset[tuple[str, int, int]]:
    """Private creator, group and element (its low byte) of the attributes that table E.3.10-1 calls safe."""
    return frozenset(
        (creator, int(group, 16), int(element, 16))
        for creator, groups in _read("safe_private.json")["creators"].items()
        for group, elements in groups.items()
        for element in elements.split()
    )


def _of_modules(names: Iterator[str]) -> dict[int, str]:
    modules = _read("iods.json")["modules"]
    found = dict.fromkeys(reviewed("common"), "3")
    for name in names:
        for tag, kind in _by_tag(modules[name]).items():
            found[tag] = min(found.get(tag, "3"), kind, key=STRICTEST.index)
    return {tag: kind for tag, kind in found.items() if tag not in reviewed("never")}


@cache
def _items() -> dict[int, dict[int, str]]:
    named = ((tag_for_keyword(word), _by_tag(held)) for word, held in _read("iods.json")["items"].items())
    never = reviewed("never")
    return {tag: {one: held[one] for one in held if one not in never} for tag, held in named if tag is not None}


def _by_tag(by_type: dict[str, str]) -> dict[int, str]:
    """Tag to type; repeating groups (overlays) have no tag of their own, and keywords newer than pydicom none yet."""
    pairs = ((tag_for_keyword(word), kind) for kind, words in by_type.items() for word in words.split())
    return {tag: kind for tag, kind in pairs if tag is not None}


def _is_tag(key: str) -> bool:
    return len(key) == 8 and "x" not in key


@cache
def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((program_root() / FOLDER / name).read_text(encoding="utf-8"))
    return document
