"""What the program says about every code: one clear sentence with its cause, and what to do.

Window, command line and reports all speak from this one table, so that a problem has one description.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from app.domain.errors import Fact

SENTENCES: dict[str, str] = {
    "internal": "Something went wrong inside Understudy ({detail}). Nothing was lost; the log is at {log}.",
    "stopped": "Stopped on request.",
    "bad-usage": "{text}. See “{command} --help”.",
    "not-available": "{option} is not available in this version of Understudy. Leave it out; nothing was changed.",
    "project-missing": "There is no project at {path}. Create one with “understudy new {path}”.",
    "project-exists": "{path} already holds a project. Open it, or choose an empty folder.",
    "project-newer": "The project at {path} was made by a newer version of Understudy. Update the program to open it.",
    "folder-not-empty": "{path} is not empty. Choose an empty or a new folder; nothing was overwritten.",
    "path-missing": "{path} does not exist. Check the name and try again.",
    "nothing-to-import": "No images were found in {path}. Choose a folder with DICOM, NIfTI, NRRD, MetaImage, PNG, "
    "JPEG or TIFF files.",
    "not-an-image": "This is not an image that Understudy can read.",
    "damaged-file": "The file is damaged: {detail}.",
    "no-pixels": "The file is DICOM, but it holds no image.",
    "unsupported-kind": "The file is DICOM, but it holds {kind}, which Understudy does not use as pictures.",
    "kept-object": "The file holds {kind}. It is no picture; it stays in this list, and the file stays where it is.",
    "not-a-picture": "The file holds {kind}, which is no picture that Understudy could show or learn from.",
    "nifti-voxels": "The volume has {kind} voxels; Understudy reads volumes of plain numbers.",
    "nifti-shape": "The file has the shape {shape}; Understudy reads volumes and time series of volumes.",
    "packed-file": "The file is packed in a way that Understudy does not open. Unpack it, and import what comes out.",
    "part-of-volume": "The file holds the voxels of {header}, which stands for both.",
    "volume-data-missing": "The header's voxels are missing: {file} does not lie beside it.",
    "volume-layout": "The volume is stored in a way that Understudy does not read: {detail}.",
    "too-large": "The picture has more than {limit} million pixels, which is more than can be opened safely.",
    "unreadable": "{path} cannot be opened ({detail}). Ask for read access, or check the disk.",
    "source-missing": "{path} is no longer there. Put it back, or remove its study from the library.",
    "source-damaged": "{path} can no longer be read ({detail}). Restore it, or remove its study from the library.",
    "plane-unavailable": "{series} cannot be cut into {plane} slices: {reason}. Use its native slices.",
    "spacing-unknown": "The recipe asks for {spacing} mm pixels, but {path} does not say how large its pixels are. "
    "Leave the spacing empty to fit the whole picture, or leave these images out.",
    "unsupported-coding": "The picture is compressed as {syntax}, which Understudy cannot decode.",
    "bad-window": "“{text}” is not a window. Write auto, CENTER/WIDTH (for example 40/400), or one of: {presets}.",
    "bad-split": "“{text}” is not a split. Write three shares of train, val and test, for example 70/15/15.",
    "unwritable": "{path} cannot be written to ({detail}). Choose another folder, or ask for write access.",
    "unknown-cohort": "There is no cohort named “{name}”. The cohorts of this project: {known}.",
    "unknown-run": "There is no run “{run}” in this project. The runs: {known}.",
    "unknown-samples": "There is no sample set “{samples}” in this project. The sample sets: {known}.",
    "label-unknown-image": "{path} names {count:image|images} not in the library, first {first} (line {line}). "
    "Import what is missing, or remove the lines; nothing was changed.",
    "worker-crashed": "The worker ended unexpectedly ({signal}). What was saved before is kept. Its log: {log}.",
    "worker-lost": "The worker stopped answering and was ended. What was saved before is kept. Its log: {log}.",
    "worker-garbled": "The worker sent something that cannot be read ({detail}). Its log is at {log}.",
    "worker-not-started": "The worker could not be started: {detail}.",
    "deid-self-test": "The self-test of de-identification failed with the profile {profile}: {left} planted identities "
    "were left, and {share} of what was asked was done. Do not export real images with this installation; send this "
    "answer along when you ask for help.",
    "same-uid-other-content": "The file has the identity of {other}, which is in the library, and other content. Only "
    "one of the two can be right; remove the other one’s study and try again to use this one.",
    "being-written": "The file changed while it was read; it is still being written. Try again when it is complete.",
    "source-vanished": "Of {path}, {count:file was|files were} not there any more. What was read before is "
    "kept; connect it again and import it once more for the rest.",
    "name-not-text": "The name of the file or of a folder above it holds bytes that are no text. Rename it, and import "
    "it again.",
    "files-set-aside": "{count:file was|files were} set aside. {reason}",
    "archive-damaged": "The archive is damaged: {detail}. Ask for it again.",
    "archive-bomb": "The archive of {packed} MB would unpack to {size} GB in {count:file|files}, so it was not "
    "unpacked. Unpack it yourself if you trust it, and import the folder.",
    "archive-no-room": "Unpacking the archive needs {needed} MB, and the project’s disk has {free} MB left.",
    "archive-outside": "{count} entries of “{archive}” point outside of it (first {first}); all refused.",
    "archive-link": "{count} entries of “{archive}” are links (first {first}); they were refused.",
    "archive-encrypted": "{count} entries of “{archive}” are encrypted (first {first}). Unpack it with its "
    "password, and import the folder.",
    "archive-nested": "{count} entries of “{archive}” are archives themselves (first {first}). Unpack them and "
    "import the folder.",
    "archive-entry-damaged": "{count} entries of “{archive}” are damaged (first {first}). Ask for it again.",
    "dicomdir-missing": "The index of this disk names {count:file that is|files that are} not there, first "
    "{first}. Copy the disk again.",
    "dicomdir-damaged": "The index of this disk cannot be read. Its files were read without it.",
    "decoder-crashed": "Decoding the picture crashed ({signal}); the file is damaged, or oddly coded.",
    "decoder-hung": "Decoding the picture took far too long and was ended.",
    "decoder-memory": "Decoding the picture takes more memory than this machine can give it.",
    "out-of-memory": "The memory of the device ran out. Choose smaller pictures, or close other programs. Log: {log}.",
    "bad-spec": "{path} is not a job of Understudy ({detail}).",
    "unknown-job": "There is no job of the kind “{kind}”.",
    "job-running": "{job} is running already. Wait for it, or stop it first.",
    "damaged-record": "{path} cannot be read ({detail}). Restore it from a backup.",
    "project-damaged": "The project database {path} is damaged ({detail}). Restore it from the copy beside it.",
    "unknown-series": "There is no series {series} in this project.",
    "unknown-patient": "There is no such patient in this project.",
    "patient-busy": "Work on this project is under way ({jobs}). Wait for it or stop it, then delete the patient.",
    "delete-unfinished": "Deleting the patient could not be finished ({detail}). It goes on by itself when the project "
    "is opened next.",
    "database-in-use": "Another program holds {path} ({detail}). Close it; deleting is finished when the project is "
    "opened next.",
    "learnt-images-deleted": "The run learnt from a patient who has been deleted since. Without those images it cannot "
    "go on, and its pictures cannot be compared with what it learnt. Train again without them.",
    "bad-name": "“{name}” cannot be a name. Write up to 100 letters, digits and spaces.",
    "bad-tag": "“{tag}” cannot be a tag. Write up to 60 letters, digits and spaces.",
    "bad-label-by": "“{text}” is no way to label. Write folder, csv:FILE, tag:KEYWORD or hand.",
    "unknown-tag": "No chosen series has the attribute “{tag}”. These have one: {known}.",
    "cohort-empty": "No images of the library were chosen ({plane} slices). Import images, or choose other ones.",
    "cohort-unfit": "None of the chosen images can be learnt from. {reason}",
    "no-labels": "None of the {count} chosen images has a label. Give labels, or choose another way to label.",
    "no-splits": "{path} puts none of the chosen images into train, val or test.",
    "table-column": "{path} has no column “{column}”; it has: {found}. Add it to the first row.",
    "table-empty": "{path} holds no rows.",
    "label-conflict": "{path} says both “{one}” and “{other}” of {name} (line {line}). Keep one; nothing was changed.",
    "label-ambiguous": "{path} names {name} (line {line}), which fits {count} images. Write more of its path.",
    "faces-unchecked": "Learnt from as they are: {count:series|series} that could not be checked for a face. {reason} "
    "Look at what the model draws before you share it.",
    "bad-budget": "Give either a training time or a number of steps, above zero.",
    "class-too-small": "Class “{name}” has {count:training image|training images}, and at least {least} are "
    "needed. Add images, or merge classes.",
    "bad-amount": "Say how many images to draw: so many of every class, of single classes, or balanced; at least one.",
    "unknown-class": "The run has no class “{name}”. Its classes: {known}.",
    "bad-attributes": "“{text}” is no way to say attributes. Write csv:FILE, or dicom: and some of {known}.",
    "no-attributes": "{text} gives no attribute. {reason}",
    "unknown-attribute": "The run knows no attribute “{name}”. Its attributes: {known}.",
    "bad-attribute-value": "“{text}” is no value of {name} that the run has learnt. Choose from {known}.",
    "no-checkpoint": "{run} has not saved anything yet. Let it train longer, or resume it.",
    "balanced-already": "All classes have {count} training images; there is nothing to balance.",
    "unknown-audit": "There is no audit “{audit}” in this project.",
    "copies-found": "Of {drawn:image|images} drawn, {count} look like copies of training images, so nothing was "
    "exported. Train with more images or a shorter time, or generate again, and review the result.",
    "copies-unknown": "Nothing was exported: whether the generated images copy training images could not be checked. "
    "The cohort needs at least two training images, better some that are kept unseen.",
    "learnt-images-changed": "The images that run {run} learnt from have changed since, so its pictures cannot be "
    "compared with them. Train again.",
    "nothing-to-export": "No image is left to export. Generate more, or take back what was thrown out.",
    "no-real-images": "The cohort “{name}” has no labelled images to export in the parts that were asked for.",
    "plan-changed": "Nothing was exported: what would leave has changed since it was checked and signed. Check again.",
    "export-running": "An export to {path} is being written already. Wait for it, or stop it first.",
    "nothing-was-checked": "Nothing was exported: none of the {count:image|images} could be checked for text and "
    "faces, and the profile “maximum” lets none leave unchecked.",
    "deid-kind": "It is {kind}, which this program does not know how to de-identify, so it stays.",
    "deid-unreadable": "Its header cannot be read ({detail}), so it stays.",
    "deid-unwritable": "It cannot be written without breaking it ({detail}), so it stays.",
    "deid-options": "These options of de-identification do not go together: {text}.",
    "key-passphrase": "The passphrase of a key table needs at least {shortest} characters. Choose a longer one.",
    "key-exists": "{path} is there already. Choose another name for the key table; nothing was overwritten.",
    "key-unreadable": "{path} cannot be opened as a key table with this passphrase. Check the file and the passphrase.",
    "text-remains": "Text is left in the picture after {rounds} rounds of blacking it out, so it stays.",
    "text-colours": "Nobody knows which value is black in a picture of the kind {photometric}, so it stays.",
    "text-models-missing": "The parts that look for text in pictures are missing ({detail}). Install the program "
    "again.",
    "export-needs-samples": "Synthetic images need a sample set. Generate one, or export real images only.",
    "export-needs-cohort": "Real images need a cohort. Name the one that they belong to.",
    "no-space": "{path} has room for {free} MB, and the export needs about {needed} MB. Free some space.",
    "disk-full": "The disk of {path} is full. Free some space; nothing was left behind.",
    "export-not-verified": "The finished export did not pass its own check ({detail}), so it was thrown "
    "away. Try again.",
    "identity-in-export": "Nothing was exported: “{detail}” holds a name or an identifier of a source. Give the "
    "classes names that are not those of patients, folders or files.",
    "samples-changed": "The pictures of sample set {samples} changed while they were exported. Try again.",
    "run-finished": "{run} has used all its budget. Give it more time or more steps to go on.",
    "cannot-train": "This cohort cannot be trained on: {detail}.",
    "device-missing": "There is no device {device} on this machine. Choose another one.",
    "diverged": "The training went out of bounds at step {step}; the checkpoint before it is kept. Try another seed.",
    "bad-start": "Training cannot start from {path}: {detail}. Choose another checkpoint or bundle, or leave it out.",
    "too-many-devices": "{asked} devices of the kind {device} were asked for, and {there} can be used here.",
    "rank-lost": "One of the processes that trained together ended ({detail}). What was saved before is kept; resume "
    "the run to go on.",
    "started-from": "Starts from {name}: {share} of its network are known weights; {detail}.",
    "damaged-checkpoint": "The checkpoint to draw from is damaged ({detail}). Resume the run, which passes it over.",
    "checkpoint-damaged": "A damaged checkpoint was passed over ({detail}).",
    "prepared-changed": "The prepared images differ from those that this run began with.",
    "training-started": "Learning from {training_images} images, {held_out_images} held out.",
    "copies-alarm": "{share} of the pictures at step {step} lie very near to training images. Stop soon, or add "
    "images.",
    "copies-remain": "{count:picture is a suspected copy|pictures are suspected copies} even after drawing "
    "again; the audit shows which.",
    "stepped-back": "The training went out of bounds at step {step}. It goes on from step {back}, more slowly.",
    "smaller-portions": "The memory of the device ran out. The training goes on with {at_once} of {batch} images at "
    "once, which gives the same and takes longer.",
    "turned": "At step {step} a part of the training ended before its time: since step {best} it only learnt its "
    "images by heart. What it knew by then is kept.",
    "turned-copies": "At step {step} a part of the training ended before its time: its pictures copied training "
    "images. What it knew before is kept; more images would help.",
    "image-too-large": "Not even one image at a time fits into the memory of the device. Choose smaller pictures, or "
    "close other programs; what was saved before is kept.",
    "training-disk-full": "The disk of {path} is full, so the training ended. What was saved before is kept: free some "
    "space, and resume it.",
    "unusable-checkpoint": "The run cannot go on: {detail}. Restore its folder from a backup, or train again.",
    "step-cap": "Ended at step {step}, before the time was up: more passes over so few images would only copy them.",
    "not-finite": "The model drew pictures without values. Resume the training, or train again with another seed.",
}


def sentence(code: str, facts: Mapping[str, Fact]) -> str:
    """The sentence of ``code`` with its facts filled in; a fact that was not given reads as “unknown”."""
    return _Filling().vformat(SENTENCES[code], (), facts)


def count(number: int, one: str, many: str = "") -> str:
    """``count(3, "image")`` is "3 images"; ``many`` where an s is not enough."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


class _Filling(string.Formatter):
    """Fills in facts, forgiving: an error message must never fail itself.

    ``{count:file was|files were}`` says the number with the words that go with one, or with any other number.
    """

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """The fact of that name."""
        return kwargs.get(str(key), "unknown")

    def format_field(self, value: Any, format_spec: str) -> str:
        """A fact as text."""
        one, either, many = format_spec.partition("|")
        if either:
            return count(value, one, many) if isinstance(value, int) else f"{value} {many}"
        return str(format(value, format_spec))
