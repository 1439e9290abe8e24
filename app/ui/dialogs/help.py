"""Help that needs no network: the road, kinds of models with pictures that each drew, data protection, keys and mouse.

All but the page on data protection is made from the tables that the program itself works by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from app.domain.families import AUTO, CHOICES, FamilyChoice
from app.paths import program_root
from app.ui.actions import ACTIONS
from app.ui.mouse_profiles import PROFILES
from app.ui.theme import SPACE
from app.ui.widgets.section import Card, button, label, row, scrolled

ROAD = (
    ("Library", "Drop folders, files or ZIPs anywhere on the window. They are read in place and never changed."),
    ("Cohort", "Choose images, give them labels, and see what so many images can support. Splits are by patient."),
    ("Train", "Choose a time and start. Samples, the loss and a copy alarm are shown while it learns."),
    ("Generate", "Say how many images of each class, or balance the classes. Throw single ones out."),
    ("Review", "See whether the images are like real ones, show what they should, and copy nobody."),
    ("Export", "Check what would leave, sign it off, and write it with its evidence. Refused where that says no."),
)
VIEWER_KEYS = (
    ("Wheel, arrows, Page Up and Down", "through the slices"),
    ("0, 1 to 9", "the window as proposed; the next ones of its list"),
    ("+, -, F", "larger, smaller, fit"),
    ("I", "invert"),
    ("Space", "play or pause"),
    ("Double click", "one plane alone, or all of them"),
)
PICTURE_WIDTH = 600
DATA_PROTECTION = "Data protection"
"""Title of the page that says what protects patients."""


def kinds() -> list[FamilyChoice]:
    """The kinds of models that can be chosen by name."""
    return [choice for choice in CHOICES if choice.key != AUTO]


def family_pictures() -> dict[str, Path]:
    """By family, the picture of what it drew on the sample project; only those that are there."""
    folder = program_root() / "resources" / "help"
    found = {choice.key: folder / f"{choice.key}.png" for choice in kinds()}
    return {key: path for key, path in found.items() if path.is_file()}


class HelpDialog(QDialog):
    """Stands beside the window; the person goes on working."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.resize(760, 640)
        self.pages = QTabWidget()
        self.pages.addTab(scrolled(_road()), "The road")
        self.pages.addTab(scrolled(_models()), "Kinds of models")
        self.pages.addTab(scrolled(_data_protection()), DATA_PROTECTION)
        self.pages.addTab(scrolled(_keys()), "Keys and mouse")
        self.leave = button("Close")
        self.leave.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        layout.addWidget(self.pages, 1)
        layout.addLayout(row(None, self.leave))


def show_help(window: QWidget, *, page: str = "") -> None:
    """Help beside ``window``, on the page of that title; one that stands there already comes to the front."""
    dialog = window.findChild(HelpDialog) or HelpDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    titles = [dialog.pages.tabText(place) for place in range(dialog.pages.count())]
    if page in titles:
        dialog.pages.setCurrentIndex(titles.index(page))
    dialog.show()
    dialog.raise_()


def _road() -> QWidget:
    page, body = _page()
    about = "Six rooms in the order of the work. “Augment…” walks all of them by itself."
    body.addWidget(label(about, "muted", wrap=True))
    for number, (room, sentence) in enumerate(ROAD, 1):
        card = Card(f"{number}. {room}")
        card.body.addWidget(label(sentence, wrap=True))
        body.addWidget(card)
    body.addStretch(1)
    return page


def _models() -> QWidget:
    page, body = _page()
    pictures = family_pictures()
    if pictures:
        about = (
            "The pictures were learnt in one minute on two processor cores from the sample project, whose patients are "
            "invented: one row a class, and on the right two pictures that were not learnt from."
        )
        body.addWidget(label(about, "muted", wrap=True))
    for choice in kinds():
        card = Card(choice.title)
        card.body.addWidget(label(choice.description, wrap=True))
        if choice.key in pictures:
            card.body.addWidget(_picture(pictures[choice.key], choice.title))
        body.addWidget(card)
    body.addStretch(1)
    return page


def _picture(path: Path, title: str) -> QLabel:
    shown = QLabel()
    whole = QPixmap(str(path))
    shown.setPixmap(whole.scaledToWidth(PICTURE_WIDTH, Qt.TransformationMode.SmoothTransformation))
    shown.setAccessibleName(f"Pictures drawn by {title}")
    return shown


def _data_protection() -> QWidget:
    """The page for data protection officers: a card for each heading of its text."""
    page, body = _page()
    text = (program_root() / "resources" / "help" / "data-protection.md").read_text("utf-8")
    about, *parts = text.split("\n## ")
    body.addWidget(_markdown(about.strip(), "muted"))
    for part in parts:
        title, _, words = part.partition("\n")
        card = Card(title)
        card.body.addWidget(_markdown(words.strip()))
        body.addWidget(card)
    body.addStretch(1)
    return page


def _markdown(text: str, role: str = "") -> QLabel:
    made = label(text, role, wrap=True)
    made.setTextFormat(Qt.TextFormat.MarkdownText)
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return made


def _keys() -> QWidget:
    page, body = _page()
    body.addWidget(_table("Anywhere", [(spec.shortcut, spec.text) for spec in ACTIONS if spec.shortcut]))
    body.addWidget(_table("In the viewer", VIEWER_KEYS))
    body.addWidget(_table("Mouse in the viewer", [(one.name, one.sentence()) for one in PROFILES]))
    body.addStretch(1)
    return page


def _table(title: str, lines: Sequence[tuple[str, str]]) -> QFrame:
    card = Card(title)
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * SPACE)
    grid.setColumnStretch(1, 1)
    for number, (keys, meaning) in enumerate(lines):
        grid.addWidget(label(keys), number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(meaning, "muted", wrap=True), number, 1)
    card.body.addLayout(grid)
    return card


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    body = QVBoxLayout(page)
    body.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
    body.setSpacing(SPACE)
    return page, body
