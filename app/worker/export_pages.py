"""The pictures that leave, one by one, with their invented identities.

Synthetic pictures come from a sample set, real ones from the prepared splits of a cohort. It must not know formats
and folders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.deid.pseudonyms import Pseudonyms
from app.domain.cohort import Cohort, Item
from app.domain.deid import PixelCheck
from app.domain.export import Storage
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
        split: "train", "val" or "test" for a real image; "" for a synthetic one, which belongs to none.
    """

    page: Page
    split: str


def synthetic(
    samples: SampleSetRecord,
    chosen: tuple[Sample, ...],
    images: NDArray[np.float32],
    facts: SourceFacts,
    names: Pseudonyms,
    *,
    storage: Storage = Storage.MODALITY,
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
        study, series, instance, frame = (names.uid(*key, part) for part in ("study", "series", "instance", "frame"))
        identity = Identity(number, f"SYNTHETIC-{number:04d}", study, series, instance, frame)
        yield Leaving(Page(picture, identity, origin, storage=storage), "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a real image stands in the export.

    Attributes:
        number: position, from 1; the same in every format.
        index: number of the item in its cohort.
        item: it.
        patient: invented name.
    """

    number: int
    index: int
    item: Item
    patient: str


def placed(cohort: Cohort, splits: Collection[str], names: Pseudonyms) -> tuple[Place, ...]:
    """The labelled images of some splits in the order of the export, which tells nothing of names and dates."""
    wanted = [n for n, item in enumerate(cohort.items) if item.label and item.split in splits]
    items = cohort.items
    patients = names.patients(items[n].patient for n in wanted)

    def order(n: int) -> tuple[str, str, str, int]:
        return items[n].label, patients[items[n].patient], items[n].series, items[n].index

    ordered = sorted(wanted, key=order)
    return tuple(Place(number, n, items[n], patients[items[n].patient]) for number, n in enumerate(ordered, start=1))


def real(
    data: PreparedImages,
    sources: Sources,
    names: Pseudonyms,
    places: Iterable[Place],
    *,
    cleaned: Mapping[int, NDArray[np.float32]],
    checks: Mapping[int, PixelCheck],
    storage: Storage = Storage.MODALITY,
) -> Iterator[Leaving]:
    """Real images as they were prepared (cropped, resized), under pseudonyms.

    Args:
        data: pictures of the cohort, in the order of its items.
        sources: where they come from.
        names: of the project.
        places: which ones.
        cleaned: number of the item to a picture that was prepared again from a source without text or face.
        checks: number of the item to what is known of its pixels.
        storage: kind of DICOM object.

    Raises:
        Failed: a source has gone or is damaged.
    """
    for place in places:
        item = place.item
        pixels = cleaned.get(place.index)
        picture = _real_picture(data, place.index, item, sources, pixels)
        uids = (
            names.uid("study", item.patient),
            names.uid("series", item.series),
            names.uid("instance", item.series, item.index),
            names.uid("frame", item.series),
        )
        identity = Identity(place.number, place.patient, *uids)
        acquisition = sources.screened(item).kept
        page = Page(picture, identity, Origin(False, PROGRAM, VERSION), acquisition, storage, checks[place.index])
        yield Leaving(page, item.split)


def _real_picture(
    data: PreparedImages, index: int, item: Item, sources: Sources, cleaned: NDArray[np.float32] | None
) -> Picture:
    series = sources.series(item)
    window = data.facts.windows[index]
    return Picture(
        pixels=to_physical(data.images([index])[0, 0] if cleaned is None else cleaned, window),
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
