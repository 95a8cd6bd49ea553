"""`bench han search` and the cache of decoded captures behind it."""

import io
import json
import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from bench.han.columns import cache, read
from bench.han.columns.rows import row
from bench.han.keyring import Keyring
from bench.han.query import compile_query
from bench.han.search_command import Options, Wanted, run

from .mixed_traffic import traffic, write
from .test_columns import QUERIES, keyring
from .vectors import CHF, ESME, NK, TCLK, psdu


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(where))
    return where


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    keyring().save(path)
    return path


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    folder = tmp_path / "captures"
    (folder / "below").mkdir(parents=True)
    for number, place in enumerate(("a.pcapng", "b.pcapng", "below/c.pcapng")):
        write(folder / place, traffic(number, 300), seed=number)
    (folder / "notes.txt").write_text("nothing")
    return folder


def search(expression: str, *paths: Path, keys: Path | None = None, **wanted: bool) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = run(expression, [str(path) for path in paths], Options(keys=keys), Wanted(**wanted), out)
    return code, out.getvalue().splitlines()


@pytest.mark.parametrize("where", ["cold", "warm"])
def test_kept_columns_are_the_columns(tmp_path: Path, own_cache: Path, where: str) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(9, 900))
    columns = read(path, keyring(), late_keys=True)
    if where == "warm":
        cache.kept(path, keyring(), own_cache).groups()
    with cache.kept(path, keyring(), own_cache) as kept:
        (group,) = kept.groups()
        whole = group.whole()
        assert [row(whole, at) for at in range(len(whole))] == [row(columns, at) for at in range(len(columns))]
        for text in QUERIES:
            query = compile_query(text, {"esme": ESME, "chf": CHF})
            mask = query.mask(columns)
            assert np.array_equal(query.mask(group), mask), text
            assert query.possible(group.range) or not mask.any()


def test_row_groups_that_cannot_match_are_skipped(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "GROUP", 128)
    path = write(tmp_path / "mixed.pcapng", traffic(9, 900))
    with cache.kept(path, keyring(), own_cache) as kept:
        groups = list(kept.groups())
        assert len(groups) == -(-kept.frames // 128) or len(groups) > 3
        late = compile_query("frame > 700 and cluster == metering")
        assert not late.possible(groups[0].range)
        assert sum(int(late.mask(group).sum()) for group in groups) == sum(
            int(late.mask(group).sum()) for group in groups if late.possible(group.range)
        )


def test_cache_files_are_private_and_hold_no_key(tmp_path: Path, own_cache: Path) -> None:
    frames = [psdu(name) for name in ("V3", "V5", "V4", "V6", "confirm key (APS LK = TCLK)")]
    path = write(tmp_path / "keys.pcapng", frames)
    keys = keyring()
    with cache.kept(path, keys, own_cache) as kept:
        assert kept.frames == len(frames)
    (file,) = own_cache.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(own_cache.stat().st_mode) == 0o700
    transported = (bytes.fromhex("11223344556677889900aabbccddeeff"), bytes(range(0xB0, 0xC0)), NK, TCLK)
    assert not any(key in file.read_bytes() or key.hex() in file.name for key in transported)


def test_other_keys_or_another_file_are_decoded_anew(tmp_path: Path, own_cache: Path) -> None:
    path = write(tmp_path / "a.pcapng", traffic(1, 100))
    names = {cache.identity(path, keys) for keys in (keyring(), keyring("network"), Keyring())}
    os.utime(path, ns=(1, 1))
    names.add(cache.identity(path, keyring()))
    names.add(cache.identity(write(tmp_path / "b.pcapng", traffic(2, 100)), keyring()))
    assert len(names) == 5


def test_keys_that_come_late_open_what_came_before(tmp_path: Path, own_cache: Path) -> None:
    path = write(tmp_path / "late.pcapng", [psdu(name) for name in ("V4", "V3", "V4")])
    with cache.kept(path, keyring("install code"), own_cache) as kept:
        (group,) = kept.groups()
        assert group.column("decrypted").tolist() == [1, 1, 1]


def test_a_broken_cache_file_is_made_anew(tmp_path: Path, own_cache: Path) -> None:
    path = write(tmp_path / "a.pcapng", traffic(1, 100))
    cache.kept(path, keyring(), own_cache)
    (file,) = own_cache.iterdir()
    for octets in (b"", b"PAR1nothing", file.read_bytes()[:-40]):
        file.write_bytes(octets)
        with cache.kept(path, keyring(), own_cache) as kept:
            assert kept.frames >= 100


def test_matches_in_order_with_file_and_number(captures: Path, keys: Path) -> None:
    code, lines = search("cmd == transfer_data and gbcs", captures, keys=keys)
    assert code == 0 and lines
    places = [tuple(line.split("  ")[0].rsplit(":", 1)) for line in lines]
    assert [(p, int(n)) for p, n in places] == sorted((p, int(n)) for p, n in places)
    again = search("cmd == transfer_data and gbcs", captures, keys=keys, cache=False)
    assert again == (code, lines)
    code, objects = search("cmd == transfer_data and gbcs", captures, keys=keys, as_json=True)
    shown = [json.loads(text) for text in objects]
    assert [(one["file"], str(one["frame"])) for one in shown] == places
    assert all(one["gbcs"] for one in shown)
    code, counts = search("cmd == transfer_data and gbcs", captures, keys=keys, count=True)
    assert code == 0 and counts[-1] == str(len(lines))


def test_devices_are_known_by_their_types(captures: Path, keys: Path) -> None:
    code, lines = search("chf and cluster == metering", captures / "a.pcapng", keys=keys)
    assert code == 0 and all("223344" in line for line in lines)
    assert search("hcalcs", captures, keys=keys)[0] == 1


def test_exit_codes_and_damage(captures: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = captures / "cut.pcapng"
    cut.write_bytes((captures / "a.pcapng").read_bytes()[:-50])
    (captures / "empty.pcapng").write_bytes(b"")
    code, lines = search("frame == 3", captures, keys=keys)
    assert code == 0 and len(lines) == 4
    said = capsys.readouterr().err
    assert "cut.pcapng: pcapng: block" in said and said.count("\n") == 1
    assert search("frame < 0", captures)[0] == 1
    capsys.readouterr()
    for expression, path, words in (
        ("frame = 3", captures, "'=' alone"),
        ("frame == 3", captures / "nowhere", "does not exist"),
    ):
        assert search(expression, path)[0] == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
    assert search("frame == 3", captures / "notes.txt")[0] == 1
    assert "neither pcap nor pcapng" in capsys.readouterr().err
    assert search("frame == 3", captures, keys=captures / "none.toml")[0] == 2


def test_a_cache_that_cannot_be_written_is_done_without(
    captures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(captures / "notes.txt" / "below"))
    assert search("frame == 3", captures)[0] == 0
    assert "set BENCH_CACHE" in capsys.readouterr().err


def test_old_files_go_when_there_are_too_many(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.pcapng", traffic(1, 100))
    cache.kept(path, keyring(), own_cache)
    (first,) = own_cache.iterdir()
    shutil.copy(first, own_cache / "older.parquet")
    os.utime(own_cache / "older.parquet", ns=(1, 1))
    monkeypatch.setattr(cache, "LARGEST", first.stat().st_size * 2)
    cache.kept(path, keyring("network"), own_cache)
    assert not (own_cache / "older.parquet").exists() and first.exists()
