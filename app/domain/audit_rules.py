"""From figures to verdicts: the thresholds, why they stand where they do, and the sentences.

Pure functions over numbers. Honest first: too little to judge is UNKNOWN, never PASS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

from app.domain.audit import Level, Verdict

Figures = dict[str, float | int | str | None]

FIDELITY_PASS, FIDELITY_CAUTION = 3.0, 10.0
"""Frechet distance over its floor (what real training images reach). Up to 3 the difference is of the order that
another draw of patients makes in small sets; beyond 10 the pictures are of another kind to the classifier."""

STRANGE_CAUTION, STRANGE_FAIL = 0.25, 0.5
"""Share of pictures that are strange pixel by pixel; real images have 0.05 by definition. The Frechet distance speaks
in the features of a small classifier, which noise can fool where training images are few; this share is not fooled."""

_LOOKS = {
    Level.PASS: "The pictures look like unseen real images",
    Level.CAUTION: "The pictures resemble real images, with reservations",
    Level.FAIL: "The pictures do not look like real images yet",
}

FEW_COMPARED = 50
"""Pictures below which a Frechet distance is too noisy for a PASS."""

CLASSES_PASS, CLASSES_CAUTION = 0.85, 0.6
"""Share of generated images that the classifier recognises, over the share of unseen real images that it does."""

LEAST_SKILL = 1.3
"""A classifier that is right less than this many times as often as a guess cannot judge classes."""

COPIES_FAIL = 0.2
"""Suspected copies among all pictures drawn, beyond which the model itself copies and the rest cannot be trusted."""

CHANCE = 0.01
"""How unlikely a number of suspects must be for an innocent model before it counts against it."""

FEW_REFERENCES = 20
"""Reference images below which the copy rule is too coarse for a PASS."""

WHY_MISSING = {
    "no-test-images": "no images were kept unseen for testing",
    "too-few-images": "there are too few images to compare",
    "one-class": "there is only one class",
    "no-training-images": "there are no training images",
    "nothing-to-compare": "there is nothing to compare with",
    "start-unknown": "the training began with weights from elsewhere, and whose images those learnt is not known here",
}


@dataclass(frozen=True, slots=True)
class CopyFigures:
    """What the copy rule found.

    Attributes:
        generated: pictures judged.
        suspected: suspected copies among them.
        screened_out: suspected copies that were drawn before and replaced.
        reference: "held-out", "other patients" or "neighbouring slices".
        references: how many reference images set the threshold.
    """

    generated: int
    suspected: int
    screened_out: int
    reference: str
    references: int

    @property
    def share(self) -> float:
        """Suspected copies among all pictures drawn."""
        return (self.suspected + self.screened_out) / max(1, self.generated + self.screened_out)

    @property
    def chance(self) -> float:
        """The share that an innocent model reaches: a new image is the nearest of n + 1 with one chance in n + 1."""
        return 1.0 / (self.references + 1)

    @property
    def probability(self) -> float:
        """Of at least so many suspects by chance."""
        return binomial_tail(self.suspected + self.screened_out, self.generated + self.screened_out, self.chance)


def fidelity(
    distance: float | None, floor: float | None, compared: int, missing: str = "", strange: float | None = None
) -> Verdict:
    """Do the pictures look like unseen real ones?

    Args:
        distance: Frechet distance of generated to unseen real images; ``None`` where not measured.
        floor: the same of real training images.
        compared: images on the generated side.
        missing: key of ``WHY_MISSING``.
        strange: share of pictures that are less like any training image than 19 of 20 unseen real images are, pixel
            by pixel; ``None`` where not measured.
    """
    rough = "" if strange is None else _strange_sentence(strange)
    odd: Figures = {} if strange is None else {"strange": round(strange, 3)}
    if distance is None or floor is None:
        why = WHY_MISSING.get(missing, "it was not measured")
        if strange is not None and strange > STRANGE_FAIL:
            return Verdict("fidelity", Level.FAIL, f"{_LOOKS[Level.FAIL]}: {rough}.", odd)
        return Verdict("fidelity", Level.UNKNOWN, f"Cannot tell how real the pictures look: {why}.", odd)
    ratio = distance / max(floor, 1e-9)
    level = Level.PASS if ratio <= FIDELITY_PASS else Level.CAUTION if ratio <= FIDELITY_CAUTION else Level.FAIL
    if compared < FEW_COMPARED or (strange or 0.0) > STRANGE_CAUTION:
        level = Level.CAUTION if level is Level.PASS else level
    if (strange or 0.0) > STRANGE_FAIL:
        level = Level.FAIL
    sentence = (
        f"{_LOOKS[level]}: their distance to unseen real images is {ratio:.1f} times that of real training images"
    )
    sentence += f" ({distance:.3g} against {floor:.3g})"
    sentence += f", and {rough}." if (strange or 0.0) > STRANGE_CAUTION else "."
    if compared < FEW_COMPARED:
        sentence += f" Only {compared} pictures could be compared, so this figure is rough."
    figures: Figures = {"distance": distance, "floor": floor, "ratio": round(ratio, 3), "compared": compared}
    return Verdict("fidelity", level, sentence, figures | odd)


def _strange_sentence(share: float) -> str:
    return f"{share:.0%} of them are less like any training image than 19 of 20 unseen real images are"


def classes(accuracy: Mapping[str, float | None], agreement: Mapping[str, float | None], missing: str = "") -> Verdict:
    """Do the pictures show the class that was asked for?

    Args:
        accuracy: per class, how often a classifier of real images is right on unseen real ones.
        agreement: per class, how often it gives a generated image the class that was asked for.
        missing: key of ``WHY_MISSING``.
    """
    judged = {
        name: (agreement[name] or 0.0) / right
        for name, right in accuracy.items()
        if right and agreement.get(name) is not None
    }
    if not judged:
        why = WHY_MISSING.get(missing, "no class has unseen real images")
        return Verdict("classes", Level.UNKNOWN, f"Cannot tell whether the classes are right: {why}.", {})
    known = [right for right in accuracy.values() if right is not None]
    skill = sum(known) / len(known)
    figures: Figures = {}
    for name in accuracy:
        figures[f"right on real {name}"] = accuracy[name]
        figures[f"agrees on generated {name}"] = agreement.get(name)
    if skill < min(0.95, LEAST_SKILL / max(1, len(accuracy))):
        sentence = (
            f"Cannot tell whether the classes are right: a classifier of the real images is right on only "
            f"{skill:.0%} of unseen ones, hardly better than guessing."
        )
        return Verdict("classes", Level.UNKNOWN, sentence, figures)
    worst = min(judged, key=lambda name: judged[name])
    value = judged[worst]
    level = Level.PASS if value >= CLASSES_PASS else Level.CAUTION if value >= CLASSES_CAUTION else Level.FAIL
    words = {
        Level.PASS: "The pictures show the class that was asked for",
        Level.CAUTION: "Some pictures do not show the class that was asked for",
        Level.FAIL: "Many pictures do not show the class that was asked for",
    }
    sentence = (
        f"{words[level]}: a classifier of real images recognises {agreement[worst]:.0%} of the generated “{worst}” "
        f"(the weakest class), and {accuracy[worst]:.0%} of the unseen real ones."
    )
    unjudged = sorted(name for name, share in agreement.items() if share is not None and name not in judged)
    if unjudged:
        level = Level.CAUTION if level is Level.PASS else level
        sentence += "".join(f" Not judged: {name} ({_why_unjudged(accuracy.get(name))})." for name in unjudged)
    return Verdict("classes", level, sentence, {**figures, "weakest class": worst, "ratio": round(value, 3)})


def _why_unjudged(accuracy: float | None) -> str:
    if accuracy is None:
        return "it has no unseen real images"
    return "the classifier recognises none of its unseen real images"


def copies(found: CopyFigures | None, missing: str = "") -> Verdict:
    """Are the pictures new, or copies of training images?

    FAIL speaks of the model: more than a fifth of all that it drew lay nearer to a training image than any reference
    image does, and that cannot be chance. Fewer suspects are CAUTION, and they are left out of every export.
    """
    if found is None:
        why = WHY_MISSING.get(missing, "it was not measured")
        return Verdict("copies", Level.UNKNOWN, f"Cannot tell whether pictures are copies: {why}.", {})
    level = _copy_level(found)
    drawn = found.generated + found.screened_out
    words = {
        Level.PASS: "No picture lies suspiciously near to a training image",
        Level.CAUTION: "Mind possible copies",
        Level.FAIL: "The model copies its training images",
    }
    sentence = (
        f"{words[level]}: of {drawn} pictures drawn, {found.screened_out} were replaced while generating and "
        f"{found.suspected} of those left are nearer to a training image than {_compared(found)} "
        f"({found.share:.1%}; about {found.chance:.1%} is expected by chance)."
    )
    if found.suspected and level is not Level.FAIL:
        sentence += " An export leaves them out."
    if found.reference != "held-out" or found.references < FEW_REFERENCES:
        sentence += " The comparison is weak, because few or no images were kept unseen."
    figures: Figures = {
        "suspected": found.suspected,
        "screened out": found.screened_out,
        "drawn": drawn,
        "share": round(found.share, 4),
        "expected by chance": round(found.chance, 4),
        "compared with": found.reference,
        "reference images": found.references,
    }
    return Verdict("copies", level, sentence, figures)


def _copy_level(found: CopyFigures) -> Level:
    if found.share > COPIES_FAIL and found.probability < CHANCE:
        return Level.FAIL
    weak = found.reference != "held-out" or found.references < FEW_REFERENCES
    if found.suspected or weak or found.probability < CHANCE:
        return Level.CAUTION
    return Level.PASS


def _compared(found: CopyFigures) -> str:
    return {
        "held-out": f"any of {found.references} unseen real images is",
        "other patients": f"any image of another patient is ({found.references} images; none were kept unseen)",
        "neighbouring slices": f"neighbouring slices are to each other ({found.references} slices of one patient)",
    }[found.reference]


def binomial_tail(least: int, of: int, probability: float) -> float:
    """Probability of ``least`` or more successes in ``of`` independent trials."""
    below = sum(comb(of, k) * probability**k * (1 - probability) ** (of - k) for k in range(least))
    return min(1.0, max(0.0, 1.0 - below))
