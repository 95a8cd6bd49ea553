"""The AC source driver against transcripts of the 6811B series' programming guide, and against bad company."""

import threading
from datetime import timedelta

import pytest

from bench.capabilities import AcReading, ProgramPoint
from bench.errors import InstrumentError
from bench.rigfile import NominalTable
from drivers.keysight_681x import Keysight681x, Keysight681xConfig
from tests.drivers.peers import Step, free_port, peer, transcript, within

IDENTITY = "Agilent Technologies,6812B,US38390123,A.02.04"
OPENED = transcript(f"""
    > *IDN?
    < {IDENTITY}
    > SYST:ERR?
    < +0,"No error"
""")
REST = NominalTable(voltage="230 V", frequency="50 Hz", output_on=True)  # type: ignore[arg-type]
REST_OFF = NominalTable(voltage="230 V", frequency="50 Hz", output_on=False)  # type: ignore[arg-type]


def source(resource: str, timeout_s: float = 1.0) -> Keysight681x:
    return Keysight681x("mains", Keysight681xConfig(resource=resource, timeout_s=timeout_s))


def opened_then(text: str) -> list[Step]:
    return OPENED + transcript(text)


SET_VOLTAGE = opened_then("""
    > VOLT 207.00
    > SYST:ERR?
    < +0,"No error"
    > VOLT?
    < +2.07000E+02
""")
LIMIT_CURRENT = opened_then("""
    > CURR 3.00
    > SYST:ERR?
    < +0,"No error"
    > CURR?
    < +3.00000E+00
    > CURR:PROT:STAT ON
    > SYST:ERR?
    < +0,"No error"
""")
OUTPUT_ON = opened_then("""
    > OUTP ON
    > *OPC?
    < 1
    > SYST:ERR?
    < +0,"No error"
    > OUTP?
    < 1
""")
MEASURE = opened_then("""
    > MEAS:VOLT:AC?;:FETC:CURR:AC?;:FETC:POW:AC?;:FETC:FREQ?
    < +2.29970E+02;+1.30000E-01;+2.99000E+01;+5.00000E+01
""")
MEASURE_DEAD = opened_then("""
    > MEAS:VOLT:AC?;:FETC:CURR:AC?;:FETC:POW:AC?;:FETC:FREQ?
    < +1.00000E-02;+0.00000E+00;+0.00000E+00;+9.91000E+37
""")
LIST = opened_then("""
    > ABOR
    > VOLT 230.00
    > VOLT:SLEW INF
    > VOLT:MODE LIST
    > LIST:VOLT 0.00,230.00
    > LIST:DWEL 0.0200,0.1000
    > LIST:COUN 1
    > LIST:STEP AUTO
    > TRIG:TRAN:SOUR BUS
    > TRIG:SYNC:SOUR PHAS
    > TRIG:SYNC:PHAS 0
    > SYST:ERR?
    < +0,"No error"
    > LIST:VOLT:POIN?
    < +2
    > INIT:IMM:SEQ1
    > SYST:ERR?
    < +0,"No error"
    > *TRG
    > STAT:OPER:COND?
    < +32
    > VOLT:MODE FIX
    > SYST:ERR?
    < +0,"No error"
    > OUTP?
    < +1
""")


def test_voltage_is_read_back() -> None:
    with peer(SET_VOLTAGE) as far:
        mains = source(far.visa)
        mains.open()
        assert mains.set_voltage(207.0) == 207.0
        far.done()
        mains.close()


def test_output_is_confirmed() -> None:
    with peer(OUTPUT_ON, reply_ending=b"\r\n") as far:
        mains = source(far.visa)
        mains.open()
        mains.output(True)
        far.done()
        mains.close()


def test_measurement_is_one_acquisition() -> None:
    with peer(MEASURE) as far:
        mains = source(far.visa)
        mains.open()
        assert mains.measure() == AcReading(229.97, 0.13, 29.9, 50.0)
        far.done()
        mains.close()


def test_current_limit_trips_instead_of_folding_back() -> None:
    with peer(LIMIT_CURRENT) as far:
        mains = source(far.visa)
        mains.open()
        mains.limit_current(3.0)
        far.done()
        mains.close()


