"""The two networks that find and read text: PP-OCRv6 small (PaddleOCR, Apache-2.0), as the rapidocr wheel ships them.

Only the model files of the wheel are used, through onnxruntime. The package rapidocr itself is never imported: it
brings a downloader with an HTTP client and log handlers of its own. This module must not know frames, windows or
patients: it sees 8-bit pictures.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain.errors import Failed
from app.paths import program_root

Picture = NDArray[np.uint8]

DETECTION = ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f")
RECOGNITION = ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884")
"""File name and SHA-256 (MODEL_LICENSES.md of rapidocr 3.10.0): what was measured is what runs."""

STEP = 32
"""The detector takes sides that are multiples of this."""

LINE, NARROWEST, LONGEST = 48, 320, 2400
"""Height of a line that the reader takes; its least width, and the most that is read of a line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says.

    Attributes:
        text: the characters; kept out of the representation, as it may name a patient.
        confidence: mean probability of the characters, 0 to 1; 0 where there are none.
    """

    text: str = field(repr=False)
    confidence: float

    @property
    def length(self) -> int:
        """Characters, blanks not counted."""
        return len("".join(self.text.split()))


class Detector:
    """Says where text is."""

    def __init__(self, threads: int) -> None:
        self._session = _session(DETECTION, threads)

    def maps(self, pictures: Sequence[Picture], scale: float) -> NDArray[np.float32]:
        """Probability that a pixel lies inside a line of text.

        Args:
            pictures: of one shape ``(rows, columns)``.
            scale: by how much they are enlarged first.

        Returns:
            ``(n, rows', columns')``, 0 to 1, in the enlarged size rounded to multiples of 32.
        """
        rows, columns = (max(STEP, round(side * scale / STEP) * STEP) for side in pictures[0].shape)
        light = np.stack([_resized(picture, rows, columns) for picture in pictures])
        found: NDArray[np.float32] = self._session.run(None, {"x": np.repeat(light[:, None], 3, axis=1)})[0]
        return found[:, 0]


class Reader:
    """Reads one line of text."""

    def __init__(self, threads: int) -> None:
        self._session = _session(RECOGNITION, threads)
        listed = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self._characters = ["", *listed, " "]

    def read(self, line: Picture) -> Reading:
        """Read an upright line ``(rows, columns)``: the likeliest character at each place, repeats joined (CTC)."""
        rows, columns = line.shape
        width = int(np.clip(round(LINE * columns / rows), LINE // 3, LONGEST))
        given = np.zeros((1, 3, LINE, max(width, NARROWEST)), dtype=np.float32)
        given[..., :width] = _resized(line, LINE, width)
        likely = self._session.run(None, {"x": given})[0][0]
        best, chance = likely.argmax(axis=1), likely.max(axis=1)
        first = (best > 0) & np.append(True, best[1:] != best[:-1])
        text = "".join(self._characters[index] for index in best[first])
        return Reading(text, float(chance[first].mean()) if first.any() else 0.0)


@cache
def detector(threads: int) -> Detector:
    """The detector of this process, loaded once.

    Raises:
        Failed: ``text-models-missing``.
    """
    return Detector(threads)


@cache
def reader(threads: int) -> Reader:
    """The reader of this process, loaded once; its vocabulary makes it the larger of the two.

    Raises:
        Failed: ``text-models-missing``.
    """
    return Reader(threads)


def _session(model: tuple[str, str], threads: int) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # its builds for Windows report to the system's event log
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(_content(*model), options, providers=["CPUExecutionProvider"])


def _content(name: str, sha256: str) -> bytes:
    """Bytes of a model, checked."""
    for folder in _folders():
        path = folder / "models" / name
        if path.is_file():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == sha256:
                return content
    raise Failed("text-models-missing", detail=name)


def _folders() -> list[Path]:
    """Where the wheel's files may lie: beside its modules, found without importing them, or inside a bundle."""
    spec = importlib.util.find_spec("rapidocr")
    beside = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    return [*beside, program_root() / "rapidocr"]


def _resized(picture: Picture, rows: int, columns: int) -> NDArray[np.float32]:
    """In another size, -1 (black) to 1 (white)."""
    enlarged = Image.fromarray(picture).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(enlarged, dtype=np.float32) / np.float32(127.5) - np.float32(1)
