"""Looking for identities in finished files: the last check before anything leaves.

It searches bytes, so it also finds what no reader would show. It must not know what the files mean.
"""

from __future__ import annotations

import contextlib
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_IN_A_WORD = np.array([sign in b"0123456789abcdefghijklmnopqrstuvwxyz" for sign in range(256)])


class Search:
    """Searches for texts that must not be there, as whole words, whatever their case.

    A cohort has thousands of identifiers, so the words of a file are looked up in a table, and only where a text's
    longest word is there is the whole text looked for.
    """

    def __init__(self, forbidden: Iterable[str]) -> None:
        self._by_word: dict[bytes, list[re.Pattern[bytes]]] = defaultdict(list)
        self._without_word: list[re.Pattern[bytes]] = []
        for form in {form for text in forbidden if text for form in _forms(text)}:
            pattern = re.compile(rb"(?<![0-9a-z])" + re.escape(form) + rb"(?![0-9a-z])")
            words = _words(form)
            if words:
                self._by_word[max(words, key=lambda word: (len(word), word))].append(pattern)
            else:
                self._without_word.append(pattern)
        self._least = min(map(len, self._by_word), default=1)

    def found_in(self, path: Path) -> bool:
        """Whether a file holds one of the texts; a gzip file is unpacked first."""
        content = path.read_bytes()
        return self._found(gzip.decompress(content) if path.suffix == ".gz" else content)

    def found_in_text(self, text: str) -> bool:
        """Whether a name (of a class, a file, a folder) holds one of the texts."""
        return self._found(text.encode("utf-8"))

    def cut_from(self, name: str) -> str:
        """A name without the texts that it holds."""
        content = name.encode("utf-8")
        for pattern in self._likely(content.lower()):
            while match := pattern.search(content.lower()):
                content = content[: match.start()] + content[match.end() :]
        return content.decode("utf-8", "ignore")

    def _found(self, content: bytes) -> bool:
        lowered = content.lower()
        return any(pattern.search(lowered) for pattern in self._likely(lowered))

    def _likely(self, lowered: bytes) -> list[re.Pattern[bytes]]:
        """Patterns whose longest word is there, longest first, and those without a word."""
        there = self._by_word.keys() & _words(lowered, self._least)
        found = [*self._without_word, *(pattern for word in there for pattern in self._by_word[word])]
        return sorted(found, key=lambda pattern: len(pattern.pattern), reverse=True)


def _words(lowered: bytes, least: int = 1) -> set[bytes]:
    """Runs of at least ``least`` letters and digits; a full stop ends one, as identities stand before and behind it.

    Several times as fast as a regular expression in the noise of pixels.
    """
    inside = np.zeros(len(lowered) + 2, dtype=np.int8)
    inside[1:-1] = _IN_A_WORD[np.frombuffer(lowered, dtype=np.uint8)]
    edges = np.flatnonzero(np.diff(inside))
    begins, ends = edges[::2], edges[1::2]
    long = ends - begins >= least
    return {lowered[begin:end] for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True)}


def _forms(text: str) -> set[bytes]:
    """A text as UTF-8, as Latin-1 where it fits, and as JSON would escape it; ASCII letters in lower case."""
    forms: set[bytes] = set()
    for cased in (text, text.lower(), text.upper()):
        forms |= {cased.encode("utf-8"), cased.encode("unicode_escape"), cased.replace("\\", "\\\\").encode("utf-8")}
        with contextlib.suppress(UnicodeEncodeError):
            forms.add(cased.encode("latin-1"))
    return {form.lower() for form in forms}