def test_a_dead_feed_has_no_frequency() -> None:
    with peer(MEASURE_DEAD) as far:
        mains = source(far.visa)
        mains.open()
        assert mains.measure() == AcReading(0.01, 0.0, 0.0, 0.0)
        mains.close()


@pytest.mark.parametrize(
    ("reply", "saying"),
    [
        ("+2.3E+02;+1.3E-01;+2.9E+01", "4 queries were not answered with as many numbers: replied"),
        ("+2.3E+02;+1.3E-01;VOLT?;+5.0E+01", r"FETC:POW:AC\? was not answered with a number: replied"),
        ("+9.91E+37;+1.3E-01;+2.9E+01;+5.0E+01", r"MEAS:VOLT:AC\? has no value: replied"),
    ],
)
def test_a_measurement_that_makes_no_sense(reply: str, saying: str) -> None:
    with peer(
        opened_then(f"""
        > MEAS:VOLT:AC?;:FETC:CURR:AC?;:FETC:POW:AC?;:FETC:FREQ?
        < {reply}
    """)
    ) as far:
        mains = source(far.visa)
        mains.open()
        with pytest.raises(InstrumentError, match=saying):
            mains.measure()
        mains.close()


def test_one_cycle_interruption_runs_as_a_list() -> None:
    points = [ProgramPoint(0.0, timedelta(milliseconds=20)), ProgramPoint(230.0, timedelta(milliseconds=100))]
    with peer(LIST) as far:
        mains = source(far.visa)
        mains.open()
        assert mains.run_program(points, 230.0) == timedelta(milliseconds=120)
        mains.end_program()
        far.done()
        mains.close()


def test_a_rest_without_output_switches_off_before_anything_else() -> None:
    quiet = '> SYST:ERR?\n< +0,"No error"\n'
    script = opened_then(f"""
        > ABOR
        > VOLT:MODE FIX
        {quiet}
        > OUTP OFF
        > *OPC?
        < 1
        {quiet}
        > OUTP?
        < 0
        > VOLT 230.00
        {quiet}
        > VOLT?
        < +2.30000E+02
        > FREQ 50.00
        {quiet}
        > FREQ?
        < +5.00000E+01
    """)
    with peer(script) as far:
        mains = source(far.visa)
        mains.open()
        mains.make_safe(REST_OFF)
        far.done()
        mains.close()


def test_errors_left_by_somebody_else_are_drained() -> None:
    script = transcript(f"""
        > *IDN?
        < {IDENTITY}
        > SYST:ERR?
        < -113,"Undefined header"
        > SYST:ERR?
        < +0,"No error"
    """)
    with peer(script) as far:
        mains = source(far.visa)
        mains.open()
        far.done()
        mains.close()


def fails(*scripts: list[Step], saying: str, timeout_s: float = 0.2) -> InstrumentError:
    """Open, set 207 V, and return the InstrumentError that must come out in time."""
    with peer(*scripts) as far, within(3.0), pytest.raises(InstrumentError) as caught:
        mains = source(far.visa, timeout_s)
        try:
            mains.open()
            mains.set_voltage(207.0)
        finally:
            mains.close()
    assert str(caught.value).startswith("instrument mains: ")
    assert saying in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_silent() -> None:
    error = fails([("<", "*IDN?")], saying="no answer to *IDN? within 0.2 s")
    assert error.last_exchange == ("-> *IDN?",)


def test_hangs_up_mid_way() -> None:
    error = fails([*OPENED, ("<", "VOLT 207.00"), ("hang up", None)], saying="last exchange: ")
    assert "-> VOLT 207.00" in error.last_exchange


def test_half_a_line_and_gone() -> None:
    fails([("<", "*IDN?"), (">raw", b"Agilent Tech"), ("hang up", None)], saying="no answer to *IDN?")


def test_garbage() -> None:
    script = [*OPENED, ("<", "VOLT 207.00"), ("<", "SYST:ERR?"), (">raw", b"\xff\xfe\x00 ?\n")]
    error = fails(script, saying="SYST:ERR? was not answered with number and text: replied")
    assert "\\xff" in str(error)


def test_garbage_without_end() -> None:
    fails([("<", "*IDN?"), (">raw", b"x" * 200_000)], saying="is another instrument")


