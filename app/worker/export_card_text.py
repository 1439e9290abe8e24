"""The data card: what an export is, so that an ethics board and whoever trains from it can judge it without asking.

It arranges what the story tells; its sentences come from ``export_statements``.
"""

from __future__ import annotations

from app.services.card import Block, Card, Code, Finding, Points, Section, Table, Text
from app.worker import export_statements as say
from app.worker.audit_report import LEVELS, TITLES
from app.worker.export_pages import PROGRAM
from app.worker.export_story import Story, Tally

COLUMN_TITLES = {
    ("real", "train"): "real, train",
    ("real", "validation"): "real, validation",
    ("real", "test"): "real, test",
    ("synthetic", "train"): "synthetic, train",
}
HOW_FAR = (
    "Distances are measured by a small classifier of these very images. They compare sample sets of one project, not "
    "of different ones. Each figure stands beside its floor: what unseen real images reach under the same measure.",
    "Nothing here says whether a model gets better with these images. Test that on unseen real images.",
)


def data_card(story: Story, tally: Tally) -> Card:
    """The card of all images."""
    return Card(
        "Data card",
        say.summary(story, tally),
        (
            Section("What is inside", inside(story, tally)),
            Section("Where the images come from", _origin(story)),
            Section("What was done to protect the patients", _protection(story)),
            Section("What the review of the synthetic images found", findings(story)),
            Section("Training, validation and test", (Points(_splits(story, tally)),)),
            Section("Persons and sensitive information", (Points(say.personal(story)),)),
            Section("Biases", (Points(say.biases(story)),)),
            Section("Limits", (Points(say.limitations(story)),)),
            Section("Intended use", (Text(story.intended_use),)),
            Section("Licence", (Text(story.licence),)),
            Section("How to load it", _loading(story, tally)),
            Section("How to check it", _checking()),
        ),
        f"{PROGRAM}. Not for diagnosis or treatment.",
    )


def inside(story: Story, tally: Tally) -> tuple[Block, ...]:
    """Counts per class, kind and split, and how the images are stored."""
    columns = tally.columns()
    rows = [(name, *(f"{tally.pictures.get((*column, name), 0):,}" for column in columns)) for name in story.classes]
    totals = [sum(tally.pictures.get((*column, name), 0) for name in story.classes) for column in columns]
    rows.append(("all", *(f"{total:,}" for total in totals)))
    if any(kind == "real" for kind, _ in columns):
        patients = (f"{tally.patients[column]:,}" if column[0] == "real" else "none" for column in columns)
        rows.append(("patients", *patients))
    renamed = [f"“{name}” is called {story.folders[name]}" for name in story.classes if story.folders[name] != name]
    blocks: list[Block] = [
        Table(("class", *(COLUMN_TITLES[column] for column in columns)), tuple(rows), numbers=True),
        Text(f"Formats: {', '.join(story.formats)}. {say.preparation(story)}"),
    ]
    if renamed:
        blocks.append(Text(f"In folders and tables, {'; '.join(renamed)}.", soft=True))
    return tuple(blocks)


def _origin(story: Story) -> tuple[Block, ...]:
    blocks: list[Block] = [Text(say.collection(story))]
    if synthesis := say.synthesis(story):
        blocks.append(
            Text(f"{synthesis} modelcard.html tells how it was trained; the seed of each is in metadata.csv.")
        )
    if story.left_out:
        blocks.append(Text(f"{say.number(len(story.left_out), 'image')} left out; the manifest says why."))
    return tuple(blocks)


def _protection(story: Story) -> tuple[Block, ...]:
    lines = say.deidentified(story)
    if not lines:
        return ()
    blocks: list[Block] = [Points(lines)]
    told = story.deidentification
    if told is not None and told.fired:
        blocks.append(Table(("rule", "times"), say.fired(told), numbers=True))
    return tuple(blocks)


def findings(story: Story) -> tuple[Block, ...]:
    """Verdicts of the audit, with the figures behind them."""
    if story.audit is None:
        return ()
    verdicts = story.audit.verdicts
    shown: list[Block] = [
        Finding(TITLES.get(one.metric, one.metric), one.level, LEVELS.get(one.level, one.level), one.sentence)
        for one in verdicts
    ]
    rows = tuple((one.metric, name, figure(value)) for one in verdicts for name, value in one.figures.items())
    return (*shown, Table(("question", "figure", "value"), rows), Points(HOW_FAR))


def figure(value: float | int | str | None) -> str:
    """A measured value as it is written."""
    if value is None:
        return "not measured"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _splits(story: Story, tally: Tally) -> tuple[str, ...]:
    lines = ["The splits are those of the project; nothing was moved."]
    if not tally.shared_patients and story.patients is not None:
        lines.append("No patient is in two splits.")
    if tally.total("synthetic"):
        lines.append(
            "Synthetic images lie in folders of their own and in “train” only. The real validation and test images are "
            "the same, byte by byte, whether synthetic images are in the export or not."
        )
    if ("real", "test") not in tally.columns():
        lines.append("There are no real test images in it: test a model on unseen real images of your own.")
    return tuple(lines)


def _loading(story: Story, tally: Tally) -> tuple[Block, ...]:
    kind, _ = tally.columns()[0]
    blocks: list[Block] = []
    plain = next((form for form in ("png", "tiff") if form in story.formats), None)
    if plain:
        blocks += [
            Text("torchvision (the loader keeps all 16 bits; without it, pictures become 8-bit colour):"),
            Code(
                "python",
                "from PIL import Image\nfrom torchvision.datasets import ImageFolder\n"
                f'train = ImageFolder("{kind}/{plain}/train", loader=Image.open)',
            ),
            Text("Hugging Face datasets (class and all other columns come from metadata.csv):"),
            Code(
                "python",
                f'from datasets import load_dataset\nimages = load_dataset("imagefolder", data_dir="{kind}/{plain}")',
            ),
        ]
    form = story.formats[0]
    blocks += [
        Text("MONAI (real and synthetic training images together; the lists “validation” and “test” are real only):"),
        Code(
            "python",
            "from monai.data import load_decathlon_datalist\n"
            f'train = load_decathlon_datalist("dataset_{form}.json", is_segmentation=False, data_list_key="training")',
        ),
        Text("index.csv has one line an image. croissant.json describes everything for programs."),
    ]
    return tuple(blocks)


def _checking() -> tuple[Block, ...]:
    return (
        Text("SHA256SUMS has the checksum of every file, and manifest.json has them with how it all came to be."),
        Code("sh", "sha256sum -c SHA256SUMS"),
    )
