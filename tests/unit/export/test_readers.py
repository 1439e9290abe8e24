"""Whoever trains from an export finds every image, its class and its split, and nothing of another kind or split."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.domain.export import Format
from app.imaging import dicomdir
from app.worker.export_manifest import describe
from tests.helpers.folder_readers import imagefolder, torchvision_folder
from tests.helpers.judges import judge
from tests.helpers.leaving import make_export

CLASSES = ["T1_T2", "clear", "testset"]
REAL = {"train": 12, "validation": 6, "test": 6}


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_torchvision_reads_every_split_with_the_same_class_numbers(described, form):
    root, *_ = described
    for split, count in REAL.items():
        classes, pictures = torchvision_folder(root / "real" / form / split)
        assert classes == CLASSES
        assert Counter(number for _, number in pictures) == dict.fromkeys(range(3), count // 3)
    classes, pictures = torchvision_folder(root / "synthetic" / form / "train")
    assert (classes, len(pictures)) == (CLASSES, 9)
    assert not (root / "synthetic" / form / "test").exists()


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_imagefolder_reads_splits_and_columns(described, form):
    root, *_ = described
    found = imagefolder(root / "real" / form)
    assert {split: len(rows) for split, rows in found.items()} == REAL
    for split, rows in found.items():
        assert {row["split"] for row in rows} == {split}
        assert {row["synthetic"] for row in rows} == {"false"}
        assert Counter(row["label"] for row in rows) == dict.fromkeys(CLASSES, len(rows) // 3)
    made = imagefolder(root / "synthetic" / form)
    assert {split: len(rows) for split, rows in made.items()} == {"train": 9}
    assert {row["synthetic"] for row in made["train"]} == {"true"}
    assert sorted(int(row["seed"]) for row in made["train"]) == list(range(1, 10))


@pytest.mark.parametrize(
    "labels",
    [
        ("0", "1"),
        ("0", "normal"),
        ("None", "NA", "true"),
        ("train", "val", "test set", "my-eval"),
        ("1e5", "inf", "-x", "__x", ".hidden"),
        ("CON", "a", "A", "trailing. ", "Ödem"),
    ],
)
def test_no_class_name_confuses_a_reader(tmp_path, labels):
    files, story = make_export(tmp_path, labels, formats=(Format.PNG,), synthetic=1)
    describe(tmp_path, story, files)
    found = imagefolder(tmp_path / "real" / "png")
    assert {split: len(rows) for split, rows in found.items()} == {
        split: len(labels) * 2 * count for split, count in (("train", 2), ("validation", 1), ("test", 1))
    }
    assert len({row["label"] for row in found["train"]}) == len(labels)
    for split in found:
        assert len(torchvision_folder(tmp_path / "real" / "png" / split)[0]) == len(labels)


@pytest.mark.parametrize("form", list(Format))
def test_monai_reads_every_list(described, form):
    from monai.data import load_decathlon_datalist

    root, *_ = described
    keys = {"training": "train", "validation": "validation", "test": "test"}
    whole = root / f"dataset_{form}.json"
    numbers = json.loads(whole.read_text(encoding="utf-8"))["labels"]
    assert numbers == {"0": "T1/T2", "1": "clear", "2": "test"}
    for key, split in keys.items():
        items = load_decathlon_datalist(whole, is_segmentation=False, data_list_key=key)
        alone = load_decathlon_datalist(root / "real" / form / "dataset.json", False, key)
        assert len(alone) == REAL[split]
        assert len(items) == REAL[split] + (9 if split == "train" else 0)
        assert [item for item in items if not item["synthetic"]] == alone
        for item in items:
            folder = "synthetic" if item["synthetic"] else "real"
            assert str(item["image"]).startswith(str(root / folder / form / split))
            if form is not Format.DICOM:
                assert Path(item["image"]).parent.name == CLASSES[item["label"]]
        assert Counter(item["label"] for item in alone) == dict.fromkeys(range(3), REAL[split] // 3)
    made = root / "synthetic" / form / "dataset.json"
    assert len(load_decathlon_datalist(made, False, "training")) == 9
    assert {"validation", "test"}.isdisjoint(json.loads(made.read_text()))


OFFLINE = """
import json, socket, sys
def refuse(*_):
    raise OSError("offline")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
def told(value):
    value = value.decode() if isinstance(value, bytes) else value
    return value if isinstance(value, (int, str)) else type(value).__name__
import mlcroissant as mlc
dataset = mlc.Dataset(sys.argv[1])
found = {}
for records in dataset.metadata.record_sets:
    rows = list(dataset.records(records.id))
    found[records.id] = [{key.split("/")[1]: told(value) for key, value in row.items()} for row in rows]
print(json.dumps({"warnings": sorted(dataset.metadata.ctx.issues.warnings), "found": found}))
"""


@pytest.mark.judge
def test_croissant_is_valid_and_loads_without_a_network(described):
    if importlib.util.find_spec("mlcroissant") is None:
        pytest.skip("mlcroissant is not installed (it is in the test extra)")
    root, *_ = described
    run = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(root / "croissant.json")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["warnings"] == []
    found = said["found"]
    assert [row["label"] for row in found["classes"]] == CLASSES
    assert {name: len(rows) for name, rows in found.items() if name != "classes"} == dict.fromkeys(
        ("images", "images_png", "images_tiff", "images_dicom"), 33
    )
    for name in ("images_png", "images_tiff"):
        assert {row["image"] for row in found[name]} == {"Image"}
    assert {row["image"] for row in found["images_dicom"]} == {"list"}
    for row in found["images_png"]:
        kind = "synthetic" if row["synthetic"] else "real"
        assert row["png"].startswith(f"{kind}/png/{row['split']}/{row['label']}/")


@pytest.mark.judge
def test_the_validator_of_croissant_accepts_it(described):
    root, *_ = described
    run = subprocess.run(
        [judge("mlcroissant"), "validate", "--jsonld", str(root / "croissant.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr


@pytest.mark.judge
def test_coreutils_accepts_the_checksums(described):
    root, *_ = described
    run = subprocess.run([judge("sha256sum"), "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=root, check=False)
    assert run.returncode == 0


def test_each_dicom_root_is_a_file_set_whose_index_finds_every_file(described):
    root, *_ = described
    for base, count in {**{f"real/dicom/{name}": n for name, n in REAL.items()}, "synthetic/dicom/train": 9}.items():
        index = dicomdir.read(root / base / "DICOMDIR")
        assert index.missing == ()
        assert index.present == {path for path in (root / base).rglob("IM*") if path.is_file()}
        assert len(index.present) == count
