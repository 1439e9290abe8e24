"""The Cohort room: which images, labelled and split how, through which recipe, and what that can support."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.domain.cohort import Cohort
from app.domain.errors import UnderstudyError
from app.domain.recipe import Recipe
from app.ui.context import PageContext
from app.ui.theme import SPACE
from app.ui.view_models.cohort import Choice, Offers, Shown, free_name, offers, shown, size_text
from app.ui.widgets.class_counts import ClassCounts
from app.ui.widgets.cohort_form import CohortForm
from app.ui.widgets.cohort_list import CohortList
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.recipe_preview import RecipePreview
from app.ui.widgets.section import Card, PageHeader, button, label, row, scrolled

if TYPE_CHECKING:
    from app.compose import Services

DEBOUNCE_MS = 250
ELSEWHERE_MS = 1000
"""While an import runs the library changes several times a second; counting it each time would slow both down."""
FORM_WIDTH = 370
NOTICE_LINES = 3


class CohortPage(QWidget):
    """Questions at the left; preview, counts and verdict at the right, always up to date."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._shown: Shown | None = None
        self._names: list[str] = []
        self._made = ""
        self.form = CohortForm()
        self.preview = RecipePreview(context.bridge, self._load_preview)
        self.counts = ClassCounts()
        self.total = label("", "heading")
        self.verdict = label("", wrap=True)
        self.notices = label("", "caution", wrap=True)
        self.problem = label("", "caution", wrap=True)
        self.cohorts = CohortList()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the cohort")
        self.name.setMaxLength(100)
        self.name_note = label("", "small")
        self.make = button("Make cohort", "primary")
        self.message = InlineMessage()
        self.empty = EmptyState(
            "cohort",
            "A cohort needs images",
            "Add studies in the Library first. Here you then choose which ones to learn from, and what they show.",
            action="Go to the Library",
        )
        self.stack = QStackedWidget()
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._elsewhere = QTimer(self, singleShot=True, interval=ELSEWHERE_MS)
        self._arrange()
        self._connect()
        self._show_problem("Counting…")

    def activate(self) -> None:
        """Take over the library as it is now, and what is selected there."""
        self.form.show_selection(self._context.selected_series)
        if self._context.take_focus("cohort") == "selection":
            self.form.use_selection()
        self.refresh()

    def refresh(self) -> None:
        """Ask library and cohorts off the GUI thread."""
        services = self._context.services
        if services is None:
            self.stack.setCurrentWidget(self.empty)
            return
        self._context.bridge.run_in_background(
            lambda: offers(services.catalogue.lines(), services.catalogue.labels(), services.cohorts.names()),
            self._take,
            lane="cohort-library",
        )

    # Building

    def _arrange(self) -> None:
        scroll = scrolled(self.form)
        scroll.setFixedWidth(FORM_WIDTH)
        right = QVBoxLayout()
        right.setSpacing(SPACE + 4)
        right.addWidget(self.message)
        upper = QHBoxLayout()
        upper.setSpacing(SPACE + 4)
        looks, known = Card("What the model will see"), Card("Cohorts of this project")
        looks.body.addWidget(self.preview, 1)
        known.body.addWidget(self.cohorts, 1)
        upper.addWidget(looks, 3)
        upper.addWidget(known, 2)
        right.addLayout(upper, 3)
        right.addWidget(self._result_card(), 2)
        body = QWidget()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(scroll)
        layout.addLayout(right, 1)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(PageHeader("Cohort", "Choose what to learn from, and tell what each image shows."))
        outer.addWidget(self.stack, 1)

    def _result_card(self) -> Card:
        card = Card()
        card.body.addWidget(self.total)
        card.body.addWidget(self.problem)
        card.body.addWidget(self.counts)
        card.body.addWidget(self.verdict)
        notices = scrolled(self.notices)
        self._notices_area = notices
        self.notices.setAlignment(Qt.AlignmentFlag.AlignTop)
        card.body.addWidget(notices)
        card.body.addStretch(1)
        line = row(label("Name", "muted"), self.name, self.make)
        card.body.addLayout(line)
        card.body.addWidget(self.name_note)
        return card

    def _connect(self) -> None:
        context = self._context
        self.empty.acted.connect(lambda: context.go("library"))
        self.form.changed.connect(self._timer.start)
        self.form.labelled.connect(self._label)
        self._timer.timeout.connect(self._draft)
        self._elsewhere.timeout.connect(self.refresh)
        self.name.textChanged.connect(self._show_name)
        self.make.clicked.connect(self._make)
        self.message.acted.connect(lambda: context.go("train", self._made))
        self.cohorts.train_wanted.connect(lambda name: context.go("train", name))
        self.cohorts.delete_wanted.connect(self._delete)
        context.library_changed.connect(self._changed_elsewhere)
        context.cohorts_changed.connect(self._changed_elsewhere)

    def _changed_elsewhere(self) -> None:
        if self.isVisible() and not self._elsewhere.isActive():
            self._elsewhere.start()

    # Showing

    def _take(self, found: Offers) -> None:
        self._names = list(found.cohorts)
        self.form.show_library(found)
        self.cohorts.show_names(self._names)
        if not self.name.text():
            self.name.setText(free_name(self._names))
        self._show_name()
        self.stack.setCurrentIndex(1 if found.images or self._names else 0)
        if found.images:
            self._draft()

    def _draft(self) -> None:
        """Count again; the answer to an earlier question is dropped."""
        choice = self.form.choice()
        if problem := choice.problem():
            self._context.bridge.cancel_lane("cohort-draft")
            self._show_problem(problem)
            return
        services = self._services()
        self._context.bridge.run_in_background(
            lambda: _drafted(services, choice), self._show, failed=self._show_failure, lane="cohort-draft"
        )

    def _show(self, drafted: Shown) -> None:
        self._shown = drafted
        self.total.setText(drafted.text)
        self.verdict.setText(drafted.verdict)
        self.notices.setText("\n".join(drafted.cohort.notices))
        self.problem.hide()
        self._notices_area.setVisible(bool(drafted.cohort.notices))
        lines = min(NOTICE_LINES, len(drafted.cohort.notices))
        self._notices_area.setFixedHeight(lines * self.notices.fontMetrics().lineSpacing() + 4)
        self.verdict.show()
        self.counts.show_rows(drafted.rows, drafted.patients)
        self.form.attributes.show_known(drafted.known)
        self.preview.show_samples(drafted.samples, drafted.cohort.recipe)
        self._show_name()

    def _show_failure(self, error: UnderstudyError) -> None:
        self._show_problem(str(error))

    def _show_problem(self, text: str) -> None:
        self._shown = None
        self.total.setText("Not ready yet")
        self.problem.setText(text)
        self.problem.show()
        self.verdict.hide()
        self._notices_area.hide()
        self.counts.show_rows((), None)
        self.form.attributes.show_known(())
        self.preview.show_samples((), Recipe())
        self._show_name()

    def _show_name(self) -> None:
        name = self.name.text().strip()
        taken = name in self._names
        self.name_note.setText("A cohort of this name exists; making it again replaces it." if taken else "")
        self.name_note.setVisible(taken)
        self.make.setEnabled(bool(name) and self._shown is not None)

    # Doing

    def _services(self) -> Services:
        services = self._context.services
        assert services is not None, "the questions are hidden while no project is open"
        return services

    def _load_preview(self, series: str, index: int, recipe: Recipe) -> NDArray[np.uint8]:
        return self._services().catalogue.preview(series, index, recipe)

    def _label(self, series: list[str], text: str) -> None:
        catalogue = self._services().catalogue

        def give() -> None:
            for key in series:
                catalogue.set_label(key, None, text)

        self._context.bridge.run_in_background(give, self._labelled)

    def _labelled(self, _answer: None) -> None:
        self.refresh()

    def _make(self) -> None:
        services, choice, name = self._services(), self.form.choice(), self.name.text().strip()
        self.make.setEnabled(False)
        self._context.bridge.run_in_background(
            lambda: services.cohorts.make(name, choice.recipe, **choice.options()),
            self._tell_made,
            failed=self._tell_failure,
        )

    def _tell_made(self, cohort: Cohort) -> None:
        self._made = cohort.name
        self.message.show_text(f"“{cohort.name}” is made: {size_text(cohort)}.", action="Go to Train")
        self.name.setText(free_name([*self._names, cohort.name]))
        self._context.cohorts_changed.emit()

    def _tell_failure(self, error: UnderstudyError) -> None:
        self.message.show_error(error)
        self._show_name()

    def _delete(self, name: str) -> None:
        cohorts = self._services().cohorts
        self._context.bridge.run_in_background(lambda: cohorts.delete(name), self._deleted)

    def _deleted(self, _answer: None) -> None:
        self._context.cohorts_changed.emit()


def _drafted(services: Services, choice: Choice) -> Shown:
    """Off the GUI thread: the draft with its verdict."""
    cohort = services.cohorts.draft("draft", choice.recipe, **choice.options())
    return shown(cohort, services.cohorts.verdict(cohort))
