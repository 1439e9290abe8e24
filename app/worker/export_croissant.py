"""An export described for programs: Croissant 1.1 with the RAI vocabulary, as JSON-LD.

Sources: Croissant Format Specification 1.1 (MLCommons, 2026) and Croissant RAI Specification 1.0. Paths are relative,
so it holds wherever the folder lies, and nothing in it has to be fetched. ``index.csv`` is the table of all images;
for each format that readers of Croissant decode there is a record set that joins it with the pixels.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.export import Format
from app.worker import export_statements as say
from app.worker.export_indexes import INDEX
from app.worker.export_layout import ENDINGS, MEDIA_TYPES
from app.worker.export_story import Story, Tally
from app.worker.export_write import Expected

CROISSANT = "croissant.json"
CONFORMS = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The JSON-LD context of Croissant 1.1 (specification, appendix 1)."""

COLUMNS = {
    "label": ("sc:Text", "Class, as its folder is called."),
    "class": ("sc:Integer", "Number of the class, the same in every list of this export."),
    "split": ("sc:Text", "train, validation or test; synthetic images are in train only."),
    "synthetic": ("sc:Boolean", "Whether a generative model drew the image."),
    "patient": (
        "sc:Text",
        "Invented name of the patient; every synthetic image has one of its own who does not exist.",
    ),
}
DECODED = (Format.PNG, Format.TIFF, Format.DICOM)
"""Formats whose pixels a record set can give; NIfTI is none that readers of Croissant know."""


def croissant(story: Story, files: Iterable[Expected], hashes: Mapping[str, str]) -> dict[str, Any]:
    """The description as JSON values.

    Args:
        story: what is told.
        files: the images.
        hashes: path to SHA-256, ``index.csv`` among them.
    """
    images = list(files)
    tally = Tally.of(images)
    formats = [Format(name) for name in story.formats]
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS),
        "name": f"Medical images, {', '.join(story.classes)}",
        "description": say.summary(story, tally),
        "license": story.licence,
        "url": _content_name(hashes[INDEX]),
        "version": "1.0.0",
        "creator": {"@type": "sc:Organization", "name": "Not stated. To be set by whoever shares the export."},
        "citeAs": "Not stated. To be set by whoever shares the export.",
        "distribution": [_index(hashes[INDEX]), *(_file_set(form) for form in formats)],
        "recordSet": [
            _classes(story),
            _table(formats),
            *(
                _pictures(form, [file.shape for file in images if file.format is form])
                for form in formats
                if form in DECODED
            ),
        ],
        **_responsible(story, tally),
    }
    if story.samples is not None:
        document["dateCreated"] = document["datePublished"] = story.samples.created[:10]
    return document


def _content_name(sha256: str) -> str:
    """A name for exactly this content that needs no server (RFC 6920, "ni" scheme)."""
    return f"ni:///sha-256;{base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip('=')}"


def _index(sha256: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": INDEX,
        "name": INDEX,
        "description": "One line an image, with its file in each format.",
        "contentUrl": INDEX,
        "encodingFormat": "text/csv",
        "sha256": sha256,
    }


def _file_set(form: Format) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{form}-files",
        "name": f"{form}-files",
        "description": f"All images as {form.upper()}; their checksums are in manifest.json and SHA256SUMS.",
        "encodingFormat": list(MEDIA_TYPES[form]),
        "includes": "*/dicom/*/PT*/ST*/SE*/IM*" if form is Format.DICOM else f"*/{form}/*/*/*{ENDINGS[form]}",
    }


def _classes(story: Story) -> dict[str, Any]:
    rows = [
        {"classes/class": number, "classes/label": story.folders[name], "classes/name": name}
        for number, name in enumerate(sorted(story.folders, key=lambda name: story.folders[name]))
    ]
    kinds = {"class": "sc:Integer", "label": "sc:Text", "name": "sc:Text"}
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "Numbers, folders and names of the classes.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/label"},
        "field": [
            {"@type": "cr:Field", "@id": f"classes/{name}", "name": name, "dataType": kind}
            for name, kind in kinds.items()
        ],
        "data": rows,
    }


def _table(formats: Iterable[Format]) -> dict[str, Any]:
    """The table of all images, with their paths."""
    paths = [_column("images", str(form), "sc:Text", f"Path of the image as {form.upper()}.") for form in formats]
    fields = [*(_column("images", column, *about) for column, about in COLUMNS.items()), *paths]
    return _record_set("images", "Every image with its file in each format.", fields)


def _pictures(form: Format, shapes: Iterable[tuple[int, ...]]) -> dict[str, Any]:
    """The table with the pixels of one format.

    What DICOM holds is stored values, rows by columns (frames before them where any file has several); what the other
    formats hold is a picture.
    """
    name = f"images_{form}"
    pixels = {"fileSet": {"@id": f"{form}-files"}, "extract": {"fileProperty": "content"}}
    fields = [_column(name, column, *about) for column, about in COLUMNS.items()]
    fields.append(_field(name, str(form), "sc:Text", f"Path of the image as {form.upper()}.") | _joined(form))
    if form is Format.DICOM:
        axes = max((len(shape) for shape in shapes), default=2)
        stored = {"isArray": True, "arrayShape": ",".join(["-1"] * axes), "source": pixels}
        fields.append(_field(name, "image", "sc:Integer", "Stored values.") | stored)
    else:
        fields.append(_field(name, "image", "sc:ImageObject", "The picture itself.") | {"source": pixels})
    return _record_set(name, f"Every image as {form.upper()}.", fields)


def _record_set(name: str, about: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": about, "field": fields}


def _joined(form: Format) -> dict[str, Any]:
    """Ties files to their lines of the table, by their path (as a text, which the expression makes of it)."""
    files = {"fileSet": {"@id": f"{form}-files"}, "extract": {"fileProperty": "fullpath"}}
    return {
        "source": {**files, "transform": {"regex": "^(.+)$"}},
        "references": {"fileObject": {"@id": INDEX}, "extract": {"column": str(form)}},
    }


def _column(record_set: str, column: str, kind: str, about: str) -> dict[str, Any]:
    source = {"fileObject": {"@id": INDEX}, "extract": {"column": column}}
    return _field(record_set, column, kind, about) | {"source": source}


def _field(record_set: str, name: str, kind: str, about: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "description": about, "dataType": kind}


def _responsible(story: Story, tally: Tally) -> dict[str, Any]:
    """Responsible use (Croissant RAI 1.0), with what newer drafts of it ask of synthetic data."""
    synthetic = tally.total("synthetic")
    stated = {
        "rai:dataCollection": say.collection(story),
        "rai:dataCollectionType": [
            *(["Secondary data analysis"] if tally.total("real") or story.kinds else []),
            *(["Synthetic data generation"] if synthetic else []),
        ],
        "rai:dataPreprocessingProtocol": [say.preparation(story), *say.deidentified(story)],
        "rai:dataAnnotationProtocol": ["Classes were given by the person who made the export, or by the model's task."],
        "rai:dataUseCases": [story.intended_use],
        "rai:dataLimitations": list(say.limitations(story)),
        "rai:dataBiases": list(say.biases(story)),
        "rai:personalSensitiveInformation": list(say.personal(story)),
        "rai:hasSyntheticData": bool(synthetic),
    }
    if synthesis := say.synthesis(story):
        stated["rai:syntheticDataExplanation"] = synthesis
    return stated
