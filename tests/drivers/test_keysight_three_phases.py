"""The AC source driver on a source of three phases (6834B)."""

import pytest

from bench.capabilities import AcReading
from bench.errors import InstrumentError
from drivers.keysight_681x import Keysight681x, Keysight681xConfig
from tests.drivers.peers import peer, transcript
from tests.drivers.test_keysight_681x import OPENED, source

THREE_PHASES = transcript("""
    > *IDN?
    < Agilent Technologies,6834B,US38390123,A.02.04
    > SYST:ERR?
    < +0,"No error"
    > INST:COUP ALL
    > INST:NSEL 1
    > SYST:ERR?
    < +0,"No error"
""")
ONE_OF_THREE = THREE_PHASES + transcript("""
    > INST:COUP NONE
    > INST:NSEL 2
    > VOLT 190.00
    > SYST:ERR?
    < +0,"No error"
    > VOLT?
    < +1.90000E+02
    > INST:NSEL 1
    > MEAS:VOLT:AC?;:FETC:CURR:AC?;:FETC:POW:AC:TOT?;:FETC:FREQ?
    < +2.29970E+02;+3.13000E+00;+1.26000E+03;+5.00000E+01
    > INST:COUP ALL
    > INST:NSEL 1
    > SYST:ERR?
    < +0,"No error"
    > VOLT 230.00
    > SYST:ERR?
    < +0,"No error"
    > VOLT?
    < +2.30000E+02
""")


def test_one_phase_of_three_is_set_alone_then_all_again_and_power_is_that_of_all() -> None:
    with peer(ONE_OF_THREE) as far:
        mains = Keysight681x("mains", Keysight681xConfig(resource=far.visa, timeout_s=1.0, model="6834", phases=3))
        mains.open()
        assert mains.set_phase_voltage(2, 190.0) == 190.0
        assert mains.measure() == AcReading(229.97, 3.13, 1260.0, 50.0)
        assert mains.set_voltage(230.0) == 230.0
        mains.close()


def test_a_phase_that_is_not_there_is_refused_before_anything_is_sent() -> None:
    with peer(OPENED) as far:
        mains = source(far.visa)
        mains.open()
        with pytest.raises(InstrumentError, match="has no phase 2; it has 1"):
            mains.set_phase_voltage(2, 190.0)
        mains.close()
