"""What `bench decode` loads: nothing heavy until keys or certificates need it."""

import subprocess
import sys

import pytest

HEAVY = ("cryptography", "lxml", "numpy", "pyarrow", "pydantic", "httpx", "typer", "rich", "scapy", "asyncio")

DECODE = """
import io, sys
from pathlib import Path
from bench.gbcs.decode_command import run
Path("message").write_text({octets!r})
assert run(["message"], None, None, {as_json}, io.StringIO()) == 0
"""
# a pre-command: read the firmware version
OCTETS = "DF090100000000000003E80890ABCD00000100000800AB1234567890A00002005913D9200003E8000101000100000002 01FF020100"


def loaded(code: str, folder: object) -> set[str]:
    code += "\nimport sys\nprint(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=str(folder), check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_command_loads_nothing_heavy(tmp_path: object) -> None:
    assert not loaded("import bench.gbcs.decode_command", tmp_path) & set(HEAVY)


@pytest.mark.parametrize("as_json", [False, True])
def test_decoding_without_keys_loads_nothing_heavy(as_json: bool, tmp_path: object) -> None:
    assert not loaded(DECODE.format(octets=OCTETS, as_json=as_json), tmp_path) & set(HEAVY)


@pytest.mark.parametrize(
    "module", ["message", "decode", "encode", "utrn", "utrn_command", "gbt", "dlms", "credentials"]
)
def test_modules_of_the_floor_load_no_cryptography(module: str, tmp_path: object) -> None:
    assert not loaded(f"import bench.gbcs.{module}", tmp_path) & set(HEAVY)
