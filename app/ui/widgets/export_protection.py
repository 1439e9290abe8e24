"""Protection of real images: a profile of two with a sentence each, and the standard's options as switches."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from app.domain.deid import Option, Profile
from app.ui.view_models.export import Form
from app.ui.view_models.export_protection import PROFILES, SWITCHES, effective, fitting, own, switched, weaker
from app.ui.widgets.section import label

INDENT = 24


def indented(text: str) -> QWidget:
    """A small sentence below the button that it explains."""
    made = label(text, "small", wrap=True)
    made.setContentsMargins(INDENT, 0, 0, 4)
    return made


def stacked(*pieces: QWidget) -> QWidget:
    """Pieces below one another, close together."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for piece in pieces:
        layout.addWidget(piece)
    return made


class ProtectionChoice(QWidget):
    """One of the profiles, and a warning where the switches take something away from it.

    Signals:
        changed(): another profile, or another reason.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.buttons = {profile: QRadioButton(title) for profile, (title, _) in PROFILES.items()}
        self.weaker = label("", "caution", wrap=True)
        self.weaker.hide()
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason for less protection")
        self.reason.setPlaceholderText("Reason, for example an ethics vote")
        self.reason.setToolTip("Why less is protected; the log, the cards and the manifest keep it")
        self.reason.setMaxLength(300)
        self.reason.textChanged.connect(self.changed)
        group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label("Protection of real images", "muted"))
        for profile, made in self.buttons.items():
            group.addButton(made)
            made.setAccessibleDescription(PROFILES[profile][1])
            layout.addWidget(made)
            layout.addWidget(indented(PROFILES[profile][1]))
        layout.addWidget(self.weaker)
        layout.addWidget(self.reason)
        self.buttons[Profile.MAXIMUM].setChecked(True)
        group.buttonToggled.connect(lambda _made, on: self.changed.emit() if on else None)

    @property
    def profile(self) -> Profile:
        """The chosen one."""
        return next(profile for profile, made in self.buttons.items() if made.isChecked())

    def fit(self, form: Form) -> None:
        """Say what will stay beyond the profile, and ask why where less than the most is protected."""
        self.setVisible(form.real)
        self.reason.setVisible(form.lessened)
        said = weaker(self.profile, form.kept)
        self.weaker.setText(said)
        self.weaker.setVisible(bool(said))


class OptionSwitches(QWidget):
    """What stays in the headers of real images; switches that contradict each other turn each other off.

    Signals:
        changed(): the person used a switch.

    Attributes:
        extra: options beyond the profile's own.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.extra: frozenset[Option] = frozenset()
        self._profile = Profile.MAXIMUM
        self.boxes: dict[Option, QCheckBox] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label("What stays in headers of real images", "muted"))
        for switch in SWITCHES:
            made = self.boxes[switch.option] = QCheckBox(switch.title)
            made.setToolTip(switch.tip)
            made.clicked.connect(lambda on, option=switch.option: self._switch(option, on=on))
            layout.addWidget(made)

    def set_profile(self, profile: Profile) -> None:
        """Another profile: what it brings is on and cannot be turned off, further switches stay."""
        self._profile = profile
        self.extra = fitting(profile, self.extra)
        self._show()

    def _switch(self, option: Option, *, on: bool) -> None:
        self.extra = switched(self._profile, self.extra, option, on=on)
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        on, given = effective(self._profile, self.extra), own(self._profile)
        for switch in SWITCHES:
            box = self.boxes[switch.option]
            box.setChecked(switch.option in on)
            box.setEnabled(switch.option not in given)
            part = f"Part of {PROFILES[self._profile][0]}. " if switch.option in given else ""
            box.setToolTip(part + switch.tip)
