"""Boxes of ISO 19566-5 (JUMBF), in which a content credential is kept. Written, never read."""

from __future__ import annotations

_TYPE_END = bytes.fromhex("00110010800000aa00389b71")
"""What the 16-byte type of every C2PA box ends in, after four letters of its own."""

_REQUESTABLE, _LABELLED, _PRIVATE = 1, 2, 16
"""Toggles of a description box: it can be referred to, it has a label, it holds a private box."""


def box(kind: bytes, content: bytes) -> bytes:
    """A box: its length, its four letters, its content."""
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def superbox(letters: bytes, label: str, *contents: bytes, salt: bytes = b"") -> bytes:
    """A box of boxes that opens with its description.

    Args:
        letters: what the superbox holds, four letters (C2PA 2.2, 11.1).
        label: by which claims refer to it.
        contents: the boxes in it.
        salt: 16 or 32 bytes that keep its hash from being guessed, or none.
    """
    toggles = _REQUESTABLE | _LABELLED | (_PRIVATE if salt else 0)
    private = box(b"c2sh", salt) if salt else b""
    described = letters + _TYPE_END + bytes([toggles]) + label.encode() + b"\0" + private
    return box(b"jumb", box(b"jumd", described) + b"".join(contents))
