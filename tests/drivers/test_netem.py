"""The WAN bridge's driver against transcripts, and the bridge's own end against iproute2's `tc`."""

import shutil
import subprocess
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bench.capabilities import Impairment
from bench.errors import InstrumentError
from bench.rigfile import NominalTable
from drivers.netem import Netem, NetemConfig, words
from drivers.netem_box import answer, run_tc
from rigs.virtual.instruments.netem import NetemBridge
from rigs.virtual.wan import Wan
from rigs.virtual.world import World
from tests.drivers.peers import Step, peer, transcript
from tests.engine.times import START

OPENED = transcript("> NETEM?\n< NETEM eth1 eth2")
REST = NominalTable(voltage="230 V", frequency="50 Hz")  # type: ignore[arg-type]
WORST = Impairment(delay=timedelta(seconds=30), duplicate=0.25, rate=9600, cut=True)


def play(script: Sequence[Step], *impairments: Impairment) -> None:
    with peer(script) as far:
        instrument = Netem("wan", NetemConfig(resource=far.visa, timeout_s=0.3))
        try:
            instrument.open()
            for impairment in impairments:
                instrument.impair(impairment)
            instrument.make_safe(REST)
            far.done()
        finally:
            instrument.close()


def test_impair_and_leave_whole() -> None:
    script = transcript("> SET delay 30000ms duplicate 25% rate 9600bit loss 100%\n< OK\n> SET delay 0ms\n< OK")
    play(OPENED + script, WORST)


@pytest.mark.parametrize("reply", ["ERR eth1: Operation not permitted", "", "OK?"])
def test_refused(reply: str) -> None:
    with pytest.raises(InstrumentError, match="refused SET delay 0ms"):
        play(OPENED + transcript(f"> SET delay 0ms\n< {reply}"), Impairment())


def test_another_instrument() -> None:
    with pytest.raises(InstrumentError, match="another instrument"):
        play(transcript("> NETEM?\n< MN=RCDAT-6000-90"))


def test_box_tells_tc_for_each_interface() -> None:
    told: list[Sequence[str]] = []
    reply = answer("SET delay 5ms loss 100%\n", ["eth1", "eth2"], lambda words: told.append(words) or "")
    assert reply == "OK"
    expected = ["qdisc", "replace", "dev", "eth1", "root", "netem", "delay", "5ms", "loss", "100%"]
    assert told == [expected, [*expected[:3], "eth2", *expected[4:]]]
    assert answer("NETEM?", ["eth1", "eth2"]) == "NETEM eth1 eth2"


def test_box_runs_nothing_else() -> None:
    for line in ("", "GO", "SET delay 5ms; reboot", "SET $(id)", "NETEM"):
        assert answer(line, ["eth1"], lambda words: pytest.fail("it ran")).startswith("ERR ")


def test_box_tells_what_tc_says() -> None:
    assert (
        answer("SET delay 1ms", ["eth1"], lambda words: "Error: no\n such thing.") == "ERR eth1: Error: no such thing."
    )


@pytest.mark.skipif(shutil.which("tc") is None, reason="needs iproute2")
@pytest.mark.parametrize("impairment", [Impairment(), WORST, Impairment(duplicate=1.0), Impairment(rate=300)])
def test_tc_understands_the_words(impairment: Impairment) -> None:
    """`tc` reads its words before it looks for the interface: a wrong one is told as such, a right one is not."""
    said = run_tc(["qdisc", "replace", "dev", "no-such-if", "root", "netem", *words(impairment).split()])
    assert "no-such-if" in said, said
    wrong = run_tc(["qdisc", "replace", "dev", "no-such-if", "root", "netem", "colour", "3"])
    assert "no-such-if" not in wrong, wrong


def test_virtual_bridge_takes_the_same_words() -> None:
    world = World(1, START, lambda world: None)
    wan = Wan(world)
    bridge = NetemBridge(lambda: wan)
    assert bridge.answer("NETEM?").startswith("NETEM ")
    assert bridge.answer(f"SET {words(WORST)}") == "OK"
    assert (wan.delay, wan.duplicate, wan.rate, wan.up) == (timedelta(seconds=30), 0.25, 9600, False)
    assert bridge.answer(f"SET {words(Impairment())}") == "OK"
    assert (wan.delay, wan.duplicate, wan.rate, wan.up) == (timedelta(), 0.0, None, True)
    assert bridge.answer("SET colour 3") == 'ERR What is "colour"?'
    assert bridge.answer("SET delay").startswith("ERR ")


def test_tc_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: object, **more: object) -> None:
        raise FileNotFoundError("tc")

    monkeypatch.setattr(subprocess, "run", missing)
    assert run_tc(["qdisc"]) == "tc"
