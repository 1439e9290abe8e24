"""Chooses a recipe: plane, grey-level window, picture size, pixel spacing, and whether faces are taken out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QWidget

from app.domain.recipe import SIZES, WINDOW_PRESETS, Plane, Recipe, Window
from app.ui.widgets.section import Form, label, roomy, row

PLANES = {
    Plane.NATIVE: "As acquired",
    Plane.AXIAL: "Axial",
    Plane.CORONAL: "Coronal",
    Plane.SAGITTAL: "Sagittal",
}
FALLBACK = (40.0, 400.0)
"""Centre and width that "by hand" begins with, a soft-tissue CT window."""


class RecipeForm(QWidget):
    """Form rows for a recipe.

    Signals:
        changed(): ``recipe()`` is another one now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.plane, self.grey, self.edge = QComboBox(), QComboBox(), QComboBox()
        for plane, text in PLANES.items():
            self.plane.addItem(text, plane)
        self._offer_windows()
        for edge in SIZES:
            self.edge.addItem(f"{edge} × {edge} pixels", edge)
        self.edge.setCurrentIndex(SIZES.index(Recipe().size))
        self.center = _box(-100_000, 100_000, FALLBACK[0], "Window centre")
        self.width_box = _box(1, 200_000, FALLBACK[1], "Window width")
        self.resample = QCheckBox("Same pixel spacing for all")
        self.resample.setToolTip("Otherwise each whole slice is fitted into the picture")
        self.spacing = _box(0.1, 10.0, 1.0, "Pixel spacing", decimals=2)
        self.spacing.setSuffix(" mm")
        self.deface = QCheckBox("Take faces out of head CT and MR")
        self.deface.setChecked(Recipe().deface)
        self.deface.setToolTip("Looking for a face takes a few seconds for each series, once")
        self._shows_heads = False
        self._arrange()
        for combo in (self.plane, self.grey, self.edge):
            combo.currentIndexChanged.connect(self._change)
        for box in (self.center, self.width_box, self.spacing):
            box.valueChanged.connect(self._change)
        self.resample.toggled.connect(self._change)
        self.deface.toggled.connect(self._change)
        self._show_parts()

    def _offer_windows(self) -> None:
        self.grey.addItem("Automatic", "auto")
        for name, (center, width) in WINDOW_PRESETS.items():
            self.grey.addItem(f"{name.capitalize()} ({center:g}/{width:g})", name)
        self.grey.addItem("By hand", "manual")

    def recipe(self) -> Recipe:
        """What the form says."""
        mode = str(self.grey.currentData())
        by_hand = mode == "manual"
        window = Window(mode, self.center.value(), self.width_box.value()) if by_hand else Window(mode)
        spacing = self.spacing.value() if self.resample.isChecked() else None
        return Recipe(
            Plane(self.plane.currentData()), window, int(self.edge.currentData()), spacing, self.deface.isChecked()
        )

    def offer_defacing(self, shown: bool) -> None:
        """Ask about faces, or not where no image could show one: the answer counts for nothing there."""
        self._shows_heads = shown
        self._show_parts()

    def _arrange(self) -> None:
        layout = Form()
        self.setLayout(layout)
        self._why = label("A model that learns from faces can draw them.", "small", wrap=True)
        layout.add("Plane", self.plane)
        layout.add("Window", self.grey)
        self._by_hand = QWidget()
        pair = row(self.center, self.width_box)
        pair.setContentsMargins(0, 0, 0, 0)
        self._by_hand.setLayout(pair)
        layout.add("Centre, width", self._by_hand)
        layout.add("Size", self.edge)
        layout.addRow(self.resample)
        layout.add("Spacing", self.spacing)
        layout.addRow(self.deface)
        layout.addRow(self._why)
        self._form = layout

    def _change(self) -> None:
        self._show_parts()
        self.changed.emit()

    def _show_parts(self) -> None:
        self._form.setRowVisible(self._by_hand, self.grey.currentData() == "manual")
        self._form.setRowVisible(self.spacing, self.resample.isChecked())
        self._form.setRowVisible(self.deface, self._shows_heads)
        self._form.setRowVisible(self._why, self._shows_heads)


def _box(low: float, high: float, value: float, name: str, *, decimals: int = 0) -> QDoubleSpinBox:
    box = roomy(QDoubleSpinBox())
    box.setRange(low, high)
    box.setDecimals(decimals)
    box.setSingleStep(0.1 if decimals else 10)
    box.setValue(value)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setKeyboardTracking(False)
    return box
