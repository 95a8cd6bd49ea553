"""What a capture shows of the types of devices, and devices that somebody wrote down."""

import json
from io import StringIO
from pathlib import Path

import pytest

from bench.han import tunnelling, zcl, zdo
from bench.han.aps import ApsFrame
from bench.han.columns import read
from bench.han.columns.devices import Devices
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.sniff_command import Options, read_file
from bench.han.summary_command import run as sum_up
from bench.han.zcl_types import Value

from .mixed_traffic import write
from .vectors import CHF, ESME, ESME_SHORT, GSME, GSME_SHORT, NK, PAN, TCLK, psdu

PPMID, PPMID_SHORT = bytes.fromhex("00155F00AA00AA01"), 0x2345
HCALCS, HCALCS_SHORT = bytes.fromhex("00155F00AA00AA02"), 0x3456
SHORTS = {CHF: 0, ESME: ESME_SHORT, GSME: GSME_SHORT, PPMID: PPMID_SHORT, HCALCS: HCALCS_SHORT}
METER, DISPLAY, LOAD_SWITCH = 0x0501, 0x0502, 0x0504


class Air:
    """Frames between devices of the network, one after the other."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, src: bytes, dst: bytes, cluster: int, payload: bytes, *, profile: int = 0x0109) -> None:
        number = len(self.frames) + 1
        aps = ApsFrame.data(cluster, number, payload, profile=profile)
        if profile:
            aps = secure_aps(aps, TCLK, number, src)
        frame = NwkFrame.data(SHORTS[dst], SHORTS[src], number, bytes(aps), src_eui=src)
        secured = secure_nwk(frame, NK, number, src)
        self.frames.append(MacFrame.data(PAN, SHORTS[dst], SHORTS[src], number, bytes(secured)).psdu())

    def describe(self, eui: bytes, device: int, inputs: tuple[int, ...] = (), outputs: tuple[int, ...] = ()) -> None:
        simple = zdo.SimpleDescriptor(1, 0x0109, device, 0, inputs, outputs)
        answer = zdo.SimpleDescResponse(1, 0, SHORTS[eui], bytes(simple))
        self.send(eui, CHF, 0x8004, bytes(answer), profile=0)

    def opens_tunnel(self, eui: bytes) -> None:
        """The hub asks for a tunnel; the device answers as its server."""
        self.send(CHF, eui, 0x0704, bytes(tunnelling.RequestTunnel().frame(1)))
        self.send(eui, CHF, 0x0704, bytes(tunnelling.RequestTunnelResponse(1, 0).frame(1)))

    def fetches(self, eui: bytes) -> None:
        """The device looks for messages in the tunnel of the hub."""
        self.send(eui, CHF, 0x0704, bytes(tunnelling.TransferData(1, tunnelling.get()).frame(1, from_server=False)))

    def reports(self, eui: bytes, to: bytes) -> None:
        """The device reports a register, as a metering server."""
        report = zcl.report([(0, Value(0x25, 5))])
        self.send(eui, to, 0x0702, bytes(zcl.ZclFrame.general(zcl.REPORT, 1, report, from_server=True)))

    def load_control(self, eui: bytes, to: bytes) -> None:
        """The device asks for load control events, as a client."""
        self.send(eui, to, 0x0701, bytes(zcl.ZclFrame.cluster(1, 1, bytes(5))))


def keys() -> Keyring:
    ring = Keyring()
    ring.add_network_key(NK, 0)
    ring.add_link_key(TCLK)
    return ring


def types(air: Air, folder: Path, ring: Keyring | None = None) -> dict[bytes, str]:
    ring = ring or keys()
    devices = Devices(ring)
    devices.take(read(write(folder / "a.pcapng", air.frames), ring))
    return {device.eui: device.type for device in devices.known.values()}


def test_a_display_with_a_tunnel_is_no_meter(tmp_path: Path) -> None:
    air = Air()
    for device in (ESME, PPMID, HCALCS):
        air.opens_tunnel(device)
    assert types(air, tmp_path) == {CHF: "chf", ESME: "", PPMID: "", HCALCS: ""}


def test_simple_descriptors_tell_the_type(tmp_path: Path) -> None:
    air = Air()
    air.describe(ESME, METER, (0x0702, 0x0704))
    air.describe(GSME, METER, (0x0702,), (0x0704,))
    air.describe(PPMID, DISPLAY, (0x0704,), (0x0702,))
    air.describe(HCALCS, LOAD_SWITCH, (0x0704,), (0x0701,))
    assert types(air, tmp_path) == {ESME: "esme", GSME: "gsme", PPMID: "ppmid", HCALCS: "hcalcs"}


def test_what_a_device_serves_tells_its_type(tmp_path: Path) -> None:
    air = Air()
    air.opens_tunnel(PPMID)
    air.reports(ESME, PPMID)
    air.fetches(GSME)
    air.reports(GSME, CHF)
    air.load_control(HCALCS, ESME)
    air.opens_tunnel(HCALCS)
    assert types(air, tmp_path) == {CHF: "chf", PPMID: "", ESME: "esme", GSME: "gsme", HCALCS: "hcalcs"}


def test_a_device_that_contradicts_itself_has_no_type(tmp_path: Path) -> None:
    air = Air()
    air.describe(PPMID, DISPLAY, (0x0704,))
    air.reports(PPMID, ESME)
    assert types(air, tmp_path)[PPMID] == ""


def test_what_was_written_down_goes_first(tmp_path: Path) -> None:
    ring = keys()
    ring.add_device(PPMID, "PPMID", "hall")
    air = Air()
    air.opens_tunnel(PPMID)
    assert types(air, tmp_path, ring)[PPMID] == "ppmid"
    assert ring.device_names() == {"ppmid": PPMID, "hall": PPMID}


KEY_FILE = f"""
[[network]]
key = "{NK.hex()}"
[[link]]
key = "{TCLK.hex()}"
[[device]]
eui = "00-15-5F-00-AA-00-AA-01"
type = "PPMID"
name = "display in the hall"
"""


def sniffed(path: Path, text: str, file: Path | None, **options: object) -> list[int]:
    out = StringIO()
    code = read_file(path, Options(as_json=True, keys=file, filter=text, **options), out)  # type: ignore[arg-type]
    return [code, *(json.loads(line)["frame"] for line in out.getvalue().splitlines())]


def test_every_query_knows_the_devices_of_the_key_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    air = Air()
    air.opens_tunnel(PPMID)
    air.reports(ESME, PPMID)
    air.reports(ESME, CHF)
    path, file = write(tmp_path / "a.pcapng", air.frames), tmp_path / "home.toml"
    file.write_text(KEY_FILE)
    assert sniffed(path, "ppmid", file) == [0, 2, 3]  # in frame 1 nothing has told yet whose address it is
    assert sniffed(path, 'src == "display in the hall"', file) == [0, 2]
    assert sniffed(path, "esme and not ppmid", file) == [0, 4]  # the capture shows it
    assert sniffed(path, "ppmid and gsme2", file) == [2]
    assert "no device or field 'gsme2'" in capsys.readouterr().err
    assert sniffed(path, "cad", file) == [0]
    out = StringIO()
    assert sum_up([str(path)], Options(keys=file), True, out) == 0
    told = {one["eui"]: (one["type"], one["name"]) for one in json.loads(out.getvalue())["devices"]}
    assert told["00-15-5F-00-AA-00-AA-01"] == ("PPMID", "display in the hall")
    shown = StringIO()
    read_file(path, Options(keys=file, filter="frame == 2"), shown)
    assert "display in the hall (2345) > ..223344/0000" in shown.getvalue()


def test_devices_of_a_rig_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pcapng", [psdu("V1")])
    options = {"devices": ((ESME, "ESME", "meter"),), "unsorted_keys": (NK.hex(), TCLK.hex())}
    assert sniffed(path, "dst == meter", None, **options) == [0, 1]


def test_the_device_table_is_kept_and_checked(tmp_path: Path) -> None:
    (tmp_path / "home.toml").write_text(KEY_FILE)
    ring = Keyring.load(tmp_path / "home.toml")
    ring.save(tmp_path / "again.toml")
    assert Keyring.load(tmp_path / "again.toml").devices == ring.devices
    (tmp_path / "bad.toml").write_text('[[device]]\neui = "00-15-5F-00-AA-00-AA-01"\ntype = "toaster"\n')
    with pytest.raises(HanError, match=r"bad.toml, device 1: .*no device type 'toaster'; there are chf, esme"):
        Keyring.load(tmp_path / "bad.toml")
