"""The kinds of generative models on offer, for whoever chooses one: window, command line and help read this table.

A test holds it against the registry of ``models``, which nothing in this layer may import.
"""

from __future__ import annotations

from dataclasses import dataclass

AUTO = "auto"
"""The name that leaves the choice to the program."""


FALLS = "Lower is better. If the dashed line rises again, stop and keep. A new stage of the training starts anew."
"""What the curve of a training says, where it says how good the model is."""


@dataclass(frozen=True, slots=True)
class FamilyChoice:
    """A kind of generative model.

    Attributes:
        key: its name in the registry of ``models``, or ``AUTO``.
        title: what a list calls it.
        description: what it is good at and what it costs, for a person who never trained one.
        curve: how to read the curve of its training.
        any_size: whether its weights fit pictures of every size, so that a training on other sizes can begin with them.
    """

    key: str
    title: str
    description: str
    curve: str = FALLS
    any_size: bool = False


CHOICES = (
    FamilyChoice(AUTO, "Let Understudy choose", "Picks by the time you allow, the number of images and this machine."),
    FamilyChoice(
        "diffusion",
        "Diffusion",
        "The sharpest and most varied images. Give it five minutes or more, and longer for larger pictures.",
        any_size=True,
    ),
    FamilyChoice(
        "gan",
        "GAN",
        "Draws at once, but needs far longer than diffusion before its images are of use, and only the images tell how "
        "good it is. For those who want to compare.",
        curve="First it learns outlines, and the curve falls; then two networks compete, and it says little. Look at "
        "the images.",
    ),
    FamilyChoice(
        "vae", "VAE", "Learns and draws in seconds. Its images are softer than real ones: good for a first look."
    ),
    FamilyChoice(
        "flow",
        "Normalizing flow",
        "Can say how likely an image is. Its images are less sharp than diffusion’s, and smeared after a few minutes.",
    ),
    FamilyChoice(
        "transformer",
        "Transformer",
        "Puts an image together from learnt pieces. Needs time, as it learns the pieces first: rough after a few "
        "minutes.",
    ),
)
"""All choices, in the order in which a list shows them."""

NAMES = tuple(choice.key for choice in CHOICES)
"""Their keys, "auto" first."""


def choice(key: str) -> FamilyChoice:
    """The choice with that key; one that is called by its key where it is not known."""
    return next((choice for choice in CHOICES if choice.key == key), FamilyChoice(key, key, ""))
