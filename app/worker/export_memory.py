"""What was found in a picture once need not be looked for again: text and faces, kept in the cache.

A result holds for the very same file, the very same names to look for and the very same way of looking; it says where
something must be covered and never what was read. The cache may be deleted at any time.
"""

from __future__ import annotations

import base64
import hmac
import json
import zlib
from collections.abc import Collection
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.deid import heads
from app.deid.heads import Heads
from app.domain.study import Instance
from app.store.folders import append_event, read_events
from app.store.project import Project
from app.versions import versions

FOLDER = "checked-pixels"
FORMAT = 1
"""Raised when looking for text changes what it finds."""

Found = tuple[str, NDArray[np.bool_] | None]
"""Outcome of a slice, and what covers its text."""


class Memory:
    """Results of one project.

    Args:
        project: whose cache keeps them, and whose secret keys them.

    Attributes:
        heads: what was found of faces; preparing looks there too.
    """

    def __init__(self, project: Project) -> None:
        self._folder = project.cache / FOLDER
        self._secret = project.secret
        self.heads = Heads(project.cache / heads.FOLDER)
        self._known: dict[str, dict[str, dict[str, Any]]] = {}

    def key(self, instance: Instance, known: Collection[str]) -> str:
        """What a result is kept under; "" where the file's content is not known."""
        if not instance.sha256:
            return ""
        told = json.dumps([FORMAT, versions()["understudy"], instance.sha256, instance.index, sorted(known)])
        return hmac.new(self._secret, told.encode(), sha256).hexdigest()[:32]

    def recall(self, series: str, key: str, shape: tuple[int, ...]) -> Found | None:
        """The result of a slice, ``None`` where there is none that can be used."""
        record = self._of(series).get(key)
        if not key or record is None:
            return None
        try:
            packed = record["mask"]
            if not packed:
                return str(record["text"]), None
            bits = np.frombuffer(zlib.decompress(base64.b64decode(packed)), dtype=np.uint8)
            mask = np.unpackbits(bits, count=int(np.prod(shape))).astype(np.bool_).reshape(shape)
            return str(record["text"]), mask
        except (KeyError, TypeError, ValueError, zlib.error):
            return None

    def keep(self, series: str, key: str, found: Found) -> None:
        """Remember a result.

        Raises:
            OSError: the cache cannot be written to.
        """
        if not key:
            return
        text, mask = found
        packed = "" if mask is None else base64.b64encode(zlib.compress(np.packbits(mask).tobytes())).decode("ascii")
        record = {"key": key, "text": text, "mask": packed}
        self._folder.mkdir(parents=True, exist_ok=True)
        append_event(self._folder / f"{series}.jsonl", record)
        self._of(series)[key] = record

    def _of(self, series: str) -> dict[str, dict[str, Any]]:
        if series not in self._known:
            lines = read_events(self._folder / f"{series}.jsonl")
            self._known[series] = {str(line.get("key", "")): line for line in lines}
        return self._known[series]
