"""Localisers and overviews that do not say so in their headers, told by how the stacks of one series lie.

GE and Siemens put an overview slice into the series that it shows the range of; Philips surveys are called like any
other scan. It judges geometry alone; what headers say is judged in ``dicom_kinds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from app.imaging import geometry
from app.imaging.splitting import Part

_FEW = 2
_MANY = 8
"""An overview is a picture or two beside a stack of at least so many."""
_LOCALISER_SLICES = 20
"""Slices that a localiser has at most in one direction; isotropic reformats have more."""
_RIGHT_ANGLE = 0.1
"""Cosine (6 degrees) up to which normals count as at right angles."""


def apart(parts: Sequence[Part]) -> list[str]:
    """Why each part is no stack to learn from: "overview", "localiser", or "" where it is one or nothing tells."""
    judged = [part.slices[0].content.modality in ("CT", "MR") and bool(_turn(part)) for part in parts]
    if _crosswise([part for part, is_judged in zip(parts, judged, strict=True) if is_judged]):
        return ["localiser" if is_judged else "" for is_judged in judged]
    return ["overview" if yes and _is_overview(part, parts) else "" for part, yes in zip(parts, judged, strict=True)]


def _crosswise(parts: Sequence[Part]) -> bool:
    """Whether the parts show three directions at right angles, few slices each."""
    if len(parts) < 3 or max(len(part.slices) for part in parts) > _LOCALISER_SLICES:
        return False
    normals = list(dict.fromkeys(_turn(part) for part in parts))
    return any(all(_is_square(a, b) for a, b in combinations(three, 2)) for three in combinations(normals, 3))


def _is_overview(part: Part, parts: Sequence[Part]) -> bool:
    if part.slices[0].content.modality != "CT" or len(part.slices) > _FEW:
        return False
    return any(len(other.slices) >= _MANY and _is_square(_turn(part), _turn(other)) for other in parts if _turn(other))


def _turn(part: Part) -> tuple[float, ...]:
    """The part's normal; empty where unknown."""
    orientation = part.slices[0].frame.orientation
    return geometry.normal(orientation) if orientation else ()


def _is_square(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return abs(float(np.dot(one, other))) <= _RIGHT_ANGLE
