"""Labels as people and disks make them, for the writers' tests."""

from __future__ import annotations

from hypothesis import strategies as st

TYPED = (
    "",
    "   ",
    "glioma é",
    "back\\slash\\",
    "^=~caret",
    '<&>"quoted"\'',
    "two\r\nlines\tand a tab",
    "nul\0 and escape\x1b$B",
    "腫瘍" * 200,
    "ж\\x" * 400,
    "👩‍⚕️" * 30,
    "رقم ٣",
    "undecodable \udcff name",
    "]]>\ufffe\uffff",
)
"""Examples that have broken files somewhere."""

labels = st.text(st.characters(exclude_categories=()), max_size=300)
"""Any text that a program can hold, lone surrogates of undecodable file names included."""
