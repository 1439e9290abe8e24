"""Cohorts: choose images of the library, label them, split them by patient, and say honestly what that supports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from app.domain.cohort import Cohort, Item, parse_shares, split_patients
from app.domain.errors import BadUsage, Refused
from app.domain.recipe import Plane, Recipe
from app.domain.wording import count
from app.services import cohort_remarks as remarks
from app.services import labelling
from app.services.attributes import attach
from app.services.candidates import Candidate, Choice, candidates, unfit
from app.services.labelling import Labelling
from app.services.unlabelled import joining
from app.store import cohorts as stored
from app.store.library import Library
from app.store.project import Project


class Cohorts:
    """The cohorts of a project."""

    def __init__(self, project: Project, library: Library) -> None:
        self._project = project
        self._library = library
        self._stored = stored.Cohorts(project)

    def make(
        self,
        name: str,
        recipe: Recipe,
        *,
        label_by: str = "folder",
        split: str = "70/15/15",
        under: Sequence[Path] = (),
        series: Sequence[str] = (),
        seed: int = 0,
        attributes: Sequence[str] = (),
        unlabelled: bool = False,
    ) -> Cohort:
        """Make a cohort and keep it; one of the same name is replaced. Arguments and errors as ``draft``."""
        cohort = self.draft(
            name,
            recipe,
            label_by=label_by,
            split=split,
            under=under,
            series=series,
            seed=seed,
            attributes=attributes,
            unlabelled=unlabelled,
        )
        self._stored.save(cohort)
        return cohort

    def draft(
        self,
        name: str,
        recipe: Recipe,
        *,
        label_by: str = "folder",
        split: str = "70/15/15",
        under: Sequence[Path] = (),
        series: Sequence[str] = (),
        seed: int = 0,
        attributes: Sequence[str] = (),
        unlabelled: bool = False,
    ) -> Cohort:
        """What ``make`` would keep. No picture is read, so this is quick; empty slices of a volume are included.

        Args:
            name: what the person calls it.
            recipe: how it becomes tensors.
            label_by: "folder", "csv:FILE", "tag:KEYWORD" or "hand".
            split: shares "70/15/15" by patient, or "csv:FILE".
            under: take only sources below one of these.
            series: take only these series keys.
            seed: which patients go to which split.
            attributes: where to read what else is known of the images: "csv:FILE", "dicom:KEYWORD,KEYWORD".
            unlabelled: learn from the chosen images without a label too. Not by itself: a library may hold images
                that have nothing to do with the labelled ones, and only the person knows.

        Raises:
            BadUsage: ``bad-name``, ``bad-label-by``, ``bad-split``, ``unknown-tag``, ``bad-attributes``, a table that
                cannot be read.
            Refused: ``cohort-empty``, ``cohort-unfit`` (what was chosen may not be learnt from), ``no-labels``,
                ``no-attributes``, ``label-unknown-image``, ``label-conflict``.
        """
        name = name.strip()
        if not name or len(name) > 100 or not name.isprintable():
            raise BadUsage("bad-name", name=name)
        found, choice = candidates(self._library.studies(), recipe.plane), Choice(under, series)
        wanted = choice.numbers(found.slices)
        numbers = _fit(found.slices, wanted, recipe.plane)
        labelled = self._labelled(found.slices, numbers, label_by, recipe.plane)
        if not labelled.labels:
            raise Refused("no-labels", count=len(numbers))
        items, split_notices = self._split(found.slices, labelled, split, seed)
        more, told = dict[int, Item](), remarks.without_label(len(numbers) - len(labelled.labels))
        if unlabelled:
            more, told = joining(found.slices, numbers, labelled, items, split)
        items, attribute_notices = attach(found.slices, items | more, attributes)
        known = all(i in labelled.patients or found.slices[i].study.patient_known for i in items)
        cohort = Cohort(name, recipe, tuple(items.values()), known)
        notices = [
            *labelled.notices,
            *unfit(found.slices[number] for number in wanted),
            *remarks.without_plane(choice.of(found.without_plane)),
            *told,
            *attribute_notices,
            *remarks.with_faces({found.slices[n].series.key: found.slices[n].series for n in items}.values(), recipe),
            *split_notices,
            *remarks.on_splits(cohort, by_table=split.startswith("csv:")),
        ]
        return Cohort(name, recipe, cohort.items, known, tuple(notices))

    def names(self) -> list[str]:
        """Names, newest first."""
        return self._stored.names()

    def load(self, name: str) -> Cohort:
        """The cohort of that name. Raises ``BadUsage`` (``unknown-cohort``)."""
        return self._stored.load(name)

    def delete(self, name: str) -> None:
        """Forget a cohort; its runs stay."""
        self._stored.delete(name)

    def verdict(self, cohort: Cohort) -> str:
        """What this many images can support, honestly."""
        return remarks.verdict(cohort)

    def _labelled(self, slices: Sequence[Candidate], numbers: Sequence[int], how: str, plane: Plane) -> Labelling:
        kind, _, argument = how.partition(":")
        match kind:
            case "folder" if not argument:
                return labelling.by_folder(slices, numbers)
            case "hand" if not argument:
                given = self._library.labels()
                return labelling.by_hand(slices, numbers, given, native=plane is Plane.NATIVE)
            case "tag" if argument:
                return labelling.by_tag(slices, numbers, argument)
            case "csv" if argument:
                return labelling.by_table(slices, numbers, Path(argument), self._project.secret)
        raise BadUsage("bad-label-by", text=how)

    def _split(
        self, slices: Sequence[Candidate], labelled: Labelling, how: str, seed: int
    ) -> tuple[dict[int, Item], list[str]]:
        """The items by candidate number, and remarks on the table that split them."""
        patients = {n: labelled.patients.get(n, slices[n].study.patient) for n in labelled.labels}
        notices: list[str] = []
        if how.startswith("csv:"):
            splits = labelling.splits_of_table(slices, Path(how.removeprefix("csv:")))
            missing = sum(1 for n in patients if n not in splits)
            if missing == len(patients):
                raise Refused("no-splits", path=how.removeprefix("csv:"))
            if missing:
                said = count(missing, "labelled image has", "labelled images have")
                notices.append(f"{said} no train, val or test in the table: left out.")
        else:
            dealt = split_patients(_labels_by_patient(labelled, patients), parse_shares(how), seed=seed)
            splits = {n: dealt[patients[n]] for n in patients}
        items = {
            n: Item(slices[n].series.key, slices[n].index, labelled.labels[n], splits[n], patients[n], slices[n].source)
            for n in patients
            if n in splits
        }
        return items, notices


def _fit(slices: Sequence[Candidate], wanted: Sequence[int], plane: Plane) -> list[int]:
    """The wanted slices that may be learnt from.

    Raises:
        Refused: ``cohort-empty``, ``cohort-unfit``.
    """
    numbers = [number for number in wanted if slices[number].fit]
    if wanted and not numbers:
        raise Refused("cohort-unfit", reason=" ".join(unfit(slices[number] for number in wanted)))
    if not numbers:
        raise Refused("cohort-empty", plane=plane.value)
    return numbers


def _labels_by_patient(labelled: Labelling, patients: dict[int, str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    for number, patient in patients.items():
        result[patient].append(labelled.labels[number])
    return result
