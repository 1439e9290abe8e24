"""Items of sequences, and coded terms (PS3.3 8.8), for planted headers."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset


def item(**values: Any) -> Dataset:
    """A sequence item with these attributes."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded term."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
