"""Typed texts made fit for DICOM's value representations (PS3.5 6.2): length, characters, and no value separator.

It must not know data sets. The standard counts characters; many readers, dciodvfy among them, count bytes, so texts
are cut where their UTF-8 form reaches the length, which satisfies both.
"""

from __future__ import annotations

import re

from app.imaging.marking import plain

LO = 64
ST = 1024
LT = 10240
"""Longest value of the VR."""

CODE = re.compile(r"[A-Z0-9_ ]{0,16}", re.ASCII)
"""Repertoire and length of CS."""


def line(text: str, most: int = LO) -> str:
    """One value of a VR that allows several (LO, SH): the backslash that would part it becomes a slash."""
    return _fitted(text.replace("\\", "/"), most)


def paragraph(text: str, most: int = LT) -> str:
    """The value of a VR that allows one only (ST, LT), in which a backslash is a character like any other."""
    return _fitted(text, most)


def code(text: str) -> str:
    """A code string (CS) as it is, "" where it is none: a code is compared, so it is never mended."""
    return text if CODE.fullmatch(text) else ""


def _fitted(text: str, most: int) -> str:
    """Without control characters, cut to length, and without the spaces at the ends that readers drop."""
    return plain(text).strip().encode()[:most].decode(errors="ignore").rstrip()
