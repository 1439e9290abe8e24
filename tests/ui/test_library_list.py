"""The Library's list: blocks instead of new lists, so that selection, place and open groups outlive every change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from app.domain.study import SourceKind
from app.ui.context import PageContext
from app.ui.view_models.library import Entry, Stock, entries, stock
from app.ui.view_models.library_filter import Facets, Order, State, Wanted, facets, is_date, listed, without
from app.ui.view_models.row_changes import changes
from app.ui.widgets.entry_list import ROW, EntryList
from app.ui.widgets.grouped_list import GroupedModel
from app.ui.widgets.thumbnails import WAITING, Thumbnails
from tests.helpers.fake_services import line_of, series, study

LEFT, SHIFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def shown(qtbot: QtBot, context: PageContext) -> EntryList:
    made = EntryList(Thumbnails(context.bridge, lambda _key: None))
    qtbot.addWidget(made)
    made.resize(340, 8 * ROW)
    made.show()
    return made


def many(numbers: range | list[int], each: int = 2) -> list[Entry]:
    studies = [study(f"s{n:05}", *(series(f"k{n}-{i}") for i in range(each)), label=f"CT {n:05}") for n in numbers]
    return entries([line_of(of, one) for of in studies for one in of.series])


def press(qtbot: QtBot, view: QListView, row: int, modifier=Qt.KeyboardModifier.NoModifier, x: int = 150) -> None:
    place = view.visualRect(view.model().index(row, 0))
    qtbot.mouseClick(view.viewport(), LEFT, modifier, QPoint(x, place.center().y()))


# Changes


@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30), unique=True))
def test_blocks_turn_the_old_list_into_the_new_one(old: list[int], new: list[int]) -> None:
    steps = changes(old, new)
    staying = [key for key in new if key in old]
    if steps is None:
        assert staying != [key for key in old if key in new]
        return
    rows = list(old)
    for first, last in steps.removed:
        del rows[first : last + 1]
    for first, last in steps.inserted:
        rows[first:first] = new[first : last + 1]
    assert rows == new


def test_too_many_blocks_are_a_new_list() -> None:
    assert changes(list(range(100)), list(range(0, 100, 2)), most=20) is None
    assert changes(list(range(100)), list(range(50)), most=20) is not None


def test_the_model_keeps_qts_rules() -> None:
    model = GroupedModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for numbers in (range(10), range(3, 20), range(0, 20, 2), [7, 3, 1], range(0)):
        model.show(many(numbers))
        if model.ids:
            model.toggle(0)
            model.toggle(0)
            model.toggle(len(model.ids) - 1)
    assert tester.model() is model


# With the mouse and the keyboard


def test_an_arrow_opens_a_group_and_its_series_can_be_selected_alone(shown: EntryList, qtbot: QtBot) -> None:
    shown.show_nodes(many(range(3)))
    press(qtbot, shown, 1, x=8)
    assert [row.node.key for row in shown.grouped.rows] == ["s00000", "s00001", "k1-0", "k1-1", "s00002"]
    assert shown.selected() == [], "the arrow selects nothing"
    press(qtbot, shown, 3)
    assert [entry.key for entry in shown.selected()] == ["k1-1"]
    qtbot.keyClick(shown, Qt.Key.Key_Up)
    qtbot.keyClick(shown, Qt.Key.Key_Up)
    qtbot.keyClick(shown, Qt.Key.Key_Left)
    assert len(shown.grouped.rows) == 3
    qtbot.keyClick(shown, Qt.Key.Key_Right)
    assert len(shown.grouped.rows) == 5


def test_a_growing_list_keeps_selection_open_groups_and_place(shown: EntryList, qtbot: QtBot) -> None:
    shown.show_nodes(many(range(0, 200, 2)))
    press(qtbot, shown, 0, x=8)
    shown.verticalScrollBar().setValue(40 * ROW + 7)
    top = shown.indexAt(QPoint(100, 2)).data()
    press(qtbot, shown, 42)
    press(qtbot, shown, 44, SHIFT)
    before = [entry.key for entry in shown.selected()]
    shown.show_nodes(many(range(200)))
    assert [entry.key for entry in shown.selected()] == before, "what came between is not selected"
    assert shown.indexAt(QPoint(100, 2)).data() == top
    assert shown.grouped.row(0).opened
    current = shown.current()
    assert current is not None
    assert current.key == before[-1]


def test_a_list_that_changes_altogether_keeps_what_was_selected(shown: EntryList, qtbot: QtBot) -> None:
    shown.show_nodes(many(range(1000), each=1))
    press(qtbot, shown, 3)
    press(qtbot, shown, 5, CONTROL)
    shown.show_nodes(list(reversed(many(range(0, 1000, 1), each=1))))
    assert sorted(entry.key for entry in shown.selected()) == ["s00003", "s00005"]


def test_everything_selected_stays_selected_when_one_goes(shown: EntryList) -> None:
    shown.show_nodes(many(range(2000), each=1))
    shown.selectAll()
    shown.show_nodes(many([n for n in range(2000) if n != 77], each=1))
    assert len(shown.selected()) == 1999


def test_new_lines_at_the_top_are_seen_by_who_is_at_the_top(shown: EntryList) -> None:
    shown.show_nodes(many(range(100, 200)))
    shown.show_nodes(many(range(200)))
    assert shown.verticalScrollBar().value() == 0
    assert shown.indexAt(QPoint(100, 2)).data() == "CT 00000"


def test_who_scrolls_fast_through_a_long_list_does_not_wait_for_what_is_past(context: PageContext) -> None:
    thumbnails = Thumbnails(context.bridge, lambda _key: None)
    for number in range(5000):
        thumbnails.get(f"k{number}")
    assert len(thumbnails._wanted) <= WAITING
    assert "k4999" in thumbnails._wanted


# Words, filters, order


def library() -> Stock:
    head = study("a", series("a1", modality="MR", description="T1", tags={"BodyPartExamined": "HEAD"}), label="Brain")
    scout = study(
        "b", series("b1", slices=30, description="Axial"), series("b2", slices=1, description="Scout"), label="Abdomen"
    )
    picture = study("c", series("c1", slices=1, kind=SourceKind.IMAGE, modality="", description="x.png", tags={}))
    lines = [
        line_of(head, head.series[0], tags=("follow-up",), warnings=("Slices are missing.",), added=1),
        line_of(scout, scout.series[0], labels=("liver",), added=7),
        line_of(scout, scout.series[1], apart="localiser", unchecked=1, added=8),
        line_of(picture, picture.series[0], added=3),
    ]
    dates = ["2019-03-04", "2021-01-01", "2021-01-01", ""]
    return stock([replace(line, date=date) for line, date in zip(lines, dates, strict=True)], ())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), {"a1", "b1", "b2", "c1"}),
        (Wanted("brain t1"), {"a1"}),
        (Wanted("FOLLOW-up"), {"a1"}),
        (Wanted(modality="CT"), {"b1", "b2"}),
        (Wanted(body_part="HEAD"), {"a1"}),
        (Wanted(label="liver"), {"b1"}),
        (Wanted(tag="follow-up"), {"a1"}),
        (Wanted(since="2020"), {"b1", "b2"}),
        (Wanted(until="2019-03"), {"a1"}),
        (Wanted(since="2019-03-05"), {"b1", "b2"}),
        (Wanted(state=State.WARNED), {"a1"}),
        (Wanted(state=State.APART), {"b2"}),
        (Wanted(state=State.CHECKING, modality="CT"), {"b2"}),
        (Wanted("axial", tag="follow-up"), set()),
    ],
)
def test_filters_narrow_the_list_together(wanted: Wanted, found: set[str]) -> None:
    answer = listed(library(), wanted)
    assert {line.key for entry in answer.entries for line in entry.lines()} == found
    assert (answer.shown, answer.total) == (len(found), 4)


def test_a_group_says_how_much_of_it_is_shown() -> None:
    (group,) = listed(library(), Wanted("scout")).entries
    assert (group.title, group.detail, group.series) == ("Abdomen", "1 of 2 shown", "b2")


@pytest.mark.parametrize(
    ("order", "titles"),
    [
        (Order.NAME, ["Abdomen", "Brain", "x.png"]),
        (Order.DATE, ["Abdomen", "Brain", "x.png"]),
        (Order.MODALITY, ["Abdomen", "Brain", "x.png"]),
        (Order.IMAGES, ["Abdomen", "Brain", "x.png"]),
        (Order.NEWEST, ["Abdomen", "x.png", "Brain"]),
    ],
)
def test_orders(order: Order, titles: list[str]) -> None:
    assert [entry.title for entry in listed(library(), Wanted(order=order)).entries] == titles


def test_facets_count_and_a_filter_by_something_gone_is_taken_back() -> None:
    found = facets(library())
    assert found.modality == {"CT": 2, "MR": 1}
    assert found.state == {State.APART: 1, State.CHECKING: 1, State.WARNED: 1}
    wanted = Wanted("words", modality="MR", tag="gone")
    assert without(wanted, found) == Wanted("words", modality="MR")
    assert without(wanted, Facets()) == Wanted("words")


def test_dates_are_whole_or_begun() -> None:
    assert all(map(is_date, ("", "2019", "2019-05", "2019-05-31")))
    assert not any(map(is_date, ("19", "2019-5", "31.5.2019", "2019-05-3")))


def test_what_did_not_change_is_the_same_entry_again() -> None:
    first = library()
    again = library()
    assert again.entries == first.entries
    lines = [line for entry in first.by_series.values() for line in entry.lines()]
    taken_over = stock(lines, (), first)
    assert all(new is old for new, old in zip(taken_over.entries, first.entries, strict=True))
