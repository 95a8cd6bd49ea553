"""The signal generator driver against transcripts, and against the virtual one.

The commands and forms of numbers are those of the SCPI references of Keysight's EXG/MXG and Rohde & Schwarz's SMB100A.
"""

import pytest

from bench.errors import InstrumentError
from drivers.signal_generator import SignalGenerator, SignalGeneratorConfig
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.instruments.signal_generator import SignalGenerator as VirtualGenerator
from rigs.virtual.radio import NoiseEmitter
from tests.drivers.peers import peer, transcript, within

OPENED = transcript("> *IDN?\n< Keysight Technologies, N5182B, MY53050001, B.01.86")
SET = transcript("> :FREQ 2425000000\n> :POW -40.00\n> :OUTP ON\n> :SYST:ERR?")


def play(script, model="N5182", act=lambda generator: generator.emit(2425.0, -40.0)):
    with peer(script) as far, within(3.0):
        config = SignalGeneratorConfig(resource=far.visa, model=model, timeout_s=0.3)
        generator = SignalGenerator("noise", config)
        try:
            generator.open()
            act(generator)
            far.done()
        finally:
            generator.close()


def test_frequency_power_and_output_are_set_and_read_back() -> None:
    read = "< +2.42500000000000E+09;-4.00000000E+01;1"
    play(OPENED + SET + transcript('< +0,"No error"\n> FREQ?;:POW?;:OUTP?\n' + read))


def test_another_maker_says_no_error_without_a_sign() -> None:
    opened = transcript("> *IDN?\n< Rohde&Schwarz,SMB100A,1406.6000k02/180001,3.1.19.15-3.20.390.24")
    play(opened + SET + transcript('< 0,"No error"\n> FREQ?;:POW?;:OUTP?\n< 2425000000;-40;1'), model="SMB100")


@pytest.mark.parametrize(
    ("answers", "saying"),
    [
        ('< -222,"Data out of range"\n> :OUTP OFF', "refused 2425 MHz at -40 dBm: replied '-222,"),
        ('< +0,"No error"\n> FREQ?;:POW?;:OUTP?\n< 2425000000;-40;0\n> :OUTP OFF', "output 0 after it was told"),
        ('< +0,"No error"\n> FREQ?;:POW?;:OUTP?\n< 868000000;-40;1\n> :OUTP OFF', "is at 868 MHz, -40 dBm, output 1"),
        ('< +0,"No error"\n> FREQ?;:POW?;:OUTP?\n< 2425000000;loud;1', "was not answered with a number"),
    ],
)
def test_trouble(answers: str, saying: str) -> None:
    with pytest.raises(InstrumentError, match=saying):
        play(OPENED + SET + transcript(answers))


def test_silence_is_confirmed() -> None:
    off = transcript("> :OUTP OFF\n> :OUTP?\n< 0")
    play(OPENED + off, act=lambda generator: generator.silence())
    with pytest.raises(InstrumentError, match="its output is on after it was told to go off"):
        play(OPENED + transcript("> :OUTP OFF\n> :OUTP?\n< 1"), act=lambda generator: generator.silence())


def test_another_instrument_is_refused() -> None:
    with pytest.raises(InstrumentError, match="is another instrument than the rig file says"):
        play(transcript("> *IDN?\n< HEWLETT-PACKARD,33120A,0,8.0-5.0-1.0"))


def test_the_virtual_one_emits_what_the_driver_says() -> None:
    emitter = NoiseEmitter()
    port = LineServer(VirtualGenerator(lambda: emitter).scpi.execute).port
    generator = SignalGenerator("noise", SignalGeneratorConfig(resource=f"TCPIP::127.0.0.1::{port}::SOCKET"))
    generator.open()
    generator.emit(864.25, -35)
    assert emitter.level(864.25, 0.2) == -75 and emitter.level(864.45, 0.2) is None
    with pytest.raises(InstrumentError, match="refused"):
        generator.emit(864.25, 30)
    assert generator.io.number(":OUTP?") == 0  # answered once the line before it is done
    assert not emitter.on
    generator.close()
