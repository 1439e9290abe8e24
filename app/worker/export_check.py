"""The full dry run of an export: every header is cleaned and nothing written, and a sheet made for signing.

Pixels are looked at in a sample of the images, or in all of them where that was asked for; the sheet says which. What
is made lies in the project (``exports/<id>``), never at the target.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.export import ExportCheck, ExportRequest, Format
from app.domain.heads import remark
from app.domain.study import Series, SourceKind
from app.imaging.dicom_pixels import quiet
from app.jobs.spec import JobSpec
from app.services.export_place import Place, check_space, warnings
from app.services.export_rules import check_request
from app.services.export_size import originals
from app.store.folders import new_id, staged, write_json
from app.store.library import Library
from app.store.project import Project
from app.worker import export_signoff
from app.worker.channel import Channel
from app.worker.export_inspect import REDACTED, Inspector
from app.worker.export_memory import Memory
from app.worker.export_originals import UNCHECKED, header_only
from app.worker.export_pages import Place as RealPlace
from app.worker.export_real import GONE, by_series, reason_to_stay
from app.worker.export_signoff import Shown
from app.worker.export_task import Counter, Task, prepared

FOLDER = "exports"
REPORT = "report.json"
SAMPLE = 24
"""Images whose pixels are looked at unless all are asked for."""
LONGEST_PATH = 120

SAMPLED_NOTICE = (
    "Only {checked:,} of {total:,} source images were looked at for text and faces in this dry run. The export itself "
    "looks at every one."
)
MIXED_NOTICE = (
    "{count:,} series leave as a whole though their slices have several classes; each is listed under its most "
    "frequent one."
)
PLAIN_NOTICE = (
    "Plain image files do not say what they show: they are checked for text, not for faces. Look at them on the "
    "contact sheet."
)


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Carry out a dry run of ``params["request"]``; ``params["pixels"]`` asks for every image to be looked at."""
    project = Project.open(Path(spec.project))
    try:
        request = ExportRequest.from_json(spec.params["request"])
        return check(project, request, channel, every_pixel=bool(spec.params.get("pixels"))).to_json()
    finally:
        project.close()


def check(project: Project, request: ExportRequest, channel: Channel, *, every_pixel: bool = False) -> ExportCheck:
    """Say what an export would be, without writing anything at its target.

    Args:
        project: it.
        request: what is asked.
        channel: phases and progress.
        every_pixel: look at the pixels of every image.

    Raises:
        BadUsage, Refused, Failed: as ``export``.
        Stopped: nothing is left behind.
    """
    check_request(request)
    task = prepared(project, request, channel)
    place = Place.of(Path(request.out))
    check_space(Path(request.out), task.bytes, place)
    headers = _headers(task, channel)
    looked = _pixels(task, channel, every_pixel=every_pixel)
    report = _report(task, place, headers, looked)
    channel.phase("Making the sheet to sign")
    with staged(project.root / FOLDER / report.id) as folder:
        export_signoff.write(folder, task, report, looked.shown)
        write_json(folder / REPORT, report.to_json())
    return report


@dataclass(slots=True)
class _Headers:
    files: int = 0
    fired: Tally[str] = field(default_factory=Tally)
    mixed: int = 0


@dataclass(slots=True)
class _Looked:
    checked: int = 0
    total: int = 0
    with_text: int = 0
    defaced: int = 0
    left_out: Tally[str] = field(default_factory=Tally)
    shown: list[Shown] = field(default_factory=list)


def _headers(task: Task, channel: Channel) -> _Headers:
    """Clean the header of every DICOM file that would leave as itself, and count the rules that do something."""
    found = _Headers()
    if Format.DICOM not in task.content.request.formats:
        return found
    channel.phase("Cleaning headers, without writing")
    leaving = originals(Library(task.project), task.content.cohort, task.content.items)
    counter = Counter(channel, sum(len(paths) for paths in leaving.values()))
    deidentifier = task.deidentifier()
    for group in by_series(task.places()):
        labels = {place.item.label for place in group}
        found.mixed += len(labels) > 1 and len(leaving.get(group[0].item.series, ())) > len(group)
        for path in leaving.get(group[0].item.series, ()):
            with quiet():
                cleaned = deidentifier.clean(header_only(Path(path)), patient=group[0].patient, check=UNCHECKED)
            found.fired.update(cleaned.fired)
            found.files += 1
            counter()
    return found


