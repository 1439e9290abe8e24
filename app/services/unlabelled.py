"""Images without a label: which of them may join the training of a cohort.

They teach what images look like; what tells the classes apart only labelled ones can teach. They are learnt from and
nothing else: whoever is held out with any image must not be learnt from with another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from app.domain.cohort import Item
from app.domain.wording import count
from app.services.candidates import Candidate
from app.services.label_table import Index, read_table
from app.services.labelling import Labelling, kept_out, splits_of_table


def joining(
    slices: Sequence[Candidate], chosen: Sequence[int], labelled: Labelling, items: Mapping[int, Item], split: str
) -> tuple[dict[int, Item], list[str]]:
    """The unlabelled images of ``chosen`` that may be learnt from, and remarks.

    Args:
        slices: all candidates.
        chosen: numbers of those that were chosen and may be learnt from.
        labelled: what is known of them.
        items: the labelled part of the cohort, by candidate number.
        split: how it was split, as in ``Cohorts.draft``.
    """
    without = [number for number in chosen if number not in labelled.labels]
    held, out = _held_out(slices, labelled, items), labelled.kept_out
    if split.startswith("csv:"):
        table = Path(split.removeprefix("csv:"))
        said = splits_of_table(slices, table)
        held |= {who for number, name in said.items() if name != "train" for who in _who(slices, labelled, number)}
        out |= kept_out(read_table(table, "split"), Index(slices))
    held |= {who for number in out for who in _who(slices, labelled, number)}
    held = _same_persons(held, {_who(slices, labelled, number) for number in labelled.patients})
    free = [number for number in without if held.isdisjoint(_who(slices, labelled, number))]
    kinds = {slices[number].series.modality for number in items}
    alike = [number for number in free if slices[number].series.modality in kinds]
    joined = {number: _item(slices[number], labelled.patients.get(number)) for number in alike}
    return joined, _remarks(len(joined), len(without) - len(free), len(free) - len(alike))


def _held_out(slices: Sequence[Candidate], labelled: Labelling, items: Mapping[int, Item]) -> set[str]:
    """Patients who are not learnt from, as the sources and as a table name them."""
    unseen = [number for number, item in items.items() if item.split != "train"]
    return {who for number in unseen for who in _who(slices, labelled, number)}


def _who(slices: Sequence[Candidate], labelled: Labelling, number: int) -> frozenset[str]:
    """An image's patient under every name: its source and a table may each have one."""
    own = slices[number].study.patient
    return frozenset({own, labelled.patients.get(number, own)})


def _same_persons(held: set[str], names: Collection[frozenset[str]]) -> set[str]:
    """``held`` with all further names of the same persons, over as many images as it takes."""
    more = {name for known in names if not known.isdisjoint(held) for name in known}
    return held if more <= held else _same_persons(held | more, names)


def _item(one: Candidate, patient: str | None) -> Item:
    return Item(one.series.key, one.index, "", "train", patient or one.study.patient, one.source)


def _remarks(joined: int, held_out: int, unlike: int) -> list[str]:
    said = (
        (joined, "learnt from as well."),
        (held_out, "left out, because their patients or they themselves are held out."),
        (unlike, "left out, because of another modality."),
    )
    one, many = "image without a label is", "images without a label are"
    return [f"{count(number, one, many)} {text}" for number, text in said if number]
