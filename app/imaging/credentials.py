"""Content credentials (C2PA 2.2): a signed statement inside a PNG or TIFF that a model drew it and with what.

The key and its certificate follow from the project's secret, so nothing is fetched, stored or bought, and the same
picture signed twice is the same file: Ed25519 (RFC 8032) has no random part, and identifiers and salts are keyed
hashes of the file. Readers find the signature valid and its signer unknown, which is the truth: the certificate says
which files come from one project, not whose it is. There is no time stamp, no thumbnail and no address in it.
It must not know folders, or write what ``marking`` does not say.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import struct
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.imaging import cbor, marking
from app.imaging.credential_places import Place, parted, place_in
from app.imaging.jumbf import box, superbox
from app.imaging.picture import Origin

EMAIL_PROTECTION = ExtendedKeyUsageOID.EMAIL_PROTECTION
"""The extended key usage that every version of C2PA lets a signer have (14.5.1.1); readers refuse newer ones."""

VALID_FROM = datetime.datetime(2026, 1, 1)
VALID_TO = datetime.datetime(9999, 12, 31, 23, 59, 59)
"""Constants, so that they tell no date; the end is RFC 5280's "no end" (4.1.2.5)."""

EDDSA, CHAIN, SIGN1 = -8, 33, 18
"""COSE numbers: algorithm (RFC 9053), certificate chain (RFC 9360), single signature (RFC 9052)."""

NO_HASH = bytes(32)


class Signer:
    """The signer of one project."""

    def __init__(self, secret: bytes) -> None:
        """Derive key and certificates from the project's secret; the root's key is used once and forgotten."""
        self._secret = secret
        self._key = Ed25519PrivateKey.from_private_bytes(self._derived("credential key"))
        root = Ed25519PrivateKey.from_private_bytes(self._derived("credential root"))
        leaf = _certificate(self._key, root, self._number("leaf"), signs_others=False)
        above = _certificate(root, root, self._number("root"), signs_others=True)
        self._chain = [one.public_bytes(serialization.Encoding.DER) for one in (leaf, above)]

    def sign(self, path: Path, origin: Origin) -> None:
        """Put a credential into a PNG or little-endian TIFF file; signed again, it stays the same file.

        Raises:
            ValueError: the picture is real (its making is not ours to attest), or the file is neither.
            OSError: the file cannot be read or written.
        """
        if not origin.synthetic:
            raise ValueError("only a synthetic picture is signed as made by this program")
        place = place_in(path.read_bytes())
        store = self._store(place, origin)
        path.write_bytes(place.before(len(store)) + place.wrapped(store) + place.after)

    def confirms(self, path: Path, origin: Origin) -> bool:
        """Whether a file holds the very credential that this signer gives a picture of this origin.

        Raises:
            OSError: the file cannot be read.
        """
        content = path.read_bytes()
        try:
            place, store = parted(content)
        except (ValueError, struct.error):
            return False
        whole = place.before(len(store)) + place.wrapped(store) + place.after
        return content == whole and hmac.compare_digest(store, self._store(place, origin))

    def _store(self, place: Place, origin: Origin) -> bytes:
        """The credential. Its length is in what it hashes, so it is built until the length stays what was assumed."""
        digest = hashlib.sha256(place.ahead + place.after).hexdigest()
        length, built = 0, len(self._built(digest, (0, 0), NO_HASH, origin))
        while built != length:
            length = built
            built = len(self._built(digest, place.excluded(length), NO_HASH, origin))
        before, wrapped = place.before(length), place.wrapped(bytes(length))
        start, left_out = place.excluded(length)
        whole = before + wrapped + place.after
        bound = hashlib.sha256(whole[:start] + whole[start + left_out :]).digest()
        return self._built(digest, (start, left_out), bound, origin)

    def _built(self, digest: str, excluded: tuple[int, int], bound: bytes, origin: Origin) -> bytes:
        label = f"urn:c2pa:{self._uuid('manifest', digest)}"
        actions = self._assertion("c2pa.actions.v2", digest, _actions(origin))
        binding = self._assertion("c2pa.hash.data", digest, _binding(excluded, bound))
        claim = cbor.encode(
            {
                "instanceID": f"xmp:iid:{self._uuid('instance', digest)}",
                "claim_generator_info": _agent(origin),
                "signature": f"self#jumbf=/c2pa/{label}/c2pa.signature",
                "created_assertions": [
                    {"url": f"self#jumbf=c2pa.assertions/{name}", "hash": hashlib.sha256(assertion[8:]).digest()}
                    for name, assertion in (("c2pa.actions.v2", actions), ("c2pa.hash.data", binding))
                ],
                "dc:title": marking.short(origin),
                "alg": "sha256",
            }
        )
        manifest = superbox(
            b"c2ma",
            label,
            superbox(b"c2as", "c2pa.assertions", actions, binding),
            superbox(b"c2cl", "c2pa.claim.v2", box(b"cbor", claim)),
            superbox(b"c2cs", "c2pa.signature", box(b"cbor", self._signature(claim))),
        )
        return superbox(b"c2pa", "c2pa", manifest)

    def _assertion(self, name: str, digest: str, content: dict[str, object]) -> bytes:
        return superbox(b"cbor", name, box(b"cbor", cbor.encode(content)), salt=self._derived(name, digest)[:16])

    def _signature(self, claim: bytes) -> bytes:
        """COSE_Sign1 over the claim, which is not repeated in it (RFC 9052, 4.2 and 4.4)."""
        protected = cbor.encode({1: EDDSA, CHAIN: self._chain})
        signed = self._key.sign(cbor.encode(["Signature1", protected, b"", claim]))
        return cbor.encode(cbor.Tagged(SIGN1, [protected, {}, None, signed]))

    def _derived(self, *parts: str) -> bytes:
        return hmac.new(self._secret, "\x1f".join(("c2pa", *parts)).encode(), hashlib.sha256).digest()

    def _number(self, part: str) -> int:
        return int.from_bytes(self._derived("serial", part)[:16], "big") >> 1

    def _uuid(self, *parts: str) -> str:
        return str(uuid.UUID(bytes=self._derived(*parts)[:16], version=4))


