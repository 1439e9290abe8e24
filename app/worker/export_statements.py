"""The sentences that the cards and Croissant share: what an export is, where it comes from, and where its limits are.

Written for people who decide whether data may be used, in words that need no knowledge of the program.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain import heads
from app.worker.export_pages import PROGRAM
from app.worker.export_story import Deidentification, Story, Tally

PROFILES = {
    "maximum": (
        "Profile “maximum”: DICOM PS3.15 Annex E, Basic Application Confidentiality Profile, with an allow-list on "
        "top. What is not known to be needed was removed, identifiers were replaced, dates were removed or replaced, "
        "and an image that could not be checked did not leave."
    ),
    "research": (
        "Profile “research”: DICOM PS3.15 Annex E with options that keep research value. Identifiers were replaced; "
        "dates were moved by a secret number of days, the same for all images of a patient; sex and a band of ages "
        "were kept."
    ),
}
TEXT_OUTCOMES = {
    "none-found": "searched for burned-in text, none found",
    "redacted": "burned-in text found and blacked out",
    "not-checked": "NOT checked for burned-in text",
}
FACE_OUTCOMES = {
    "no-head": "show no face that could be recognised",
    "defaced": "face removed",
    "not-checked": "NOT checked for recognisable faces",
}
UNTOLD = (
    "Every header attribute that is not on a short list was removed; identifiers and dates were replaced or removed.",
    "The pictures were NOT checked for burned-in text or recognisable faces. Look at them before you share them.",
)
"""What is said of real images where nobody told what was done to them: the least."""


def number(count: int, one: str, many: str = "") -> str:
    """A count with its word."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def summary(story: Story, tally: Tally) -> str:
    """What the export is, in a few sentences."""
    parts = [
        f"{tally.total(kind):,} {words}"
        for kind, words in (("synthetic", "synthetic"), ("real", "real, de-identified"))
        if tally.total(kind)
    ]
    classes = "one class" if len(story.classes) == 1 else f"{len(story.classes)} classes"
    side = story.recipe.get("size", "?")
    return (
        f"{' and '.join(parts)} medical images of {classes}, {side} × {side} pixels, written by {PROGRAM}. "
        "Not for diagnosis or treatment."
    )


def collection(story: Story) -> str:
    """Where the real images came from, and what was done with them."""
    sources = ", ".join(f"{count:,} from {_source(kind)}" for kind, count in sorted(story.kinds.items()))
    patients = "an unknown number of patients" if story.patients is None else number(story.patients, "patient")
    return (
        f"Existing medical images of {patients} were put together by the person who made this export and given their "
        f"classes by that person ({sources or 'no training images'}). No image was taken for this purpose by {PROGRAM}."
    )


def _source(kind: str) -> str:
    return {"dicom": "DICOM", "nifti": "NIfTI", "volume": "NRRD or MetaImage", "image": "plain image files"}.get(
        kind.lower(), kind
    )


def preparation(story: Story) -> str:
    """How slices became pictures."""
    recipe, plane = story.recipe, story.recipe.get("plane", "native")
    spacing = recipe.get("spacing_mm")
    size = f"{recipe.get('size', '?')} × {recipe.get('size', '?')} pixels"
    fitted = f"resampled to {spacing:g} mm a pixel and cut to {size}" if spacing else f"fitted into {size}"
    slices = "Slices as they were acquired" if plane == "native" else f"{str(plane).capitalize()} slices"
    return f"{slices}, grey values limited to the window {_window(recipe)}, {fitted}."


def _window(recipe: Mapping[str, object]) -> str:
    window = recipe.get("window")
    if not isinstance(window, Mapping) or window.get("mode", "auto") == "auto":
        return "of each image itself"
    if window["mode"] == "manual":
        return f"centre {window.get('center', 0):g}, width {window.get('width', 0):g}"
    return f"“{window['mode']}”"


def synthesis(story: Story) -> str:
    """How synthetic images came to be; "" without any."""
    if story.samples is None or story.run is None:
        return ""
    said = (
        f"The synthetic images were drawn by a generative model of the family “{story.run.family}” that learnt from "
        "the training images only. They show no patient. Each is marked as synthetic inside its own file."
    )
    return f"{said} {heads.remark(story.run)}".strip()


def deidentified(story: Story) -> tuple[str, ...]:
    """What was done to real images, and what was not; empty without any."""
    if not story.real_per_class:
        return ()
    told = story.deidentification
    if told is None:
        return UNTOLD
    lines = [PROFILES.get(told.profile, f"Profile “{told.profile}”.")]
    if told.options:
        lines.append(f"Options: {', '.join(told.options)}.")
    lines += [f"{number(count, 'image')}: {TEXT_OUTCOMES.get(key, key)}." for key, count in sorted(told.text.items())]
    lines += [f"{number(count, 'image')}: {FACE_OUTCOMES.get(key, key)}." for key, count in sorted(told.faces.items())]
    lines += [f"{number(count, 'real image')} left out: {reason}" for reason, count in sorted(told.left_out.items())]
    lines += [f"Left with less than was checked, because: {reason}" for reason in told.overrides]
    if not told.pixels_checked:
        lines.append("Not every picture was checked. Look at them before you share them.")
    return tuple(lines)


def personal(story: Story) -> tuple[str, ...]:
    """What of persons is in the export."""
    lines = []
    if story.real_per_class:
        lines.append(
            "The real images show patients. They carry invented names (PATIENT-001) that only the owner of the project "
            "can resolve; in law they may still be personal health data."
        )
        if story.deidentification is None or not story.deidentification.pixels_checked:
            lines.append("Some or all pictures were not checked for burned-in text or recognisable faces.")
    if story.per_class:
        lines.append(
            "The synthetic images show no patient, but a model can memorise. Suspected copies of training images were "
            "left out; that none is suspected is no proof of anonymity."
        )
    return tuple(lines)


def biases(story: Story) -> tuple[str, ...]:
    """Whose picture of the world this is."""
    lines = ["The images come from those who put them together; other scanners, places and patients are not in them."]
    if story.per_class:
        lines.append(
            "Synthetic images repeat the biases of the images that they were learnt from, and add none of the patients "
            "that are missing there."
        )
    return tuple(lines)


def limitations(story: Story) -> tuple[str, ...]:
    """What must not be concluded or done."""
    lines: list[str] = []
    if story.per_class:
        lines += [
            "Synthetic images are there to be learnt from. Never test or validate a model on them.",
            "“No suspected copies” means that no image is nearer to a training image than unseen real images are. It "
            "is no proof of anonymity.",
        ]
    if story.patients is None:
        lines.append("The sources do not name all patients, so images of one patient may stand in several splits.")
    if story.real_per_class:
        lines.append("Class names were given by the person who made the export and were not checked by anyone else.")
    lines += ["There are no outlines (masks) of what the images show.", "Not for diagnosis or treatment."]
    return tuple(lines)


def fired(told: Deidentification) -> tuple[tuple[str, str], ...]:
    """Rules with how often they did something, the busiest first."""
    return tuple((rule, f"{count:,}") for rule, count in sorted(told.fired.items(), key=lambda one: (-one[1], one[0])))
