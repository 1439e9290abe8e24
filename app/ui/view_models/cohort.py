"""What the Cohort room shows and asks, without widgets: choices, class counts, which slices to preview."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.cohort import Cohort
from app.domain.heads import may_show_a_face
from app.domain.recipe import Recipe
from app.domain.study import SeriesLine
from app.services.attributes import HEADERS
from app.ui.phrases import count
from app.ui.view_models.library import series_title

SPLITS = ("70/15/15", "80/10/10", "60/20/20")
"""Shares of patients offered, for train, val and test."""
PREVIEWED = 24
FOLDERS = 200
SHOWN_VALUES = 3
UNLABELLED = "No label"
USUAL = ("PatientSex", "PatientAge", "Manufacturer")
"""Header attributes that the window offers to ask for; the command line takes more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form says.

    Attributes:
        recipe: how slices become pictures.
        label_by: as ``services.cohorts``: "folder", "hand", "tag:KEYWORD", "csv:FILE"; "tag:" and "csv:" alone are
            incomplete.
        split: shares, or "table" for the splits of the label table.
        under: folder to stay below, or ``None`` for all.
        series: keys to take, empty for all.
        attributes: where attributes come from, as ``services.cohorts``.
        unlabelled: images without a label are learnt from too.
        empty_selection: the person asked for the Library's selection and nothing is selected there.
    """

    recipe: Recipe = field(default_factory=Recipe)
    label_by: str = "folder"
    split: str = SPLITS[0]
    under: Path | None = None
    series: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    unlabelled: bool = False
    empty_selection: bool = False

    def problem(self) -> str:
        """What is still missing, as a sentence; "" where the choice is complete."""
        if self.empty_selection:
            return "Nothing is selected in the Library. Select studies there, or choose all images here."
        if self.label_by == "csv:":
            return "Choose the table that holds the labels."
        if self.label_by == "tag:":
            return "Choose the DICOM attribute that tells the classes apart."
        return ""

    def takes(self, series: str, folder: str) -> bool:
        """Whether a series of the library is among the images chosen."""
        below = self.under is None or Path(folder).is_relative_to(self.under)
        return below and not self.empty_selection and (not self.series or series in self.series)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of ``Cohorts.draft`` and ``make``."""
        split = self.label_by if self.split == "table" else self.split
        under = [self.under] if self.under is not None else []
        return {
            "label_by": self.label_by,
            "split": split,
            "under": under,
            "series": list(self.series),
            "attributes": list(self.attributes),
            "unlabelled": self.unlabelled,
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of a list to choose from: what is read and what it stands for."""

    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What the library offers to choose from.

    Attributes:
        images: how many there are.
        folders, attributes: lists to choose from.
        series: (key, name, folder) of every series, for labels by hand.
        labels: labels given by hand, by series key.
        cohorts: names of the cohorts that exist.
        headers: (keyword, name) of header attributes that differ and can be asked for when drawing.
        heads: whether any series could show a face.
    """

    images: int
    folders: Sequence[Offer]
    attributes: Sequence[Offer]
    series: Sequence[tuple[str, str, str]]
    labels: Mapping[str, str]
    cohorts: Sequence[str]
    headers: Sequence[tuple[str, str]] = ()
    heads: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A draft as the room shows it.

    Attributes:
        cohort: the draft itself.
        verdict: what it can support.
        rows: (class, train, val, test) images; those without a label last.
        known: one line for each attribute.
        patients: (train, val, test) patients; ``None`` where the sources name none.
        samples: slices to preview, spread over the classes: (series, index, class).
    """

    cohort: Cohort
    verdict: str
    rows: tuple[tuple[str, int, int, int], ...]
    patients: tuple[int, int, int] | None
    samples: tuple[tuple[str, int, str], ...] = field(repr=False)
    known: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """ "240 images in 3 classes"."""
        return size_text(self.cohort)


def offers(lines: Sequence[SeriesLine], labels: Mapping[tuple[str, int | None], str], cohorts: Sequence[str]) -> Offers:
    """Everything to choose from; takes a while with thousands of series."""
    return Offers(
        images=sum(line.images for line in lines),
        folders=folder_offers(lines),
        attributes=attribute_offers(lines),
        series=[(line.key, _named(line), line.folder) for line in lines],
        labels={key: text for (key, index), text in labels.items() if index is None},
        cohorts=cohorts,
        headers=header_offers(lines),
        heads=any(may_show_a_face(line.kind, line.modality) for line in lines),
    )


def _named(line: SeriesLine) -> str:
    title = series_title(line)
    return title if title == line.study_label or not line.study_label else f"{line.study_label} · {title}"


def shown(cohort: Cohort, verdict: str) -> Shown:
    """What to show of a draft."""
    rows = tuple((name, n["train"], n["val"], n["test"]) for name, n in cohort.counts().items())
    if cohort.unlabelled:
        rows = (*rows, (UNLABELLED, cohort.unlabelled, 0, 0))
    who = cohort.patients()
    patients = (who["train"], who["val"], who["test"]) if cohort.patients_known else None
    known = tuple(f"{a.name}: {a.choices()} · {count(a.known, 'training image')}" for a in cohort.attributes)
    return Shown(cohort, verdict, rows, patients, samples(cohort), known)


def size_text(cohort: Cohort) -> str:
    """ "240 images in 3 classes, 80 without a label"."""
    more = f", {cohort.unlabelled:,} without a label" if cohort.unlabelled else ""
    return f"{count(len(cohort.labelled), 'image')} in {count(len(cohort.classes), 'class', 'classes')}{more}"


def samples(cohort: Cohort, wanted: int = PREVIEWED) -> tuple[tuple[str, int, str], ...]:
    """Slices to look at, evenly from every class and taken in turns, so that the first few show them all.

    Those without a label come last in each turn.
    """
    by_class: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for item in cohort.items:
        by_class[item.label].append((item.series, item.index, item.label or UNLABELLED))
    each = max(1, wanted // max(1, len(by_class)))
    picked = [_evenly(by_class[name], each) for name in (*cohort.classes, "")]
    longest = max((len(some) for some in picked), default=0)
    return tuple(some[turn] for turn in range(longest) for some in picked if turn < len(some))[:wanted]


def folder_offers(lines: Iterable[SeriesLine]) -> list[Offer]:
    """The folders of the library and those above them that gather several, with the images below each."""
    inside: Counter[str] = Counter()
    for line in lines:
        inside[line.folder] += line.images
    below: Counter[Path] = Counter()
    for name, images in inside.items():
        folder = Path(name)
        for place in (folder, *list(folder.parents)[:3]):
            below[place] += images
    total = max(below.values(), default=0)
    kept = [place for place in below if below[place] < total or len(below) == 1]
    kept.sort(key=lambda place: str(place).lower())
    return [Offer(f"{_short(place)} ({count(below[place], 'image')})", str(place)) for place in kept[:FOLDERS]]


def attribute_offers(lines: Iterable[SeriesLine]) -> list[Offer]:
    """DICOM attributes that tell series apart, those with fewest values first: "Modality: CT, MR"."""
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for keyword, text in (attribute for line in lines for attribute in line.attributes.items()):
        if text.strip():
            values[keyword][text.strip()] += 1
    order = sorted(values, key=lambda keyword: (len(values[keyword]) < 2, len(values[keyword]), keyword))
    return [Offer(f"{keyword}: {_examples(values[keyword])}", keyword) for keyword in order]


def header_offers(lines: Iterable[SeriesLine]) -> list[tuple[str, str]]:
    """(keyword, name) of the usual attributes that differ among the images."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        for keyword in USUAL:
            if text := line.attributes.get(keyword, "").strip():
                found[keyword].add(text)
    return [(keyword, HEADERS[keyword]) for keyword in USUAL if len(found[keyword]) > 1]


def free_name(taken: Sequence[str]) -> str:
    """The first of "Cohort 1", "Cohort 2", … that is not taken."""
    return next(name for number in range(1, len(taken) + 2) if (name := f"Cohort {number}") not in taken)


def _evenly(some: Sequence[tuple[str, int, str]], wanted: int) -> list[tuple[str, int, str]]:
    """``wanted`` of ``some``, from the middles of equal parts: ends of a stack show little."""
    if len(some) <= wanted:
        return list(some)
    return [some[int((turn + 0.5) * len(some) / wanted)] for turn in range(wanted)]


def _short(place: Path) -> str:
    return "/".join(place.parts[-2:])


def _examples(found: Counter[str]) -> str:
    first = [text for text, _n in found.most_common(SHOWN_VALUES)]
    more = len(found) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
