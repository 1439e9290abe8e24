"""Headers of NRRD files (.nrrd, and .nhdr with its data file). See ``volume_header`` for what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.imaging import volume_header
from app.imaging.volume_header import VolumeHeader

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_KINDS: dict[str, np.dtype[Any]] = {name: np.dtype(code) for code, names in _TYPES.items() for name in names}
_TO_LPS = {"R": (-1.0, 0), "L": (1.0, 0), "A": (-1.0, 1), "P": (1.0, 1), "S": (1.0, 2), "I": (-1.0, 2)}
_SPACES = {"right": "R", "left": "L", "anterior": "A", "posterior": "P", "superior": "S", "inferior": "I"}
_DOMAIN = frozenset({"domain", "space", "time", "???", "none"})
_COLOUR = frozenset({"rgb-color", "rgba-color", "3-color", "4-color"})
_PACKED = {"raw": False, "gzip": True, "gz": True, "ascii": False, "text": False, "txt": False, "hex": False}
_MODALITIES = {"CT": "CT", "MR": "MR", "DWMRI": "MR", "PT": "PT", "PET": "PT", "US": "US", "NM": "NM"}
_FIELD = re.compile(r"([^:=]+?)(:=|:)\s*(.*)")


def parse(path: Path) -> VolumeHeader:
    """Read the header of ``path``.

    Raises:
        Failed: ``damaged-file``, ``nifti-shape``, ``nifti-voxels``, ``volume-layout`` or ``volume-data-missing``.
        ValueError, LookupError: a field makes no sense.
    """
    fields = _fields(volume_header.text_of(path, r"$"))
    sizes = volume_header.sizes_of(fields["sizes"])
    if len(sizes) != int(fields["dimension"]):
        raise Failed("damaged-file", detail="its header contradicts itself")
    kinds = _axis_kinds(fields, len(sizes))
    over = [axis for axis, kind in enumerate(kinds) if kind not in _DOMAIN]
    if any("complex" in kind for kind in kinds):
        raise Failed("nifti-voxels", kind="complex")
    domain = [axis for axis in range(len(sizes)) if axis not in over]
    if len(over) > 1 or "time" in [kinds[axis] for axis in domain[:2]]:
        raise Failed("volume-layout", detail="its axes are in an unusual order")
    encoding = fields["encoding"].lower()
    if encoding not in _PACKED:
        raise Failed("volume-layout", detail=f"its voxels are packed as {encoding}")
    name = fields.get("data file") or fields.get("datafile")
    return volume_header.build(
        [sizes[axis] for axis in domain],
        _affine(fields, domain),
        kind=_KINDS[fields["type"].lower()],
        values=sizes[over[0]] if over else 1,
        is_colour=bool(over) and kinds[over[0]] in _COLOUR,
        data=volume_header.beside(path, name) if name else path,
        is_packed=_PACKED[encoding],
        modality=_MODALITIES.get(fields.get("modality", "").upper(), ""),
    )


def _fields(text: str) -> dict[str, str]:
    """Field and key/value lines after the first, names in lower case."""
    found = (_FIELD.fullmatch(line) for line in text.splitlines()[1:] if not line.startswith("#"))
    return {match[1].strip().lower(): match[3].strip() for match in found if match}


def _axis_kinds(fields: dict[str, str], count: int) -> list[str]:
    kinds = fields.get("kinds", "").lower().split() or ["domain"] * count
    if len(kinds) != count:
        raise Failed("damaged-file", detail="its header contradicts itself")
    return kinds


def _affine(fields: dict[str, str], domain: list[int]) -> NDArray[np.float64]:
    """Voxel numbers to LPS mm; without directions, along the axes as stored, as ITK has it."""
    columns = _directions(fields, domain)
    affine = np.eye(4)
    for axis, column in enumerate(columns[:3]):
        affine[:3, axis] = (*column, 0.0, 0.0)[:3]
    origin = volume_header.numbers(fields.get("space origin", "0 0 0").strip("()"))
    affine[:3, 3] = (*origin, 0.0, 0.0)[:3]
    return _space(fields.get("space", "")) @ affine


def _directions(fields: dict[str, str], domain: list[int]) -> list[list[float]]:
    if "space directions" in fields:
        words = re.findall(r"\([^)]*\)|none", fields["space directions"].lower())
        chosen = [words[axis] for axis in domain][:3]
        return [volume_header.numbers(word.strip("()")) for word in chosen if word != "none"]
    if "spacings" not in fields:
        return [[float(row == axis) for row in range(3)] for axis in range(len(domain[:3]))]
    spacings = volume_header.numbers(fields["spacings"])
    return [[spacings[axis] * (row == place) for row in range(3)] for place, axis in enumerate(domain[:3])]


def _space(name: str) -> NDArray[np.float64]:
    """Turn of the named space to LPS; unnamed and scanner spaces count as LPS, as ITK has it."""
    words = name.lower().strip('"').split("-")
    letters = [_SPACES.get(word, "") for word in words[:3]]
    letters = letters if all(letters) else [*name.strip('"').upper()[:3]]
    turn = np.eye(4)
    if len(letters) == 3 and all(letter in _TO_LPS for letter in letters):
        turn[:3, :3] = 0
        for row, letter in enumerate(letters):
            sign, axis = _TO_LPS[letter]
            turn[axis, row] = sign
    return turn
