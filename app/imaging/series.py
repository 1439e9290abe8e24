"""Files to studies and series: grouped by identity, split into stacks, sorted along the normal.

Here the raw patient identity ends: it becomes a hash keyed with the project's own secret, so that no two projects
can be joined by it and nothing of it can be read back. It must not know databases or the window.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from app.domain.study import Instance, Series, SourceKind, Study
from app.imaging import geometry, remarks, repetitions, scouts, series_tags, splitting
from app.imaging.content import FileContent
from app.imaging.splitting import Part, Slice


def group(contents: Iterable[FileContent], secret: bytes) -> list[Study]:
    """Studies with their series, in the order in which their first files came; see ``assemble``."""
    studies: dict[str, list[FileContent]] = defaultdict(list)
    for content in contents:
        studies[study_key(content, secret)].append(content)
    return [
        assemble(key, patient_key(members[0], secret), members[0].patient_known, members, secret)
        for key, members in studies.items()
    ]


def assemble(key: str, patient: str, patient_known: bool, contents: Sequence[FileContent], secret: bytes) -> Study:
    """The study ``key`` from all of its files, whatever order they come in; nothing else goes into it.

    It is put together again whenever files are added or fall out; the keys of series whose slices stay what they were
    do not change by that. Series are split by size, orientation, pixel spacing, echo, image type, kernel, unit and
    frame of reference; slices that repeat a place are split further by time, b-value or acquisition. DICOM slices are
    sorted by position along the normal (PS3.3 C.7.6.2.1.1), NIfTI slices and pages stay as stored.

    Args:
        key: of the study, as ``study_key`` gives it.
        patient: as ``patient_key`` gives it.
        patient_known: whether the files name their patient.
        contents: at least one; ``patient_id`` is not needed.
        secret: the project's.
    """
    members = sorted(contents, key=lambda content: str(content.path))
    first = members[0]
    series: dict[str, list[Slice]] = defaultdict(list)
    for content in members:
        uid = content.series_uid or content.path.name
        series[uid].extend(splitting.slice_of(content, frame) for frame in content.frames)
    found = [one for uid, slices in series.items() for one in _of_one_uid(_hashed(secret, key, uid), slices, secret)]
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


def _of_one_uid(uid: str, slices: Sequence[Slice], secret: bytes) -> Iterator[Series]:
    parts = splitting.split(slices)
    for part, apart in zip(parts, scouts.apart(parts), strict=True):
        key = hashlib.sha256(f"{uid}{part.signature}{part.identity}".encode()).hexdigest()[:32]
        yield _series(key, part, apart, secret)


def _series(key: str, part: Part, apart: str, secret: bytes) -> Series:
    slices = _in_order(part.slices)
    content, frame = slices[0].content, slices[0].frame
    tags = dict(content.tags)
    stack = _stack(slices)
    if stack and stack.tilt_degrees >= geometry.TILT_DEGREES:
        tags[series_tags.TILT] = f"{stack.tilt_degrees:.1f}"
    if stack and stack.shift_mm >= geometry.SHIFT_MM:
        tags[series_tags.SHIFT] = f"{stack.shift_mm:.1f}"
    frame_uid = content.frame_of_reference_uid
    return Series(
        key=key,
        kind=content.kind,
        modality=content.modality,
        description=", ".join(word for word in (content.description, *part.words) if word),
        folder=str(content.path.parent),
        spacing_mm=(*(frame.spacing_mm or (None, None)), (stack.spacing_mm if stack else None) or _thickness(tags)),
        orientation=frame.orientation,
        unit=max((one.content.unit for one in slices), key=("stored", "rescaled", "Bq/ml", "HU", "SUV").index),
        bits=max(one.content.bits for one in slices),
        instances=tuple(map(_instance, slices)),
        warnings=remarks.of(slices, stack),
        tags=tags,
        frame_of_reference=_hashed(secret, "frame", frame_uid) if frame_uid else "",
        apart=content.apart or apart,
    )


def _in_order(slices: Sequence[Slice]) -> list[Slice]:
    """DICOM slices along their normal, pictures of one place by time; slices of other formats as stored."""
    if slices[0].content.kind is not SourceKind.DICOM:
        return sorted(slices, key=lambda one: (str(one.content.path), one.frame.index))
    if len({one.place for one in slices}) == 1 and slices[0].distance is not None:
        return sorted(slices, key=lambda one: (repetitions.times(one.frame), *_number(one)))
    return sorted(slices, key=lambda one: (one.place, *_number(one)))


def _number(one: Slice) -> tuple[float, str, int]:
    return one.frame.order, str(one.content.path), one.frame.index


def _stack(slices: Sequence[Slice]) -> geometry.Stack | None:
    """How the slices lie; ``None`` where that is unknown."""
    distances = [one.distance for one in slices if one.distance is not None]
    corners = [one.frame.position for one in slices if one.frame.position is not None]
    if len(distances) < len(slices) or not corners:
        return None
    return geometry.describe(distances, *geometry.lean(corners, slices[0].frame.orientation))


def _thickness(tags: dict[str, str]) -> float | None:
    """Slice thickness as the header states it, for a single slice."""
    try:
        return float(tags.get("SliceThickness", ""))
    except ValueError:
        return None


def _instance(one: Slice) -> Instance:
    content, frame = one.content, one.frame
    return Instance(
        path=str(content.path),
        index=frame.index,
        position_mm=one.distance,
        sop_instance_uid=content.sop_instance_uid,
        sha256=content.sha256,
        rows=frame.rows,
        columns=frame.columns,
    )
