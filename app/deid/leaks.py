"""Looking for identities in finished files: the last check before anything leaves.

It searches bytes, so it also finds what no reader would show. It must not know what the files mean.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

_INSIDE_A_WORD = rb"[0-9A-Za-z.]"


class Search:
    """Searches files for texts that must not be in them, as whole words, whatever their case."""

    def __init__(self, forbidden: Iterable[str]) -> None:
        texts = {form for text in forbidden if text for form in _forms(text)}
        words = b"|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
        pattern = b"(?<!" + _INSIDE_A_WORD + b")(?:" + words + b")(?!" + _INSIDE_A_WORD + b")"
        self._pattern = re.compile(pattern, re.IGNORECASE) if words else None

    def found_in(self, path: Path) -> bool:
        """Whether a file holds one of the texts; a gzip file is unpacked first."""
        if self._pattern is None:
            return False
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return self._pattern.search(content) is not None

    def found_in_name(self, name: str) -> bool:
        """Whether the name of a file or of a folder above it (inside the export) holds one of the texts."""
        return self._pattern is not None and self._pattern.search(name.encode("utf-8")) is not None


def _forms(text: str) -> set[bytes]:
    """A text as UTF-8, as Latin-1 where it fits, and as JSON and HTML would escape it."""
    escaped = {text, text.encode("unicode_escape").decode("ascii"), text.replace("\\", "\\\\")}
    forms = {form.encode("utf-8") for form in escaped}
    return forms | {text.encode("latin-1", "replace")} if "?" not in text else forms
