from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.imaging import marking, xmp
from tests.helpers.pages import ct_page, real

IPTC = f"{{{xmp.NAMESPACES['Iptc4xmpExt']}}}DigitalSourceType"
SYNTHETIC = f"{{{xmp.NAMESPACES['understudy']}}}Synthetic"
ABOUT = f"{{{xmp.NAMESPACES['rdf']}}}Description"


def description(page):
    (found,) = ElementTree.fromstring(xmp.packet(page)).iter(ABOUT)
    return found


def test_a_synthetic_picture_carries_the_source_type_of_trained_media():
    found = description(ct_page())
    assert found.get(IPTC) == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert found.get(SYNTHETIC) == "yes"
    assert found.get(f"{{{xmp.NAMESPACES['xmp']}}}CreatorTool") == "Understudy 0.1.0"
    (alternatives,) = found.iter(f"{{{xmp.NAMESPACES['rdf']}}}Alt")
    assert alternatives[0].text == marking.story(ct_page().origin)


def test_a_real_picture_carries_none_and_says_no():
    found = description(real(ct_page()))
    assert found.get(IPTC) is None
    assert found.get(SYNTHETIC) == "no"
    assert "trainedAlgorithmicMedia" not in xmp.packet(real(ct_page()))


@pytest.mark.parametrize("part", ['<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="r"?>'])
def test_the_packet_can_be_found_by_a_scanner_of_bytes(part):
    assert xmp.packet(ct_page()).count(part) == 1