def _pixels(task: Task, channel: Channel, *, every_pixel: bool) -> _Looked:
    places = task.places()
    found = _Looked(total=len(places))
    chosen = places if every_pixel else places[:: max(1, -(-len(places) // SAMPLE))]
    if not chosen:
        return found
    channel.phase("Looking at every picture" if every_pixel else "Looking at a sample of the pictures")
    counter = Counter(channel, len(chosen))
    inspector = Inspector(Memory(task.project), channel.check)
    for group in by_series(chosen):
        series = task.sources.of_key(group[0].item.series)
        if series is None:
            found.left_out[GONE] += len(group)
        else:
            _look(task, inspector, series, group, found)
        found.checked += len(group)
        counter(len(group))
    return found


def _look(task: Task, inspector: Inspector, series: Series, group: list[RealPlace], found: _Looked) -> None:
    numbers = task.native_numbers(series, group)
    screened = task.sources.screened(group[0].item)
    inspected = inspector.inspect(series, numbers, screened.identities | screened.names)
    for place in group:
        own = task.native_numbers(series, [place])
        state = inspected.check(own)
        reason = reason_to_stay(task.content.request.profile, state)
        found.left_out.update([f"{reason} {inspected.why}".strip()] if reason else [])
        found.with_text += state.text == REDACTED
    found.defaced += len(group) if inspected.faces == "defaced" else 0
    for number in numbers:
        if inspected.text.get(number) == REDACTED or len(found.shown) < export_signoff.MOST_REAL:
            found.shown.append(Shown(series, number, inspected.hidden.get(number)))


def _report(task: Task, place: Place, headers: _Headers, looked: _Looked) -> ExportCheck:
    content = task.content
    left_out = Tally(one.reason for one in content.chosen.left_out) + looked.left_out
    identity = new_id("export-check")
    return ExportCheck(
        id=identity,
        request=content.request.to_json(),
        plan_sha256=task.plan,
        files=task.files,
        bytes=task.bytes,
        per_class=content.chosen.counts(),
        real_per_class=content.real,
        real_per_split=content.per_split,
        originals=headers.files,
        fired=dict(sorted(headers.fired.items())),
        left_out=dict(left_out),
        pixels_checked=looked.checked,
        pixels_total=looked.total,
        with_text=looked.with_text,
        defaced=looked.defaced,
        notices=tuple(_notices(task, place, headers, looked)),
        filesystem=place.filesystem,
        free=place.free,
        html=f"{FOLDER}/{identity}/{export_signoff.HTML}",
        pdf=f"{FOLDER}/{identity}/{export_signoff.PDF}",
    )


def _notices(task: Task, place: Place, headers: _Headers, looked: _Looked) -> Iterable[str]:
    content = task.content
    request = content.request
    if looked.checked < looked.total:
        yield SAMPLED_NOTICE.format(checked=looked.checked, total=looked.total)
    if headers.mixed:
        yield MIXED_NOTICE.format(count=headers.mixed)
    series = (task.sources.of_key(key) for key in {item.series for item in content.items})
    if any(one is not None and one.kind is SourceKind.IMAGE for one in series):
        yield PLAIN_NOTICE
    if content.run is not None and (said := remark(content.run)):
        yield said
    fullest = max([*content.chosen.counts().values(), *content.real.values()], default=0)
    largest = task.bytes if request.zipped else 0
    yield from warnings(Path(request.out), place, largest=largest, in_a_folder=fullest, longest=LONGEST_PATH)
