"""The key table tells nothing without its passphrase, can be read with it, and can be destroyed."""

from __future__ import annotations

import pytest

from app.deid import key_table
from app.deid.key_table import KeyTable
from app.domain.errors import BadUsage, Failed, Refused

PHRASE = "correct horse battery"
TABLE = KeyTable({"PATIENT-001": ("MRN-7734001", "Zebrowski^Ottilie")}, {"2.25.1": "1.2.3.4"})


def test_it_is_read_with_its_passphrase_only(tmp_path):
    path = tmp_path / "keys"
    key_table.write(path, TABLE, PHRASE)
    assert key_table.read(path, PHRASE) == TABLE
    assert not any(text in path.read_bytes() for text in (b"Zebrowski", b"MRN", b"PATIENT", b"1.2.3"))
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(Failed) as caught:
        key_table.read(path, PHRASE + "x")
    assert caught.value.code == "key-unreadable"
    assert "Zebrowski" not in repr(TABLE)


def test_a_changed_byte_makes_it_unreadable(tmp_path):
    path = tmp_path / "keys"
    key_table.write(path, TABLE, PHRASE)
    content = bytearray(path.read_bytes())
    for place in (10, -1):
        broken = bytearray(content)
        broken[place] ^= 1
        path.write_bytes(broken)
        with pytest.raises(Failed):
            key_table.read(path, PHRASE)
    path.write_bytes(b"")
    with pytest.raises(Failed):
        key_table.read(path, PHRASE)


def test_it_overwrites_nothing_and_asks_for_a_long_passphrase(tmp_path):
    path = tmp_path / "keys"
    path.write_bytes(b"mine")
    with pytest.raises(Refused):
        key_table.write(path, TABLE, PHRASE)
    assert path.read_bytes() == b"mine"
    with pytest.raises(BadUsage):
        key_table.write(tmp_path / "other", TABLE, "short")
    assert not (tmp_path / "other").exists()


def test_destroyed_is_gone(tmp_path):
    path = tmp_path / "keys"
    key_table.write(path, TABLE, PHRASE)
    (tmp_path / "link").hardlink_to(path)
    key_table.destroy(path)
    assert not path.exists()
    with pytest.raises(Failed):
        key_table.read(tmp_path / "link", PHRASE)
    with pytest.raises(Failed):
        key_table.destroy(path)
