"""Files to studies and series: grouped by identity, split by geometry, sorted along the normal.

Here the raw patient identity ends: it becomes a hash keyed with the project's own secret, so that no two projects
can be joined by it and nothing of it can be read back. It must not know databases or the window.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from app.domain.study import Instance, Series, SourceKind, Study
from app.imaging import geometry
from app.imaging.content import FileContent, Frame

NO_POSITIONS = "The files give no positions; the slices are in the order of their numbers."


class Slice(NamedTuple):
    """A frame with the file that it came from."""

    content: FileContent
    frame: Frame


def group(contents: Iterable[FileContent], secret: bytes) -> list[Study]:
    """Studies with their series, in the order in which their first files came.

    Series are split by size, orientation, pixel spacing, echo and image type; slices that repeat one position are
    split further by time or acquisition. DICOM slices are sorted by position along the normal (PS3.3 C.7.6.2.1.1),
    NIfTI slices and pages stay as stored.
    """
    studies: dict[str, list[FileContent]] = defaultdict(list)
    for content in contents:
        studies[study_key(content, secret)].append(content)
    return [
        assemble(key, patient_key(members[0], secret), members[0].patient_known, members, secret)
        for key, members in studies.items()
    ]


def assemble(key: str, patient: str, patient_known: bool, contents: Sequence[FileContent], secret: bytes) -> Study:
    """The study ``key`` from all of its files, whatever order they come in; nothing else goes into it.

    It is put together again whenever files are added or fall out. Needs no ``patient_id``.
    """
    members = sorted(contents, key=lambda content: str(content.path))
    first = members[0]
    series: dict[str, list[Slice]] = defaultdict(list)
    for content in members:
        uid = content.series_uid or content.path.name
        series[uid].extend(Slice(content, frame) for frame in content.frames)
    found = [one for uid, slices in series.items() for one in _split(_hashed(secret, key, uid), slices)]
    label = " ".join(part for part in (first.study_description or first.path.parent.name, first.date) if part)
    return Study(
        key=key, patient=patient, patient_known=patient_known, label=label, date=first.date, series=tuple(found)
    )


def patient_key(content: FileContent, secret: bytes) -> str:
    """Keyed hash of who the file shows; a file that names nobody stands for itself (or its study).

    It is the same before and after the file's pixels were checked, hence the path and not the content's hash.
    """
    return _hashed(secret, "patient", content.patient_id or content.study_uid or str(content.path))


def study_key(content: FileContent, secret: bytes) -> str:
    """Key of the study that the file belongs to; a file of a format without studies is one of its own."""
    alone = content.kind is not SourceKind.DICOM
    where = content.study_uid or str(content.path if alone else content.path.parent)
    return _hashed(secret, "study", where, patient_key(content, secret))


def _hashed(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def _split(uid: str, slices: Sequence[Slice]) -> list[Series]:
    """One series for every geometry and variant, and for every repetition of it."""
    stacks: dict[tuple[Hashable, ...], list[Slice]] = defaultdict(list)
    for one in slices:
        stacks[_signature(one)].append(one)
    result = []
    for signature, members in stacks.items():
        for moment, part in _repetitions(members):
            key = hashlib.sha256(f"{uid}{signature}{moment}".encode()).hexdigest()[:32]
            result.append(_series(key, moment, part))
    return result


def _signature(one: Slice) -> tuple[Hashable, ...]:
    """What slices of one series have in common; rounded, as headers carry rounding errors."""
    frame = one.frame
    orientation = tuple(round(c, 2) + 0.0 for c in frame.orientation)
    spacing = tuple(float(f"{s:.3g}") for s in frame.spacing_mm or ())
    return frame.rows, frame.columns, orientation, spacing, one.content.variant, one.content.modality


def _place(one: Slice) -> float | None:
    distance = _distance(one.frame)
    return None if distance is None else round(distance / geometry.SAME_PLACE_MM / 4) * geometry.SAME_PLACE_MM * 4


def _repetitions(slices: list[Slice]) -> list[tuple[str, list[Slice]]]:
    """Split a stack that shows each place several times (time points, phases) into stacks that show it once."""
    times = Counter(_place(one) for one in slices)
    most = max(times.values())
    if None in times or most == 1:
        return [("", slices)]
    for name in dict.fromkeys(name for one in slices for name, _ in one.frame.moments):
        parts: dict[str, list[Slice]] = defaultdict(list)
        for one in slices:
            parts[dict(one.frame.moments).get(name, "")].append(one)
        if len(parts) <= 2 * most and all(_shows_places_once(part) for part in parts.values()):
            return [(f"{_words(name)} {value}", part) for value, part in parts.items()]
    if len(times) > 1 and set(times.values()) == {most}:
        return _dealt(slices)
    return [("", slices)]


def _shows_places_once(slices: Sequence[Slice]) -> bool:
    return len({_place(one) for one in slices}) == len(slices)


def _dealt(slices: list[Slice]) -> list[tuple[str, list[Slice]]]:
    """The first slice of every place, then the second of every place, and so on, by instance number."""
    seen: Counter[float | None] = Counter()
    parts: dict[str, list[Slice]] = defaultdict(list)
    for one in sorted(slices, key=lambda s: s.frame.order):
        seen[_place(one)] += 1
        parts[f"repetition {seen[_place(one)]}"].append(one)
    return list(parts.items())


def _words(keyword: str) -> str:
    return {
        "TemporalPositionIdentifier": "time point",
        "TemporalPositionIndex": "time point",
        "AcquisitionNumber": "acquisition",
        "TriggerTime": "trigger time",
    }.get(keyword, keyword)


def _series(key: str, moment: str, slices: list[Slice]) -> Series:
    content, frame = slices[0]
    placed = all(one.frame.position is not None for one in slices)
    if content.kind is SourceKind.DICOM:
        slices = sorted(slices, key=_sort_key if placed else (lambda s: (s.frame.order, str(s.content.path))))
    instances = tuple(_instance(one) for one in slices)
    tags = dict(content.tags)
    warnings: tuple[str, ...] = ()
    thickness: float | None = None
    if placed and len(slices) > 1:
        stack = geometry.describe([i.position_mm or 0.0 for i in instances], _lean(slices))
        thickness, warnings = stack.spacing_mm, geometry.sentences(stack, len(slices))
        if stack.tilt_degrees >= geometry.TILT_DEGREES:
            tags["GantryDetectorTilt"] = f"{stack.tilt_degrees:.1f}"
    elif len(slices) > 1 and content.kind is SourceKind.DICOM:
        warnings = (NO_POSITIONS,)
    return Series(
        key=key,
        kind=content.kind,
        modality=content.modality,
        description=", ".join(part for part in (content.description, moment) if part),
        folder=str(content.path.parent),
        spacing_mm=(*(frame.spacing_mm or (None, None)), thickness or _thickness(tags)),
        orientation=frame.orientation,
        unit=content.unit,
        bits=max(one.content.bits for one in slices),
        instances=instances,
        warnings=warnings,
        tags=tags,
    )


def _sort_key(one: Slice) -> tuple[float, float]:
    return _distance(one.frame) or 0.0, one.frame.order


def _distance(frame: Frame) -> float | None:
    return None if frame.position is None else geometry.along_normal(frame.position, frame.orientation)


def _lean(slices: Sequence[Slice]) -> float:
    first, last = slices[0].frame, slices[-1].frame
    if first.position is None or last.position is None:
        return 0.0
    return geometry.lean_degrees(first.position, last.position, first.orientation)


def _thickness(tags: dict[str, str]) -> float | None:
    """Slice thickness as the header states it, for a single slice."""
    try:
        return float(tags.get("SliceThickness", ""))
    except ValueError:
        return None


def _instance(one: Slice) -> Instance:
    content, frame = one
    return Instance(
        path=str(content.path),
        index=frame.index,
        position_mm=_distance(frame),
        sop_instance_uid=content.sop_instance_uid,
        sha256=content.sha256,
        rows=frame.rows,
        columns=frame.columns,
    )
