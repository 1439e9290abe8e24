"""The sheet that a person signs before an export leaves: as a page, and as a PDF to print.

It shows patients' pictures, so it lies in the project and is no part of an export. It says what is known at the time
of the dry run, and names the plan that it speaks of.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.domain.deid import CODES, RULES
from app.domain.export import ExportCheck
from app.domain.study import Series
from app.imaging import native
from app.services import report as pages
from app.services.export_rules import protection
from app.store import audits as audit_store
from app.worker import export_contact
from app.worker.export_contact import Tile
from app.worker.export_inspect import UNREADABLE
from app.worker.export_pages import PROGRAM
from app.worker.export_statements import PROFILES
from app.worker.export_task import Task

HTML, PDF = "signoff.html", "signoff.pdf"
MOST_REAL, MOST_SYNTHETIC, ACROSS = 24, 24, 6
A4 = (8.27, 11.69)
"""Inches."""
LINES_A_PAGE, LETTERS_A_LINE = 62, 100
OUTLINE = "#e0a020"


@dataclass(frozen=True, slots=True)
class Shown:
    """A source image on the contact sheet.

    Attributes:
        series, number: which slice.
        hidden: what is blacked out; ``None`` for nothing.
    """

    series: Series
    number: int
    hidden: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences, then names with values."""

    title: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of the sheet."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class _Picture:
    title: str
    line: str
    figure: Figure
    kind: str
    tiles: Sequence[Tile]

    @property
    def image(self) -> str:
        content = io.BytesIO()
        self.figure.savefig(content, format="png", dpi=110)
        return pages.data_uri(content.getvalue())


def write(folder: Path, task: Task, report: ExportCheck, shown: list[Shown]) -> None:
    """Write ``signoff.html`` and ``signoff.pdf``, and the single pictures of their contact sheets.

    Raises:
        OSError: a file cannot be written.
    """
    sheet, pictures = text(report, task), _pictures(task, shown)
    facts = {"sheet": sheet, "pictures": pictures, "style": pages.style()}
    (folder / HTML).write_text(pages.render("signoff.html", facts), encoding="utf-8", newline="\n")
    with PdfPages(folder / PDF, metadata={"Title": sheet.title, "Creator": PROGRAM}) as pdf:
        for figure in _text_pages(sheet):
            pdf.savefig(figure)
        for picture in pictures:
            pdf.savefig(picture.figure)
    for picture in pictures:
        export_contact.save(folder, picture.kind, picture.tiles)


def text(report: ExportCheck, task: Task) -> Sheet:
    """What the sheet says."""
    request = task.content.request
    sections = [Section("What leaves", rows=_leaving(report)), _stays(report)]
    if report.real_per_class:
        own = tuple(f"{CODES[one][1]} (DCM {CODES[one][0]})" for one in sorted(protection(request).options))
        sections += [
            Section("How patients are protected", (PROFILES[request.profile], *own)),
            Section("What each rule will do, and how often", _rules_said(report), _rules(report.fired)),
            Section("What was looked at", _looked(report)),
        ]
    sections.append(Section("What to know before signing", report.notices or ("Nothing further.",)))
    return Sheet(
        title="Export, to be signed",
        subtitle=f"Dry run {report.id}. Nothing has left. Plan {report.plan_sha256}.",
        sections=tuple(sections),
        footer=f"Made by {PROGRAM}. The export's log names the same plan if exactly this leaves. This sheet shows "
        "pictures of patients: it stays in the project.",
    )


def _leaving(report: ExportCheck) -> tuple[tuple[str, str], ...]:
    request = report.request
    rows = [
        ("Goes to", str(request["out"])),
        ("Formats", ", ".join(request["formats"])),
        ("Synthetic images", _counts(report.per_class)),
        ("Real images", _counts(report.real_per_class)),
        ("Parts of the cohort", _counts(report.real_per_split)),
        ("DICOM files that leave as themselves", f"{report.originals:,}"),
        ("Image files", f"{report.files:,}, about {report.bytes / 1e6:,.1f} MB at most"),
        ("Free on that disk", "unknown" if report.free is None else f"{report.free / 1e6:,.0f} MB"),
        ("Profile", request["profile"] if report.real_per_class else "not needed: no real images"),
        ("Licence", request["licence"] or "not stated"),
        ("Intended use", request["intended_use"] or "research; not for diagnosis or treatment"),
    ]
    return (*rows, ("Reason given", request["reason"])) if request["reason"] else tuple(rows)


def _stays(report: ExportCheck) -> Section:
    if not report.left_out:
        return Section("What stays, and why", ("Nothing that is known of yet.",))
    return Section("What stays, and why", rows=tuple((reason, f"{n:,}") for reason, n in report.left_out.items()))


