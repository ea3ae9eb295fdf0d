"""A signature beside the files of a model: who holds the key wrote them.

HMAC-SHA256, of the standard library: the same secret key signs and verifies. The hashes
in ``model.json`` find accidents; the signature finds files that somebody changed
together with their hashes.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

from tradeloop.errors import ArtefactError, InputError

SIGNATURE = "signature.json"
FORMAT = "tradeloop-signature-1"
LEAST_KEY_BYTES = 32
_KEY_ID = b"tradeloop key id"
_ID_LENGTH = 16


def sign(files: Mapping[str, bytes], key: bytes) -> dict[str, bytes]:
    """Return the files with ``signature.json``; an older one is replaced.

    Parameters
    ----------
    files : mapping of name to bytes
        Files of a model.
    key : bytes
        Secret of at least 32 bytes.

    Raises
    ------
    InputError
        The key is too short.
    """
    signed = {name: bytes(files[name]) for name in files if name != SIGNATURE}
    body = {
        "format": FORMAT,
        "algorithm": "HMAC-SHA256",
        "key_id": key_id(key),
        "signature": _mac(signed, key),
    }
    return signed | {SIGNATURE: json.dumps(body, indent=2, sort_keys=True).encode()}


def verify(files: Mapping[str, bytes], key: bytes) -> None:
    """Raise unless the files are signed with this key, every byte of them.

    Parameters
    ----------
    files : mapping of name to bytes
        Files of a model, ``signature.json`` among them.
    key : bytes
        The secret that signed them.

    Raises
    ------
    ArtefactError
        Unsigned, signed with another key, or changed since.
    InputError
        The key is too short.
    """
    ours = key_id(key)
    if SIGNATURE not in files:
        raise ArtefactError(
            f"The model has no {SIGNATURE}, and only signed models are read here. Sign "
            "it with the key, or read it without one."
        )
    try:
        body = json.loads(files[SIGNATURE])
        known = body["format"] == FORMAT
        theirs, told = str(body["key_id"]), str(body["signature"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            f"{SIGNATURE} cannot be read: {error}. Sign the model again."
        ) from error
    if not known or theirs != ours:
        raise ArtefactError(
            f"The model was signed with the key {theirs!r} in the format "
            f"{body['format']!r}; asked for are {ours!r} and {FORMAT!r}. Pass the key "
            "that signed it, or sign it again."
        )
    signed = {name: bytes(files[name]) for name in files if name != SIGNATURE}
    if not hmac.compare_digest(told.encode(), _mac(signed, key).encode()):
        raise ArtefactError(
            f"The files do not match {SIGNATURE}: they were changed after they were "
            "signed. Restore them or train again."
        )


def key_id(key: bytes) -> str:
    """Short name of a key, which does not tell the key.

    Raises
    ------
    InputError
        The key has fewer than 32 bytes.
    """
    if len(key) < LEAST_KEY_BYTES:
        raise InputError(
            f"A signing key must have at least {LEAST_KEY_BYTES} bytes, had "
            f"{len(key)}.",
            way_out="Draw one by secrets.token_bytes(32).",
            source="key",
        )
    return hmac.new(key, _KEY_ID, hashlib.sha256).hexdigest()[:_ID_LENGTH]


def _mac(files: Mapping[str, bytes], key: bytes) -> str:
    """Sign the list of names and hashes, so that no name can pass for content."""
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in files}
    text = json.dumps([FORMAT, hashes], sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
