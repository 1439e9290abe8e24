"""Planting plants: what the answer key speaks of is really in the files, everywhere where identities hide."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from app.deid.planting.demands import answer_key
from app.deid.planting.key import Action, AnswerKey
from app.deid.planting.people import people
from app.deid.planting.phantoms import KINDS
from app.deid.planting.plant import Planted, plant, plant_all
from app.deid.planting.standard import action, standard
from app.deid.planting.values import element_of, name_of, read
from app.deid.scoring import hits as scoring_hits
from app.domain.deid import Option, Profile, Protection


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> list[Planted]:
    return plant_all(tmp_path_factory.mktemp("planted"))


def key_of(planted: list[Planted], profile: Profile, *options: Option) -> AnswerKey:
    return answer_key(planted, standard(Protection.of(profile, options)), pixels=True)


def test_every_identity_is_in_the_bytes_of_some_file(planted):
    """A token that stands nowhere would be a hit that nobody can leave."""
    found: dict[str, set[str]] = {}
    texts: dict[str, set[str]] = {}
    for one in planted:
        found.setdefault(one.person.key, set()).update(scoring_hits.count(one.path, one.identities))
        texts.setdefault(one.person.key, set()).update(one.identities)
    assert {person: texts[person] - found[person] for person in texts} == {person.key: set() for person in people()}


def test_files_are_dicom_of_eight_kinds_two_for_each_person(planted):
    datasets = [pydicom.dcmread(one.path) for one in planted]
    assert [str(dataset.SOPClassUID) for dataset in datasets] == [str(kind.sop_class) for kind in KINDS]
    assert all(dataset.pixel_array.shape[:2] == (256, 256) for dataset in datasets)
    assert [one.person.key for one in planted] == 2 * [person.key for person in people()]


def test_names_read_back_in_their_own_script(planted):
    names = {str(pydicom.dcmread(one.path).PatientName) for one in planted}
    assert names == {person.name for person in people()}


@pytest.mark.parametrize(
    "path",
    [
        "60000022",  # overlay description
        "60004000",
        "50002500",
        "00091002",  # private, UN
        "00091005/0/00111010/0/00100010",  # private sequences in each other
        "00101060",  # a person's name whose representation is not told
        "0040A730/0/0040A730/0/0040A730/0/0040A123",  # three levels of a report
        "04000561/0/04000550/0/00100020",
        "FFFCFFFC",
    ],
)
def test_what_is_easily_forgotten_is_planted_and_asked_for(planted, path):
    for one in planted:
        assert element_of(read(one.path), path) is not None, name_of(path)
    asked = {entry.file for entry in key_of(planted, Profile.MAXIMUM).entries if entry.where == path}
    assert asked == {one.path.name for one in planted}


@pytest.mark.parametrize("where", ["name", "preamble", "meta", "tail"])
def test_what_stands_around_the_data_set_is_asked_for(planted, where):
    entries = [entry for entry in key_of(planted, Profile.RESEARCH).entries if entry.where == where]
    assert len(entries) == len(planted)
    assert {entry.action for entry in entries} == {Action.TEXT_REMOVED}


def test_letters_stand_out_where_the_key_says(planted):
    burned = [one for one in planted if one.letters]
    assert {read(one.path).Modality for one in burned} == {"CR", "DX", "US", "OT"}
    for one in burned:
        pixels = read(one.path).pixel_array
        for box in one.letters:
            inside = pixels[box.top : box.bottom, box.left : box.right]
            assert inside.max() == 4095 if pixels.dtype == np.uint16 else 255
            assert (inside == inside.max()).mean() > 0.1


def test_the_key_asks_what_the_table_says(planted):
    """Some rows of PS3.15 table E.1-1, by hand."""
    tags = {"PatientName": 0x00100010, "StudyDate": 0x00080020, "StudyDescription": 0x00081030, "Rows": 0x00280010}
    assert {name: action(pydicom.tag.Tag(tag), ()) for name, tag in tags.items()} == {
        "PatientName": "Z",
        "StudyDate": "Z",
        "StudyDescription": "X",
        "Rows": "",
    }
    assert action(pydicom.tag.Tag(0x00080020), {"modified-dates"}) == "C"
    assert action(pydicom.tag.Tag(0x00181000), {"device"}) == "K"


def asked_of(key: AnswerKey, keyword: str) -> set[Action]:
    return {entry.action for entry in key.entries if name_of(entry.where) == keyword}


def test_profiles_ask_for_different_things(planted):
    research, maximum = key_of(planted, Profile.RESEARCH), key_of(planted, Profile.MAXIMUM)
    assert asked_of(research, "StudyDate") == {Action.DATE_SHIFTED}
    assert asked_of(maximum, "StudyDate") == {Action.TEXT_REMOVED, Action.TAG_RETAINED}
    assert asked_of(research, "StudyDescription") == {Action.TEXT_REMOVED, Action.TEXT_RETAINED}
    assert asked_of(maximum, "StudyDescription") == {Action.TEXT_REMOVED}
    assert asked_of(research, "KVP") == {Action.TEXT_RETAINED}
    assert asked_of(maximum, "KVP") == set()
    assert asked_of(maximum, "PixelSpacing") == {Action.TEXT_RETAINED}
    assert asked_of(research, "SOPInstanceUID") == {Action.UID_CHANGED, Action.UID_CONSISTENT}
    assert {entry.action for entry in research.entries} == set(Action)


def test_what_an_option_keeps_is_no_hit(planted):
    without = key_of(planted, Profile.RESEARCH)
    kept = key_of(planted, Profile.RESEARCH, Option.DEVICE)
    gone = {text for file in without.identities for text in set(without.identities[file]) - set(kept.identities[file])}
    devices = {str(read(one.path).DeviceUID) for one in planted}
    assert gone == devices | {one.person.facts[fact] for one in planted for fact in ("serial", "station")}
    assert asked_of(kept, "DeviceSerialNumber") == {Action.TEXT_RETAINED}


def test_the_key_survives_json(planted):
    key = key_of(planted, Profile.RESEARCH)
    assert AnswerKey.from_json(json.loads(json.dumps(key.to_json()))) == key


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "examples_overlay.dcm", "rtdose_1frame.dcm"])
def test_headers_of_real_scanners_can_be_planted(tmp_path: Path, name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these files break rules on purpose
        dataset = pydicom.dcmread(get_testdata_file(name))
        one = plant(dataset, people()[0], tmp_path / "planted.dcm")
        key = key_of([one], Profile.RESEARCH)
    assert sum(scoring_hits.count(one.path, one.identities).values()) > 100
    assert asked_of(key, "Rows") == {Action.TEXT_RETAINED}
