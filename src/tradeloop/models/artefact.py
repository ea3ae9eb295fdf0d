"""The files of a model: readable without pickle, checked before use.

| file | content |
|---|---|
| model.json | what it is (`tradeloop.models.meta.Meta`); a hash of each file |
| calibration.json | from raw to calibrated probabilities |
| member-0.ubj, .txt or .safetensors | a member in its native format |
| member-0.onnx | the same for ONNX Runtime |
| conformal.json | which classes remain possible; optional |
| preparation.json | which columns the members see; optional |
| card.md | the model card; optional |
| signature.json | `tradeloop.models.signature`; optional |

The mapping name -> bytes is a pure value; a store puts it on disk. The same model made
by the same libraries on the same kind of machine gives the same bytes: no time, host or
path is written.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tradeloop.errors import ArtefactError
from tradeloop.models import format_1
from tradeloop.models.base import Fitted
from tradeloop.models.calibration import Calibration
from tradeloop.models.conformal import Conformal
from tradeloop.models.contents import refuse_foreign
from tradeloop.models.meta import MemberMeta, Meta
from tradeloop.models.onnx_export import Export
from tradeloop.models.preparation import Prepared
from tradeloop.models.signature import SIGNATURE, verify
from tradeloop.models.stored import (
    Artefact,
    StoredMember,
    members_of,
    model_named,
    native_name,
    onnx_name,
)
from tradeloop.models.vote import Member

__all__ = ["Artefact", "Meta", "StoredMember", "read_artefact", "write_artefact"]

FORMAT = "tradeloop-model-2"
META, CALIBRATION = "model.json", "calibration.json"
CONFORMAL, PREPARATION, CARD = "conformal.json", "preparation.json", "card.md"
OPTIONAL = (CONFORMAL, PREPARATION, CARD)
_MEMBER = re.compile(r"member-(?:0|[1-9]\d?)\.(?:onnx|safetensors|txt|ubj)")
_KNOWN = frozenset((META, CALIBRATION, SIGNATURE, *OPTIONAL, *format_1.HASHED))


def write_artefact(
    fitted: Fitted,
    calibration: Calibration,
    export: Export | Sequence[Export],
    meta: Meta,
    *,
    conformal: Conformal | None = None,
    preparation: Prepared | None = None,
    card: str = "",
) -> dict[str, bytes]:
    """Return the files of a model, by name.

    Parameters
    ----------
    fitted : Fitted
        The model, or the `Vote` of several.
    calibration : Calibration
        Its calibration.
    export : Export or sequence of Export
        One per member, in their order.
    meta : Meta
        What it is; estimator, members and kind of calibration are filled in.
    conformal, preparation : optional
        As they were fitted beside it.
    card : str
        Model card in Markdown, which begins with a heading.

    Raises
    ------
    ArtefactError
        ``meta`` names other columns than the model or another parity than the exports,
        there is another number of exports than members, or a member writes a format
        that this version would not read.
    """
    members = members_of(fitted)
    exports = (export,) if isinstance(export, Export) else tuple(export)
    outer = fitted.columns if preparation is None else preparation.columns
    outer.refuse_other(meta.columns)
    if preparation is not None:
        fitted.columns.refuse_other(preparation.inner)
    _refuse_exports(members, exports, meta)
    described = replace(
        meta,
        estimator=fitted.name,
        calibration=calibration.kind,
        members=tuple(
            MemberMeta(m.name, m.fitted.name, m.weight, m.fitted.steps, each.parity)
            for m, each in zip(members, exports, strict=True)
        ),
    )
    files = {CALIBRATION: calibration.to_json().encode()}
    for at, (member, each) in enumerate(zip(members, exports, strict=True)):
        files[native_name(at, member.fitted.name)] = member.fitted.to_bytes()
        files[onnx_name(at)] = each.content
    if conformal is not None:
        files[CONFORMAL] = conformal.to_json().encode()
    if preparation is not None:
        files[PREPARATION] = preparation.to_json().encode()
    if card:
        files[CARD] = card.encode()
    return _sealed(files, described)


def _refuse_exports(
    members: Sequence[Member], exports: Sequence[Export], meta: Meta
) -> None:
    if len(exports) != len(members):
        raise ArtefactError(
            f"The model has {len(members)} members and {len(exports)} exports. Export "
            "each member, by export_members."
        )
    parity = max(export.parity for export in exports)
    if meta.parity != parity:
        raise ArtefactError(
            f"Meta.parity must be the exports' {parity}, was {meta.parity}. Take it "
            "from the exports."
        )


def _sealed(files: Mapping[str, bytes], meta: Meta) -> dict[str, bytes]:
    """Add ``model.json``; what would be refused when it is read is not written."""
    for name, content in files.items():
        refuse_foreign(name, content)
    model = meta.as_mapping()
    hashes = {name: _sha256(content) for name, content in files.items()}
    body = {
        "format": FORMAT,
        "model": model,
        "sha256": hashes | {META: _sha256(_canonical(model))},
    }
    text = json.dumps(body, indent=2, sort_keys=True, allow_nan=False)
    return {**files, META: text.encode()}


def read_artefact(files: Mapping[str, bytes], *, key: bytes | None = None) -> Artefact:
    """Check the files of a model and read them; nothing is run before it is checked.

    Parameters
    ----------
    files : mapping of name to bytes
        What `write_artefact` gave, now or in the first format.
    key : bytes, optional
        Key that must have signed them; without it a signature is not looked at.

    Raises
    ------
    ArtefactError
        A file is missing or unknown, is a pickle, an array file or an archive, differs
        from its hash, or is of a format that this version does not know; or a key is
        given, and the files are unsigned or signed otherwise.
    """
    unknown = sorted(
        name for name in files if name not in _KNOWN and not _MEMBER.fullmatch(name)
    )
    if unknown or META not in files:
        raise ArtefactError(
            f"A model consists of {META}, {CALIBRATION} and a native and an ONNX file "
            f"for each member; found {sorted(files)}. Other files, pickles above all, "
            "are not read."
        )
    given = {name: bytes(content) for name, content in files.items()}
    for name, content in given.items():
        refuse_foreign(name, content)
    if key is not None:
        verify(given, key)
    body = _read_body(given[META])
    _refuse_changed(given, body)
    meta = _read_meta(body)
    names = _names_of(meta, str(body["format"]))
    _refuse_other_files(given, names)
    return _read_parts(given, meta, names)


def _read_parts(
    files: Mapping[str, bytes], meta: Meta, names: Sequence[tuple[str, str]]
) -> Artefact:
    def text(name: str) -> str:
        return files[name].decode() if name in files else ""

    conformal, preparation = text(CONFORMAL), text(PREPARATION)
    prepared = Prepared.from_json(preparation) if preparation else None
    if prepared is not None:
        prepared.columns.refuse_other(meta.columns)
    return Artefact(
        meta=meta,
        calibration=Calibration.from_json(text(CALIBRATION)),
        members=tuple(
            StoredMember(
                m.name, m.estimator, m.weight, m.steps, files[native], files[onnx]
            )
            for m, (native, onnx) in zip(meta.members, names, strict=True)
        ),
        conformal=Conformal.from_json(conformal) if conformal else None,
        preparation=prepared,
        card=text(CARD),
    )


def _names_of(meta: Meta, form: str) -> tuple[tuple[str, str], ...]:
    """Native and ONNX file of each member."""
    if form == format_1.FORMAT:
        return ((format_1.NATIVE, format_1.ONNX),)
    return tuple(
        (native_name(at, member.estimator), onnx_name(at))
        for at, member in enumerate(meta.members)
    )


def _refuse_other_files(
    files: Mapping[str, bytes], names: Sequence[tuple[str, str]]
) -> None:
    needed = {META, CALIBRATION, *(name for pair in names for name in pair)}
    missing = sorted(needed - set(files))
    unknown = sorted(set(files) - needed - {SIGNATURE, *OPTIONAL})
    if missing or unknown:
        raise ArtefactError(
            f"{META} describes {len(names)} members; missing are {missing}, not "
            f"described are {unknown}. Restore the files or train again."
        )


def _read_body(content: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(content)
        found = body["format"]
        described = isinstance(body["model"], dict) and isinstance(body["sha256"], dict)
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            f"{META} must describe the model and hash its files, but it cannot be "
            f"read: {error}. Train again."
        ) from error
    if found not in {FORMAT, format_1.FORMAT} or not described:
        raise ArtefactError(
            f"{META} has the format {found!r}, this version reads {FORMAT!r} and "
            f"{format_1.FORMAT!r}. Use the version of Tradeloop that wrote it, or "
            "train again."
        )
    return body


def _refuse_changed(files: Mapping[str, bytes], body: Mapping[str, Any]) -> None:
    hashed = {name: files[name] for name in files if name != SIGNATURE}
    hashed[META] = _canonical(body["model"])
    if set(body["sha256"]) != set(hashed):
        raise ArtefactError(
            f"{META} must describe the model and hash {sorted(hashed)}, hashes "
            f"{sorted(body['sha256'])}. Restore the files or train again."
        )
    for name, content in hashed.items():
        if _sha256(content) != body["sha256"][name]:
            raise ArtefactError(
                f"{name} does not match the hash in {META}. Restore it or train again."
            )


def _read_meta(body: Mapping[str, Any]) -> Meta:
    read = format_1.upgraded if body["format"] == format_1.FORMAT else Meta.from_mapping
    try:
        meta = read(body["model"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtefactError(f"{META} cannot be read: {error}. Train again.") from error
    weights = np.array([member.weight for member in meta.members])
    good = np.isfinite(weights) & (weights >= 0)
    names = {member.name for member in meta.members}
    if not good.all() or not (weights > 0).any() or len(names) < len(weights):
        raise ArtefactError(
            f"{META} must name members once each, with weights of at least 0 that are "
            f"not all 0; it names {sorted(names)} with {weights.tolist()}. Train again."
        )
    for member in meta.members:
        model_named(member.estimator)
    return meta


def _canonical(model: Mapping[str, Any]) -> bytes:
    """One spelling of the description, so that its hash can stand beside it."""
    return json.dumps(model, sort_keys=True, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
