"""The key ring and its file."""

from pathlib import Path

import pytest

from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.keyring_file import save_for_wireshark

from .vectors import CHF, ESME, GSME, LK_INSTALL, NK, NK2, PAN, TCLK


def filled() -> Keyring:
    keys = Keyring()
    keys.add_network_key(NK, 0, pan=PAN, origin="frame 3")
    keys.add_network_key(NK2)
    keys.add_link_key(TCLK, (CHF, ESME), origin='a "quoted" \\ origin')
    keys.add_link_key(LK_INSTALL)
    return keys


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    filled().save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = Keyring.load(path)
    assert [(k.key, k.sequence, k.pan, k.origin) for k in loaded.network_keys] == [
        (NK, 0, PAN, "frame 3"),
        (NK2, None, None, ""),
    ]
    assert loaded.link_keys == filled().link_keys
    assert list(tmp_path.iterdir()) == [path]


def test_install_codes_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        '[[link]]\ninstall_code = "83fed3407a939723a5c639b26916d505"\n'
        'between = ["00-15-5F-00-11-22-33-44", "00155f0099aabbcc"]\n'
    )
    (key,) = Keyring.load(path).link_keys
    assert key.key == LK_INSTALL and key.pair == {CHF, GSME}


def test_no_key_is_shown() -> None:
    keys = filled()
    shown = repr(keys) + repr(keys.network_keys) + repr(keys.link_keys) + str(keys)
    for key in (NK, NK2, TCLK, LK_INSTALL):
        assert key.hex() not in shown and repr(key) not in shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[network]]\nsequence = 1\n", "network 1: missing"),
        ('[[network]]\nkey = "a0a1"\n', "a key has 16 octets, not 2"),
        (f'[[link]]\nkey = "{NK.hex()}"\nbetween = ["00-15"]\n', "link 1: EUI-64"),
        ("[[network]\n", "is not TOML"),
        (f'[[network]]\nkey = "{NK.hex()}zz"\n', "network 1"),
    ],
)
def test_faults_in_the_file_are_named_without_showing_keys(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(HanError, match=reason) as fault:
        Keyring.load(path)
    assert NK.hex() not in str(fault.value)


def test_which_keys_are_tried() -> None:
    keys = filled()
    assert [k.key for k in keys.for_link(ESME, CHF)] == [TCLK, LK_INSTALL]
    assert [k.key for k in keys.for_link(GSME, CHF)] == [LK_INSTALL]
    assert [k.key for k in keys.for_link(None, CHF)] == [TCLK, LK_INSTALL]
    assert [k.key for k in keys.for_network(PAN, 0)] == [NK, NK2]
    assert [k.key for k in keys.for_network(0x9999, 0)] == [NK2]
    assert keys.partners(CHF) == {ESME}


def test_adding_twice_is_harmless() -> None:
    keys = filled()
    assert not keys.add_link_key(TCLK, (ESME, CHF))
    assert not keys.add_network_key(NK2)
    assert len(keys.link_keys) == 2


@pytest.mark.parametrize(
    ("code", "crc", "key"),
    [
        ("83fed3407a93", "2b70", "cd4fa064773f46941ec986c09963d1a8"),
        ("83fed3407a939723", "97fc", "850be0bf5b369ac441280a53265db167"),
        ("83fed3407a939723a5c639b2", "ad8b", "c2b323efc9fca1d9657e32a0e5c2aaf3"),
        ("83fed3407a939723a5c639b26916d505", "c3b5", "66b6900981e1ee3ca4206b6b861c02bb"),
    ],
)
def test_install_codes_of_every_length(code: str, crc: str, key: str) -> None:
    for text in (code, code + crc):
        keys = Keyring()
        keys.add_unsorted(bytes.fromhex(text), "--key 1")
        assert bytes.fromhex(key) in [link.key for link in keys.link_keys]
        bound = Keyring()
        bound.add_install_code(bytes.fromhex(text), (CHF, ESME))
        assert [link.key.hex() for link in bound.link_keys] == [key]


def test_a_key_of_impossible_length_is_refused() -> None:
    for length in (0, 5, 10, 15, 17, 32):  # 10 and 18 octets need a CRC that fits
        with pytest.raises(HanError, match=f"{length} octets: a key has 16 octets"):
            Keyring().add_unsorted(bytes(length))


def test_keys_of_unknown_kind_travel_in_files(tmp_path: Path) -> None:
    keys = filled()
    keys.add_unsorted(bytes(range(1, 17)), "--key 1")
    keys.save(tmp_path / "keys.toml")
    text = (tmp_path / "keys.toml").read_text()
    assert text.count("[[any]]") == 1 and text.count("[[network]]") == 2
    assert Keyring.load(tmp_path / "keys.toml").unsorted_keys == ((bytes(range(1, 17)), "--key 1"),)


def test_wireshark_key_lists(tmp_path: Path) -> None:
    save_for_wireshark(filled(), tmp_path / "zigbee_pc_keys")
    lines = (tmp_path / "zigbee_pc_keys").read_text().splitlines()
    assert lines[1] == f'"{NK.hex()}","Normal","frame 3"' and len(lines) == 5
    assert (tmp_path / "zigbee_pc_keys").stat().st_mode & 0o777 == 0o600
    loaded = Keyring.load(tmp_path / "zigbee_pc_keys")
    assert [octets for octets, _ in loaded.unsorted_keys] == [NK, NK2, TCLK, LK_INSTALL]
    colons = ":".join(f"{octet:02X}" for octet in NK[::-1])
    (tmp_path / "reversed").write_text(f'# a comment\n"{colons}","Reverse",""\n')
    assert Keyring.load(tmp_path / "reversed").unsorted_keys[0][0] == NK
