"""CCM*, AES-MMO, derived keys and install codes against published values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.han.aps import ApsFrame
from bench.han.aps_commands import TransportKey
from bench.han.aux_header import KeyId
from bench.han.errors import HanError
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import (
    aes_mmo,
    decrypt_aps,
    decrypt_nwk,
    install_code_crc,
    install_code_key,
    key_load_key,
    key_transport_key,
    secure_aps,
    secure_nwk,
    verify_key_hash,
)

from .vectors import CHF, CHF_SHORT, ESME, ESME_SHORT, LK_INSTALL, NK, NK2, PAN, TCLK, TCLK2, psdu


def nwk(name: str) -> NwkFrame:
    return NwkFrame.parse(MacFrame.parse(psdu(name)).payload)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "bad78e726c1ec02b7ebfe92b23d9ec34"),
        (b"\xc0", "ae3a102a28d43ee0d4a09e22788b206c"),
        (bytes(range(0xC0, 0xD0)), "a7977e88bc0b61e8210827109a228f2d"),
        (bytes(range(0xA0, 0xB0)), "7d12a897313a14e94728208c8b5a712c"),
    ],
)
def test_aes_mmo(data: bytes, digest: str) -> None:
    assert aes_mmo(data).hex() == digest


def test_aes_mmo_refuses_what_it_cannot_pad() -> None:
    with pytest.raises(HanError):
        aes_mmo(bytes(8192))


@pytest.mark.parametrize(
    ("link", "transport", "load", "verify"),
    [
        (
            "66b6900981e1ee3ca4206b6b861c02bb",
            "3c6cca8977eb189efd1614c3e7f75989",
            "1177a0ee2600d0020dba82d7049f53bc",
            "62161e9be4c0972895860ad568fa8fdd",
        ),
        (
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "67b545d6fb6f0a011e825bb4a56542a9",
            "6b7c2aead6b41bfcaac834dea0a78e46",
            "910713a83109c2091b23c4207fdcadb0",
        ),
        (
            "5a6967426565416c6c69616e63653039",
            "4bab0f173e1434a2d572e1c1ef478782",
            "c5a47035c332ccbf251571d8baded188",
            None,
        ),
    ],
)
def test_derived_keys(link: str, transport: str, load: str, verify: str) -> None:
    key = bytes.fromhex(link)
    assert key_transport_key(key).hex() == transport
    assert key_load_key(key).hex() == load
    assert not verify or verify_key_hash(key).hex() == verify


@pytest.mark.parametrize(
    ("code", "crc", "key"),
    [
        ("83fed3407a93", "2b70", "cd4fa064773f46941ec986c09963d1a8"),
        ("83fed3407a939723", "97fc", "850be0bf5b369ac441280a53265db167"),
        ("83fed3407a939723a5c639b2", "ad8b", "c2b323efc9fca1d9657e32a0e5c2aaf3"),
        ("83fed3407a939723a5c639b26916d505", "c3b5", "66b6900981e1ee3ca4206b6b861c02bb"),
        ("00112233445566778899aabbccddeeff", "528f", "9aa467c78f4543f1bca6ca03c3d73b31"),
        ("000102030405060708090a0b0c0d0e0f", "e913", "9051f28fc8e2f6be7c0b77a2f16fd7cb"),
    ],
)
def test_install_codes(code: str, crc: str, key: str) -> None:
    assert install_code_crc(bytes.fromhex(code)).hex() == crc
    assert install_code_key(bytes.fromhex(code)).hex() == key


def test_install_code_of_another_length() -> None:
    with pytest.raises(HanError, match="not 18"):
        install_code_key(bytes(18))


def test_nwk_vector() -> None:
    frame = nwk("V1")
    assert frame.security is not None
    assert frame.security.nonce(CHF).hex() == "44332211005f1500341200002d"
    aad = frame.header + frame.security.patched()
    assert aad.hex() == "081a016f00001e1188776655005f150044332211005f15002d3412000044332211005f150000"
    assert decrypt_nwk(frame, NK).hex() == "000102070901012100310000000004"


def test_nwk_vector_is_built_to_the_octet() -> None:
    plain = NwkFrame.data(
        ESME_SHORT, CHF_SHORT, 0x11, bytes.fromhex("000102070901012100310000000004"), src_eui=CHF, dst_eui=ESME
    )
    secured = secure_nwk(plain, NK, 0x1234, CHF, 0)
    assert MacFrame.data(PAN, ESME_SHORT, CHF_SHORT, 0x41, bytes(secured)).psdu() == psdu("V1")


def test_both_layers_are_built_to_the_octet() -> None:
    aps = ApsFrame.data(0x0704, 0x22, bytes.fromhex("0132020100df09"))
    frame = nwk("V2")
    inner = ApsFrame.parse(decrypt_nwk(frame, NK))
    assert inner.security is not None
    secured = secure_aps(aps, TCLK, inner.security.counter, ESME)
    assert bytes(secured).hex() == "2001040709010122005500000089a595ed2efad874f47e31"
    assert decrypt_aps(inner, TCLK, ESME).hex() == "0132020100df09"


def test_transported_network_key_is_built_to_the_octet() -> None:
    aps = ApsFrame.command(0x23, TransportKey.network(NK2, 2, ESME, CHF).octets())
    secured = secure_aps(aps, LK_INSTALL, 1, CHF, key_id=KeyId.KEY_TRANSPORT)
    frame = nwk("V3")
    assert bytes(secured) == frame.payload
    assert decrypt_aps(ApsFrame.parse(frame.payload), LK_INSTALL) == aps.payload


def test_transported_link_key_is_built_to_the_octet() -> None:
    aps = ApsFrame.command(0x25, TransportKey.trust_centre_link(TCLK2, ESME, CHF).octets())
    secured = secure_aps(aps, LK_INSTALL, 2, CHF, key_id=KeyId.KEY_LOAD)
    assert bytes(secured) == decrypt_nwk(nwk("V5"), NK)


@pytest.mark.parametrize("name", ["N1", "N2"])
def test_level_left_out_of_nonce_or_authenticated_data_fails(name: str) -> None:
    with pytest.raises(HanError, match="wrong key or MIC"):
        decrypt_nwk(nwk(name), NK)


def test_every_flipped_bit_is_noticed() -> None:
    good = MacFrame.parse(psdu("V1")).payload
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        try:
            frame = NwkFrame.parse(bytes(bad))
            plaintext = decrypt_nwk(frame, NK, CHF)
        except HanError:
            continue
        # The level bits of the security control are overwritten by definition; nothing else may change unseen.
        assert bit // 8 == 24 and bit % 8 < 3, f"bit {bit} changed unseen"
        assert plaintext.hex() == "000102070901012100310000000004"


def test_wrong_keys_fail() -> None:
    with pytest.raises(HanError):
        decrypt_nwk(nwk("V1"), TCLK)
    with pytest.raises(HanError):
        decrypt_aps(ApsFrame.parse(nwk("V3").payload), TCLK)


@given(st.binary(max_size=80), st.binary(min_size=16, max_size=16), st.integers(0, 0xFFFFFFFF), st.integers(0, 255))
def test_secured_frames_open_again(payload: bytes, key: bytes, counter: int, sequence: int) -> None:
    plain = NwkFrame.data(1, 2, 3, payload, relays=(4, 5))
    secured = NwkFrame.parse(bytes(secure_nwk(plain, key, counter, ESME, sequence)))
    assert decrypt_nwk(secured, key) == payload
    aps = ApsFrame.parse(bytes(secure_aps(ApsFrame.data(0x0702, 9, payload), key, counter, ESME)))
    assert decrypt_aps(aps, key, ESME) == payload
