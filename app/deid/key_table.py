"""A table that leads back from new names to the original ones, for who asked for it and holds its passphrase.

The file is one encrypted block (AES-256-GCM under a key that Scrypt derives from the passphrase, RFC 7914): without
the passphrase it tells nothing, and a changed byte makes it unreadable. It must not know exports; nothing writes it
unasked.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from app.domain.errors import BadUsage, Failed, Refused

MAGIC = b"USKEYS1\n"
SALT, NONCE = 16, 12
COST, BLOCK, LANES = 2**15, 8, 1
"""Scrypt's work: 32 MiB and about a tenth of a second for each guess."""
SHORTEST = 12
"""Characters of the shortest passphrase."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Who is who.

    Attributes:
        patients: new name to original identifier and name.
        uids: new UID to original one.
    """

    patients: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    uids: dict[str, str] = field(default_factory=dict, repr=False)


def write(path: Path, table: KeyTable, passphrase: str) -> None:
    """Encrypt a table into a new file that only its owner may read.

    Raises:
        BadUsage: ``key-passphrase``: the passphrase is too short.
        Refused: ``key-exists``: there is a file already.
    """
    if len(passphrase) < SHORTEST:
        raise BadUsage("key-passphrase", shortest=SHORTEST)
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    content = json.dumps(asdict(table), ensure_ascii=False).encode("utf-8")
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, content, MAGIC + salt)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise Refused("key-exists", path=str(path)) from error
    with os.fdopen(handle, "wb") as stream:
        stream.write(MAGIC + salt + nonce + sealed)
        stream.flush()
        os.fsync(stream.fileno())


def read(path: Path, passphrase: str) -> KeyTable:
    """Decrypt a table.

    Raises:
        Failed: ``key-unreadable``: another passphrase, no key table, or a damaged one; which of these is not told.
    """
    try:
        content = path.read_bytes()
        salt, nonce = content[len(MAGIC) :][:SALT], content[len(MAGIC) + SALT :][:NONCE]
        sealed = content[len(MAGIC) + SALT + NONCE :]
        document = json.loads(AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, MAGIC + salt))
    except (OSError, InvalidTag, ValueError) as error:
        raise Failed("key-unreadable", path=str(path)) from error
    patients = {new: (original[0], original[1]) for new, original in document["patients"].items()}
    return KeyTable(patients, document["uids"])


def destroy(path: Path) -> None:
    """Overwrite the file and remove it, so that nobody can go back.

    A copying file system or a flash disk may keep older blocks; without the passphrase these tell nothing.

    Raises:
        Failed: ``key-unreadable``: there is no such file, or it cannot be written.
    """
    try:
        length = path.stat().st_size
        with path.open("r+b") as stream:
            stream.write(os.urandom(length))
            stream.flush()
            os.fsync(stream.fileno())
        path.unlink()
    except OSError as error:
        raise Failed("key-unreadable", path=str(path)) from error


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(passphrase.encode("utf-8"))
