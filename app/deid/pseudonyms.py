"""New names and identifiers for what leaves: the same for the same project, meaningless without its secret.

Unsalted hashes of identifiers can be recomputed by anyone who guesses the original, so everything here is keyed
(HMAC-SHA-256). It must not know files or data sets.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterable

from app.deid.dates import DAY, Shift


class Pseudonyms:
    """Pseudonyms of one project."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def uid(self, *parts: object) -> str:
        """A DICOM UID for what ``parts`` name, under the root of UUIDs (PS3.5 B.2), 64 characters at most."""
        return f"2.25.{uuid.UUID(bytes=self._digest(parts)[:16], version=5).int}"

    def replacement(self, uid: str) -> str:
        """The UID that takes the place of an original one, in every file of the project."""
        return self.uid("original", uid)

    def shift(self, patient: str) -> Shift:
        """How far the dates of a patient move: one to ten years back, and a part of a day."""
        number = int.from_bytes(self._digest(("shift", patient))[:8], "big")
        return Shift(days=366 + number % 3287, seconds=1 + number // 3287 % (DAY - 1))

    def patients(self, keys: Iterable[str]) -> dict[str, str]:
        """Number patients in a keyed order that tells nothing of names or dates: ``{key: "PATIENT-001"}``."""
        ordered = sorted(set(keys), key=lambda key: self._digest(("patient", key)))
        return {key: f"PATIENT-{number:03d}" for number, key in enumerate(ordered, start=1)}

    def _digest(self, parts: Iterable[object]) -> bytes:
        message = "\x1f".join(str(part) for part in parts).encode()
        return hmac.new(self._secret, message, hashlib.sha256).digest()
