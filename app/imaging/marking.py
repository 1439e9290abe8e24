"""What a written picture says of itself, in one place: whether it is synthetic, what made it and what it shows.

Every writer takes its words from here and fits them to its format. It must not know formats and folders.

Source of the digital source type: IPTC NewsCodes, ``digitalsourcetype``, which XMP and C2PA share. Real images carry
none: what a scanner made is for its owner to claim.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from app.imaging.picture import Origin, Page

TRAINED_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Digital source type of media drawn by a trained model."""

REPLACEMENT = "\ufffd"
"""Stands for a character that no file may hold."""


def plain(text: str) -> str:
    """A typed text that any format can hold: control characters become spaces, impossible ones U+FFFD.

    Impossible are lone surrogates, which UTF-8 cannot encode, and U+FFFE and U+FFFF, which XML forbids (XML 1.0, 2.2).
    """
    return text if text.isprintable() else "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return REPLACEMENT if category == "Cs" or character in "\ufffe\uffff" else character


def word(origin: Origin) -> str:
    """ "yes" for a synthetic picture, "no" for a real one."""
    return "yes" if origin.synthetic else "no"


def short(origin: Origin) -> str:
    """What a picture is, in a few ASCII words."""
    kind = "SYNTHETIC image" if origin.synthetic else "Real image, de-identified"
    return f"{kind}, {origin.program}"


def story(origin: Origin) -> str:
    """How a picture came to be, as a sentence."""
    if not origin.synthetic:
        return f"Real image, cropped and resampled, rewritten without its original header by {origin.program}."
    return (
        f"Synthetic image, drawn by a generative model; it shows no patient. {origin.program}, run {origin.run}, "
        f"sample set {origin.samples}, checkpoint SHA-256 {origin.checkpoint_sha256}, seed {origin.seed}."
    )


def facts(page: Page) -> dict[str, Any]:
    """JSON values of a side-car or a comment: origin, class, and how grey levels become values.

    A real image tells the outcome of looking at its pixels, a synthetic one what kind of source drew it.
    """
    picture, check = page.picture, page.check
    checked = {"BurnedInText": check.text, "Faces": check.faces}
    return {
        **page.origin.facts(),
        **({"DigitalSourceType": TRAINED_MEDIA} if page.origin.synthetic else checked),
        "Label": plain(picture.label),
        "Modality": picture.modality or None,
        "Unit": picture.unit,
        "Window": list(picture.window),
        "PixelSpacingKnown": picture.spacing_mm is not None,
    }


def texts(page: Page) -> dict[str, str]:
    """The same for formats that hold keywords with a text each, ``Synthetic`` first; nothing unknown is said."""
    low, high = map(_exact, page.picture.window)
    said = facts(page)
    synthetic = "yes" if said.pop("SyntheticData") else "no"
    said |= {"Window": f"{low}..{high}", "PixelSpacingKnown": None, "Modality": None}
    return {"Synthetic": synthetic, **{key: str(value) for key, value in said.items() if value is not None}}


def _exact(value: float) -> str:
    """The shortest text that reads back as the same number, without a ".0"."""
    return repr(float(value)).removesuffix(".0")


def comment(page: Page) -> str:
    """The facts as one line of ASCII JSON, with keys in order."""
    return json.dumps(facts(page), sort_keys=True, ensure_ascii=True)