def test_no_number() -> None:
    fails(
        opened_then('> VOLT 207.00\n> SYST:ERR?\n< +0,"No error"\n> VOLT?\n< two hundred'),
        saying="VOLT? was not answered with a number: replied 'two hundred'",
    )


def test_wrong_identity() -> None:
    fails(
        transcript("> *IDN?\n< Chroma ATE,61505,0,1.20"),
        saying="is another instrument than the rig file says: replied 'Chroma ATE,61505,0,1.20'",
    )


def test_refusal_is_named_with_what_was_refused() -> None:
    fails(
        opened_then('> VOLT 207.00\n> SYST:ERR?\n< -222,"Data out of range"\n> SYST:ERR?\n< +0,"No error"'),
        saying='refused VOLT 207.00: -222 "Data out of range"',
    )


def test_error_queue_that_never_empties() -> None:
    script = OPENED + transcript("> VOLT 207.00\n" + '> SYST:ERR?\n< -350,"Queue overflow"\n' * 20)
    fails(script, saying="the error queue will not empty")


def test_setting_that_reads_back_wrong() -> None:
    fails(
        opened_then('> VOLT 207.00\n> SYST:ERR?\n< +0,"No error"\n> VOLT?\n< +2.30000E+02'),
        saying="VOLT reads back 230 after it was set to 207",
    )


def test_output_that_trips() -> None:
    script = opened_then("""
        > OUTP ON
        > *OPC?
        < 1
        > SYST:ERR?
        < +0,"No error"
        > OUTP?
        < 0
        > STAT:QUES:COND?
        < +2
    """)
    with peer(script) as far, pytest.raises(InstrumentError, match=r"output is not on .* questionable condition \+2"):
        mains = source(far.visa)
        mains.open()
        mains.output(True)


def test_refused_port() -> None:
    with (
        within(3.0),
        pytest.raises(InstrumentError, match=r"^instrument mains: cannot (open|send).*check the address|refused"),
    ):
        source(f"TCPIP::127.0.0.1::{free_port()}::SOCKET").open()


@pytest.mark.parametrize(
    "resource",
    ["TCPIP::no-such-host.invalid::5025::SOCKET", "nonsense", "ASRL/dev/no-such-tty::INSTR", "GPIB9::5::INSTR"],
)
def test_not_there(resource: str) -> None:
    with within(10.0), pytest.raises(InstrumentError, match=r"^instrument mains: cannot open ") as caught:
        source(resource, 0.5).open()
    assert "\n" not in str(caught.value)


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    """The answer to VOLT? comes after the driver gave up; the measurement that follows goes over a new connection."""
    late = threading.Event()
    first = [
        *OPENED,
        *transcript('> VOLT 207.00\n> SYST:ERR?\n< +0,"No error"\n> VOLT?'),
        ("wait", late),
        (">", "+2.07E+02"),
    ]
    second = transcript(f"> *IDN?\n< {IDENTITY}\n> MEAS:VOLT:AC?\n< +1.00000E+01")
    with peer(first, second) as far:
        mains = source(far.visa, 0.2)
        mains.open()
        with pytest.raises(InstrumentError, match=r"no answer to VOLT\? within 0.2 s"):
            mains.set_voltage(207.0)
        late.set()
        assert mains.io.number("MEAS:VOLT:AC?") == 10.0
        far.done()
        mains.close()


def test_another_instrument_at_the_address_after_a_time_out() -> None:
    first = [*OPENED, ("<", "VOLT?")]
    with peer(first, transcript("> *IDN?\n< SIGLENT,SPD3303X,1,1")) as far:
        mains = source(far.visa, 0.2)
        mains.open()
        with pytest.raises(InstrumentError, match="no answer"):
            mains.io.query("VOLT?")
        with pytest.raises(InstrumentError, match="is another instrument"):
            mains.io.query("MEAS:VOLT:AC?")


def test_no_retry_of_a_setting() -> None:
    """A set of voltage that timed out is not repeated by the driver."""
    with peer([*OPENED, ("<", "VOLT 207.00"), ("<", "SYST:ERR?")]) as far:
        mains = source(far.visa, 0.2)
        mains.open()
        with pytest.raises(InstrumentError):
            mains.set_voltage(207.0)
        mains.close()
        assert far.heard.count("VOLT 207.00") == 1
