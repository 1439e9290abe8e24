"""The XMP packet of a picture (ISO 16684-1): the mark that photo programs and archives look for.

A synthetic picture carries the digital source type of IPTC's extension schema; a real one says that it is not
synthetic, and claims nothing else. It must not know in which file it is kept.
"""

from __future__ import annotations

from html import escape

from app.imaging import marking
from app.imaging.picture import Page

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "understudy": "urn:understudy:export:1#",
}
"""Prefix to name of each vocabulary."""


def packet(page: Page) -> str:
    """The packet as text, to be stored as UTF-8; equal pages have equal packets."""
    origin = page.origin
    declared = "".join(f' xmlns:{prefix}="{name}"' for prefix, name in NAMESPACES.items())
    given = {"xmp:CreatorTool": origin.program, "understudy:Synthetic": marking.word(origin)}
    if origin.synthetic:
        given["Iptc4xmpExt:DigitalSourceType"] = marking.TRAINED_MEDIA
    attributes = "".join(f' {name}="{_text(value)}"' for name, value in given.items())
    described = f'<rdf:Alt><rdf:li xml:lang="x-default">{_text(marking.story(origin))}</rdf:li></rdf:Alt>'
    shown = f"<rdf:Bag><rdf:li>{_text(page.picture.label)}</rdf:li></rdf:Bag>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF{declared}><rdf:Description rdf:about=""{attributes}>'
        f"<dc:description>{described}</dc:description><dc:subject>{shown}</dc:subject>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )


def _text(typed: str) -> str:
    return escape(marking.plain(typed))
