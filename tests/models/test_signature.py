import hashlib
import json

import pytest

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import read_artefact
from tradeloop.models.signature import key_id, sign, verify

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture(scope="module")
def signed(files):
    return sign(files, KEY)


def test_a_signed_model_is_read_with_and_without_its_key(signed, files):
    assert set(signed) == {*files, "signature.json"}
    with_key = read_artefact(signed, key=KEY)
    assert with_key.meta == read_artefact(signed).meta
    assert sign(signed, KEY) == signed


def test_an_unsigned_model_is_refused_where_a_key_is_asked_for(files):
    with pytest.raises(ArtefactError, match=r"has no signature\.json"):
        read_artefact(files, key=KEY)
    read_artefact(files)


def test_a_model_signed_with_another_key_is_refused(signed):
    with pytest.raises(ArtefactError, match="was signed with the key"):
        read_artefact(signed, key=OTHER)
    body = json.loads(signed["signature.json"]) | {"key_id": key_id(OTHER)}
    forged = {**signed, "signature.json": json.dumps(body).encode()}
    with pytest.raises(ArtefactError, match="changed after they were"):
        verify(forged, OTHER)


def test_every_byte_of_every_file_is_signed(signed):
    for name, content in signed.items():
        if name == "signature.json":
            continue
        changed = {**signed, name: content + b" "}
        with pytest.raises(ArtefactError, match="changed after they were signed"):
            verify(changed, KEY)
        left = {other: signed[other] for other in signed if other != name}
        with pytest.raises(ArtefactError, match="changed after they were signed"):
            verify(left, KEY)
    with pytest.raises(ArtefactError, match="changed after they were signed"):
        verify({**signed, "card.md": b"# More"}, KEY)


def test_files_that_change_their_names_break_the_signature(signed):
    first, second = "member-0.ubj", "member-0.onnx"
    swapped = {**signed, first: signed[second], second: signed[first]}
    with pytest.raises(ArtefactError, match="changed after they were signed"):
        verify(swapped, KEY)


def test_a_signature_that_cannot_be_read_is_refused(signed):
    for odd in (b"", b"[]", b"{}", b'{"format": 1}'):
        with pytest.raises(ArtefactError, match="cannot be read"):
            verify({**signed, "signature.json": odd}, KEY)
    body = json.loads(signed["signature.json"]) | {"format": "another"}
    with pytest.raises(ArtefactError, match="in the format 'another'"):
        verify({**signed, "signature.json": json.dumps(body).encode()}, KEY)


def test_a_signature_does_not_tell_the_key(signed):
    text = signed["signature.json"]
    assert KEY not in text
    assert KEY.hex().encode() not in text


@pytest.mark.parametrize("key", [b"", b"short", bytes(31)])
def test_a_short_key_is_refused(files, key):
    with pytest.raises(InputError, match="at least 32 bytes"):
        sign(files, key)


def test_the_signature_is_the_hmac_that_its_document_says():
    # By hand, from RFC 2104 with SHA-256: H(key ^ opad, H(key ^ ipad, text)).
    content = b"{}"
    digest = hashlib.sha256(content).hexdigest()
    text = f'["tradeloop-signature-1",{{"model.json":"{digest}"}}]'.encode()
    padded = KEY + bytes(32)
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + text).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).hexdigest()
    found = json.loads(sign({"model.json": content}, KEY)["signature.json"])
    assert found["signature"] == outer
