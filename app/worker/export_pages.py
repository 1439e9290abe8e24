"""The pictures that leave, one by one, with their invented identities.

Synthetic pictures come from a sample set, real ones from the prepared training split. It must not know formats
and folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.deid.pseudonyms import Pseudonyms
from app.domain.cohort import Item
from app.domain.sample_set import Sample, SampleSetRecord
from app.imaging.picture import Identity, Origin, Page, Picture, to_physical
from app.versions import versions
from app.worker.export_sources import SourceFacts, Sources, is_lossy
from models.data.prepared import PreparedImages

VERSION = versions()["understudy"]
PROGRAM = f"Understudy {VERSION}"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A page on its way out.

    Attributes:
        page: what is written.
        split: "train" for a real image; "" for a synthetic one, which belongs to none.
    """

    page: Page
    split: str


def synthetic(
    samples: SampleSetRecord,
    chosen: tuple[Sample, ...],
    images: NDArray[np.float32],
    facts: SourceFacts,
    names: Pseudonyms,
) -> Iterator[Leaving]:
    """The chosen pictures of a sample set, in their order; each is a patient of its own who does not exist."""
    ordered = sorted(chosen, key=lambda sample: (sample.label, sample.number))
    for number, sample in enumerate(ordered, start=1):
        picture = Picture(
            pixels=to_physical(images[sample.number, 0], samples.window),
            window=samples.window,
            label=sample.label,
            modality=facts.modality,
            unit=facts.unit,
            bits=facts.bits,
            spacing_mm=samples.pixel_spacing_mm,
            plane=facts.plane,
            lossy=facts.lossy,
        )
        origin = Origin(True, PROGRAM, VERSION, samples.run, samples.id, samples.checkpoint_sha256, sample.seed)
        key = ("synthetic", samples.id, sample.number, sample.seed)
        uids = [names.uid(*key, part) for part in ("study", "series", "instance", "frame")]
        yield Leaving(Page(picture, Identity(number, f"SYNTHETIC-{number:04d}", *uids), origin), "")


def real(data: PreparedImages, sources: Sources, names: Pseudonyms) -> Iterator[Leaving]:
    """The labelled part of the training split as it was prepared (cropped, resized), under pseudonyms.

    Never another split, and never an image without a label: nobody would know what it shows.

    Raises:
        Failed: a source has gone or is damaged.
    """
    items = sources.cohort.items
    train = [int(i) for i in data.subset("train") if items[i].label]
    patients = names.patients(items[i].patient for i in train)
    chosen = sorted(train, key=lambda i: (items[i].label, patients[items[i].patient], items[i].series, items[i].index))
    for number, index in enumerate(chosen, start=1):
        item = items[index]
        picture = _real_picture(data, index, item, sources)
        uids = (
            names.uid("study", item.patient),
            names.uid("series", item.series),
            names.uid("instance", item.series, item.index),
            names.uid("frame", item.series),
        )
        identity = Identity(number, patients[item.patient], *uids)
        acquisition = sources.screened(item).kept
        yield Leaving(Page(picture, identity, Origin(False, PROGRAM, VERSION), acquisition), "train")


def _real_picture(data: PreparedImages, index: int, item: Item, sources: Sources) -> Picture:
    series = sources.series(item)
    window = data.facts.windows[index]
    return Picture(
        pixels=to_physical(data.images([index])[0, 0], window),
        window=window,
        label=item.label,
        modality=series.modality if series else "",
        unit=series.unit if series else "stored",
        bits=series.bits if series else 16,
        spacing_mm=data.facts.pixel_spacing_mm[index],
        plane=sources.cohort.recipe.plane,
        lossy=is_lossy(series) if series else False,
        offset_mm=item.index * (series.spacing_mm[2] or 0.0) if series else 0.0,
    )