def _agent(origin: Origin) -> dict[str, str]:
    return {"name": "Understudy", "version": origin.version}


def _actions(origin: Origin) -> dict[str, object]:
    made = {
        "action": "c2pa.created",
        "softwareAgent": _agent(origin),
        "digitalSourceType": marking.TRAINED_MEDIA,
        "description": marking.story(origin),
    }
    return {"actions": [made]}


def _binding(excluded: tuple[int, int], bound: bytes) -> dict[str, object]:
    start, length = excluded
    return {
        "exclusions": [{"start": start, "length": length}],
        "name": "jumbf manifest",
        "alg": "sha256",
        "hash": bound,
        "pad": bytes(8),
    }


def _certificate(
    key: Ed25519PrivateKey, issuer: Ed25519PrivateKey, serial: int, *, signs_others: bool
) -> x509.Certificate:
    """A certificate as C2PA 14.5 asks for it: version 3, its use named, and a signer that is not its own issuer."""
    usage = x509.KeyUsage(not signs_others, False, False, False, False, signs_others, signs_others, False, False)
    root = _name("Understudy project root")
    issued = (
        x509.CertificateBuilder(
            issuer_name=root,
            subject_name=root if signs_others else _name("Understudy project signer"),
            public_key=key.public_key(),
            serial_number=serial,
            not_valid_before=VALID_FROM,
            not_valid_after=VALID_TO,
        )
        .add_extension(x509.BasicConstraints(signs_others, 0 if signs_others else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    if not signs_others:
        issued = issued.add_extension(x509.ExtendedKeyUsage([EMAIL_PROTECTION]), critical=False)
    return issued.sign(issuer, None)


def _name(common: str) -> x509.Name:
    given = ((NameOID.ORGANIZATION_NAME, "Understudy"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in given])
