"""The allow-list: which attributes of a source may leave, and which values they may have.

The list itself is data (``resources/deid/allow_list.json``); this module reads it and answers about one value. It
must not know data sets, files of patients or exports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.paths import program_root

FILE = "resources/deid/allow_list.json"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one attribute may hold: one of ``terms``, or a finite number between ``low`` and ``high``."""

    terms: frozenset[str] = frozenset()
    low: float = math.inf
    high: float = -math.inf

    def allows(self, value: object) -> bool:
        """Whether every part of a (possibly multiple) value may leave; an empty value has nothing to tell."""
        parts = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
        return bool(parts) and all(self._allows(part) for part in parts)

    def _allows(self, part: object) -> bool:
        if self.terms:
            return str(part) in self.terms
        try:
            return self.low <= float(str(part)) <= self.high
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class AllowList:
    """Rules by DICOM keyword; what is not named does not leave."""

    rules: dict[str, Rule]

    @classmethod
    def of(cls, modality: str) -> AllowList:
        """The list for sources of a modality: the common part, and the part of CT or MR."""
        groups = _groups()
        return cls({**groups["common"], **groups.get(modality, {})})


@cache
def _groups() -> dict[str, dict[str, Rule]]:
    document = json.loads((program_root() / FILE).read_text(encoding="utf-8"))
    return {
        group: {keyword: _rule(entry) for keyword, entry in entries.items()}
        for group, entries in document["groups"].items()
    }


def _rule(entry: dict[str, Any]) -> Rule:
    if "terms" in entry:
        return Rule(terms=frozenset(entry["terms"]))
    low, high = entry["range"]
    return Rule(low=float(low), high=float(high))
