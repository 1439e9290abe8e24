from __future__ import annotations

import csv
import hashlib
import json
import re

from app.domain.export import Format
from app.worker.export_manifest import MANIFEST, SUMS, describe
from tests.helpers.leaving import make_export


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_every_file_is_in_the_manifest_with_its_hash_and_size(described):
    root, _, _, hashes = described
    there = contents(root)
    listed = {one["path"]: one for one in json.loads(there[MANIFEST])["files"]}
    assert set(listed) == set(hashes) == set(there) - {MANIFEST}
    for name, one in listed.items():
        assert (one["bytes"], one["sha256"]) == (len(there[name]), hashlib.sha256(there[name]).hexdigest())
        assert hashes[name] == one["sha256"]


def test_the_checksums_cover_every_file_but_themselves_and_the_manifest(described):
    root, *_ = described
    lines = (root / SUMS).read_text(encoding="utf-8").splitlines()
    assert {line.split(" *", 1)[1] for line in lines} == set(contents(root)) - {SUMS, MANIFEST}


def test_the_same_export_has_the_same_bytes_wherever_and_whenever(described, tmp_path):
    root, *_ = described
    files, story = make_export(tmp_path / "again", ("clear", "T1/T2", "test"))
    describe(tmp_path / "again", story, files)
    first, second = contents(root), contents(tmp_path / "again")
    assert [name for name in first if first[name] != second.get(name)] == []
    assert first.keys() == second.keys()


def test_nothing_but_what_was_told_carries_a_time(described):
    """The audit and the sample set have theirs, which the story told; no other stands in a text."""
    root, *_ = described
    told = re.compile(rb"2026-11-01(T1[01]:00:00(\.000)?\+00:00|T09:00:00\+00:00)?")
    for name, content in contents(root).items():
        if name.endswith((".json", ".csv", ".md", ".html", ".txt")):
            assert not re.search(rb"20[0-9]{2}-[01][0-9]-[0-3][0-9]", told.sub(b"", content)), name


def test_real_images_are_the_same_whether_synthetic_ones_are_there_or_not(described, tmp_path):
    root, *_ = described
    files, story = make_export(tmp_path, ("clear", "T1/T2", "test"), synthetic=0)
    describe(tmp_path, story, files)
    with_them, without = (
        {name: content for name, content in contents(where).items() if name.startswith("real/")}
        for where in (root, tmp_path)
    )
    assert with_them == without
    assert {"modelcard.md", "audit.html"}.isdisjoint(contents(tmp_path))
    assert not (tmp_path / "synthetic").exists()


def test_the_index_has_one_line_a_picture_with_its_file_in_each_format(described):
    root, files, *_ = described
    with (root / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(files) / len(Format)
    for row in rows:
        for form in Format:
            assert (root / row[form]).is_file()
            assert row[form].split("/")[:3] == [
                "synthetic" if row["synthetic"] == "true" else "real",
                str(form),
                row["split"],
            ]


def test_a_table_in_every_root_finds_every_file(described):
    root, files, *_ = described
    named = set()
    for table in root.glob("*/*/*/metadata.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        named |= {(table.parent / row["file_name"]).relative_to(root).as_posix() for row in rows}
        assert {row["window_low"] for row in rows} == {"-1000.0"}  # never as whole numbers in one split only
    assert named == {file.path for file in files}


def test_a_class_without_images_moves_no_number(tmp_path):
    files, story = make_export(tmp_path, ("b", "c"), formats=(Format.PNG,), synthetic=0)
    object.__setattr__(story, "folders", {"a": "a", **story.folders})
    describe(tmp_path, story, files)
    labels = json.loads((tmp_path / "dataset_png.json").read_text())["labels"]
    rows = json.loads((tmp_path / "croissant.json").read_text())["recordSet"][0]["data"]
    assert labels == {str(row["classes/class"]): row["classes/name"] for row in rows} == {"0": "a", "1": "b", "2": "c"}


def test_a_file_that_is_there_already_is_not_written_again(tmp_path):
    from app.worker.export_layout import Places
    from app.worker.export_write import write_pages
    from tests.helpers.leaving import synthetic_pages

    places = {"a": "a"}
    pages = list(synthetic_pages(("a",), 3))
    name = "synthetic/png/train/a/000002.png"
    seen: list[str] = []
    files, counts = write_pages(
        tmp_path,
        pages,
        (Format.PNG,),
        Places(places),
        lambda: None,
        known={name: "ab" * 32},
        on_file=lambda file: seen.append(file.path),
    )
    assert counts == {"a": 3}
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["000001.png", "000003.png"]
    assert [file.sha256 for file in files if file.path == name] == ["ab" * 32]
    assert seen == [file.path for file in files]
    for file in files:
        if file.path != name:
            assert hashlib.sha256((tmp_path / file.path).read_bytes()).hexdigest() == file.sha256
