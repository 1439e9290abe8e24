from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.domain.export import Format
from app.services.card import Card, Code, Finding, Points, Section, Table, Text
from app.worker.export_cards import write_cards
from app.worker.export_story import Deidentification
from tests.helpers.leaving import WEIGHTS, make_export

NASTY = "a|b <script>x</script> *c*"


class Words(HTMLParser):
    """Text and tags of a page; an unclosed tag is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def words(page: str) -> Words:
    parser = Words()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture
def export(tmp_path):
    return make_export(tmp_path, ("clear", NASTY), formats=(Format.PNG,))


@pytest.mark.parametrize("name", ["datacard.md", "datacard.html", "modelcard.md", "modelcard.html", "README.txt"])
def test_every_card_says_what_it_is_and_what_it_is_not_for(export, tmp_path, name):
    files, story = export
    write_cards(tmp_path, story, files)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "Not for diagnosis or treatment." in text
    assert "Understudy" in text
    assert "synthetic" in text


def test_the_data_card_counts_by_class_kind_and_split(export, tmp_path):
    files, story = export
    write_cards(tmp_path, story, files)
    text = (tmp_path / "datacard.md").read_text(encoding="utf-8")
    assert "| class | real, train | real, validation | real, test | synthetic, train |" in text
    assert "| clear | 4 | 2 | 2 | 3 |" in text
    assert "| all | 8 | 4 | 4 | 6 |" in text
    assert "| patients | 2 | 1 | 1 | none |" in text


def test_pages_hold_class_names_as_text_and_need_nothing_else(export, tmp_path):
    files, story = export
    write_cards(tmp_path, story, files)
    for path in tmp_path.glob("*.html"):
        page = words(path.read_text(encoding="utf-8"))
        assert not page.tags & {"script", "img", "link", "iframe"}
    assert NASTY in words((tmp_path / "datacard.html").read_text(encoding="utf-8")).text
    assert r"a\|b \<script\>x\</script\> \*c\*" in (tmp_path / "datacard.md").read_text(encoding="utf-8")


def test_the_model_card_tells_settings_training_and_findings(export, tmp_path):
    files, story = export
    write_cards(tmp_path, story, files)
    text = (tmp_path / "modelcard.md").read_text(encoding="utf-8")
    for told in (
        "diffusion",
        "run-1",
        WEIGHTS,
        "600 s",
        "| first seed | 7 |",
        "| drawn again as suspected copies | 1 |",
    ):
        assert told in text
    assert "**Do they look real? Caution.** Somewhat alike" in text
    assert "| fidelity | floor | 1 |" in text
    assert "| copies | threshold | not measured |" in text


def test_the_audit_that_leaves_shows_no_picture(export, tmp_path):
    files, story = export
    write_cards(tmp_path, story, files)
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "No suspected copies." in page
    assert "data:image" not in page


def test_without_synthetic_images_there_is_no_model_card(tmp_path):
    files, story = make_export(tmp_path, formats=(Format.PNG,), synthetic=0)
    write_cards(tmp_path, story, files)
    assert {path.name for path in tmp_path.iterdir()} == {"real", "README.txt", "datacard.md", "datacard.html"}
    assert "What the review" not in (tmp_path / "datacard.md").read_text()


def test_licence_and_use_are_those_that_were_asked_for(tmp_path):
    files, story = make_export(
        tmp_path, formats=(Format.PNG,), licence="CC BY 4.0", intended_use="Teaching in our hospital."
    )
    write_cards(tmp_path, story, files)
    for name in ("datacard.md", "README.txt"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "CC BY 4.0" in text
        assert "Teaching in our hospital. Not for diagnosis or treatment." in text


def test_who_was_told_nothing_of_the_pixels_says_that_they_were_not_checked(export, tmp_path):
    files, story = export
    write_cards(tmp_path, story, files)
    assert "NOT checked for burned-in text or recognisable faces" in (tmp_path / "datacard.md").read_text()


def test_what_was_done_and_what_was_not_is_said(export, tmp_path):
    files, story = export
    told = Deidentification(
        profile="research",
        options=("retain-device",),
        fired={"remove": 1200, "new UID": 30},
        text={"none-found": 14, "redacted": 1, "not-checked": 1},
        faces={"no-head": 16},
        left_out={"Its pixels could not be read.": 2},
        overrides=("A radiologist looked at them.",),
    )
    write_cards(tmp_path, replace(story, deidentification=told), files)
    text = (tmp_path / "datacard.md").read_text(encoding="utf-8")
    for line in (
        "Profile “research”",
        "Options: retain-device.",
        "1 image: burned-in text found and blacked out.",
        "1 image: NOT checked for burned-in text.",
        "16 images: show no face that could be recognised.",
        "2 real images left out: Its pixels could not be read.",
        "A radiologist looked at them.",
        "Not every picture was checked.",
        r"| remove | 1,200 |",
    ):
        assert line in text
    assert not told.pixels_checked
    checked = replace(told, text={"none-found": 16})
    assert checked.pixels_checked
    write_cards(tmp_path, replace(story, deidentification=checked), files)
    assert "Not every picture was checked." not in (tmp_path / "datacard.md").read_text(encoding="utf-8")


def test_every_block_stands_in_both_forms():
    blocks = (
        Text("para", soft=True),
        Points(("one", "two")),
        Table(("x", "y"), (("1", "2"),), numbers=True),
        Finding("Is it?", "pass", "Good", "It is."),
        Code("sh", "ls <folder>"),
    )
    card = Card("Title", "Summary", (Section("Part", blocks), Section("Empty", ())), "end")
    page, text = words(card.page()).text, card.markdown()
    for told in ("Title", "Summary", "Part", "para", "one", "two", "It is.", "ls <folder>", "end"):
        assert told in page
        assert told in text
    assert "Empty" not in page + text
    assert "| x | y |\n|---|---:|\n| 1 | 2 |\n" in text
    assert "- one\n- two\n" in text