def _rules_said(report: ExportCheck) -> tuple[str, ...]:
    if report.originals:
        return (f"Counted over the headers of {report.originals:,} DICOM files, all cleaned without writing.",)
    return ("No DICOM header leaves. Prepared slices carry a short list of technical values, and nothing else.",)


def _rules(fired: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    return tuple((RULES.get(rule, rule).capitalize(), f"{count:,}") for rule, count in fired.items())


def _looked(report: ExportCheck) -> tuple[str, ...]:
    return (
        f"{report.pixels_checked:,} of {report.pixels_total:,} source images were searched for text and faces.",
        f"Text was found in {report.with_text:,} of them and will be blacked out; "
        f"a face will be removed from {report.defaced:,}.",
    )


def _counts(counts: Mapping[str, int]) -> str:
    if not counts:
        return "none"
    return f"{sum(counts.values()):,} ({', '.join(f'{name} {n:,}' for name, n in counts.items())})"


def _pictures(task: Task, shown: list[Shown]) -> list[_Picture]:
    found = []
    if shown:
        tiles = [(_source(one), one.hidden) for one in shown]
        line = "Source images; what is outlined will be blacked out. All with text that was found, and a few others."
        found.append(_Picture("Real images", line, _contact("Real images", tiles), "real", tiles))
    content = task.content
    if content.samples is not None and content.chosen.kept:
        images = np.load(
            task.project.samples / content.samples.id / audit_store.IMAGES_FILE, mmap_mode="r", allow_pickle=False
        )
        kept = content.chosen.kept[:: max(1, -(-len(content.chosen.kept) // MOST_SYNTHETIC))]
        drawn: list[Tile] = [
            ((np.asarray(images[one.number, 0], np.float32) + np.float32(1)) / np.float32(2), None) for one in kept
        ]
        line = "Synthetic images, spread evenly over those that leave."
        found.append(_Picture("Synthetic images", line, _contact("Synthetic images", drawn), "synthetic", drawn))
    return found


def _source(one: Shown) -> NDArray[np.float32]:
    """The slice as its window shows it, 0 to 1; black where it cannot be read."""
    try:
        image = native.load(one.series, one.number)
    except UNREADABLE:
        return np.zeros((8, 8), dtype=np.float32)
    low, high = image.default_window
    shown: NDArray[np.float32] = np.clip((image.pixels - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    return shown


def _contact(title: str, tiles: Sequence[Tile]) -> Figure:
    down = max(1, -(-len(tiles) // ACROSS))
    figure = Figure(figsize=(A4[0], max(2.0, 1.35 * down + 0.8)))
    figure.suptitle(title, fontsize=11, x=0.06, ha="left")
    for number, (pixels, hidden) in enumerate(tiles, start=1):
        axes = figure.add_subplot(down, ACROSS, number)
        axes.imshow(pixels, cmap="gray", interpolation="nearest")
        if hidden is not None and hidden.shape == pixels.shape and hidden.any() and not hidden.all():
            axes.contour(hidden.astype(np.float32), levels=[0.5], colors=[OUTLINE], linewidths=1.0)
        axes.set_axis_off()
    figure.subplots_adjust(left=0.06, right=0.94, top=1 - 0.5 / figure.get_figheight(), bottom=0.03, wspace=0.06)
    return figure


def _text_pages(sheet: Sheet) -> list[Figure]:
    """The text on as many pages as it takes, with places for two signatures at its end."""
    lines = [(sheet.title, 16), *_wrapped(sheet.subtitle)]
    for section in sheet.sections:
        lines += [("", 9), (section.title, 12)]
        for line in section.lines:
            lines += _wrapped(line)
        for name, value in section.rows:
            lines += _wrapped(f"{name}:  {value}")
    blank = "_" * 28
    lines += [("", 9), ("Signatures", 12), *_wrapped("I have read this sheet and looked at the pictures on it.")]
    lines += [("", 9), (f"Name {blank}   Role {blank}   Date {blank[:14]}", 9)] * 2
    lines += [("", 9), *_wrapped(sheet.footer)]
    chunks = [lines[at : at + LINES_A_PAGE] for at in range(0, len(lines), LINES_A_PAGE)]
    return [_page(chunk) for chunk in chunks]


def _wrapped(line: str) -> list[tuple[str, int]]:
    return [(part, 9) for part in textwrap.wrap(line, LETTERS_A_LINE)] or [("", 9)]


def _page(lines: list[tuple[str, int]]) -> Figure:
    figure = Figure(figsize=A4)
    for number, (line, size) in enumerate(lines):
        weight = "bold" if size > 9 else "normal"
        place = 0.95 - number * 0.9 / LINES_A_PAGE
        figure.text(0.07, place, line.replace("$", r"\$"), fontsize=size, fontweight=weight, va="top")
    return figure
