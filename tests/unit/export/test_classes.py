from __future__ import annotations

from app.deid.leaks import Search
from app.worker.export_classes import harmless_names


def test_identities_are_cut_out_and_names_stay_different():
    search = Search(["C3L-00189", "Zebrowski"])
    names = harmless_names(["ct_abdomen_C3L-00189", "ct_abdomen", "ZEBROWSKI", "healthy"], search)
    assert names == {"ct_abdomen_C3L-00189": "class 3", "ZEBROWSKI": "class 1"}


def test_what_is_left_of_a_name_is_kept():
    assert harmless_names(["ct_abdomen_C3L-00189", "mr"], Search(["C3L-00189"])) == {
        "ct_abdomen_C3L-00189": "ct_abdomen"
    }
