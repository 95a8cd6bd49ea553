"""Who is who in the virtual home: EUI-64s, short addresses, meter points."""

from bench.dcc.payload import Device
from bench.gbcs import Eui64

CHF_EUI, GPF_EUI, ESME_EUI, GSME_EUI, IHD_EUI, NEWCOMER_EUI, PPMID_EUI, CAD_EUI, SECOND_PPMID_EUI, HCALCS_EUI = (
    Eui64.of("00-15-5F-00-11-22-33-44"),
    Eui64.of("00-15-5F-00-11-22-33-45"),
    Eui64.of("00-15-5F-00-55-66-77-88"),
    Eui64.of("00-15-5F-00-66-77-88-99"),
    Eui64.of("00-15-5F-00-77-88-99-AA"),
    Eui64.of("00-15-5F-00-88-99-AA-BB"),
    Eui64.of("00-15-5F-00-99-AA-BB-CC"),
    Eui64.of("00-15-5F-00-AA-BB-CC-DD"),
    Eui64.of("00-15-5F-00-99-AA-BB-CD"),
    Eui64.of("00-15-5F-00-BB-CC-DD-EE"),
)
CHF_SHORT, ESME_SHORT, GSME_SHORT, IHD_SHORT, PPMID_SHORT, CAD_SHORT = 0x0000, 0x6F01, 0x6F02, 0x6F03, 0x6F04, 0x6F05
HCALCS_SHORT = 0x6F06
HAND_HELD_EUI = Eui64.of("00-15-5F-00-CC-DD-EE-FF")  #: of a terminal that visits
MPAN, MPRN = "1312345678333", "7412345608"
#: what the DCC knows of: type, and meter point. It sends no message to an IHD or CAD
DEVICES = {
    ESME_EUI: (Device.ESME, MPAN),
    GSME_EUI: (Device.GSME, MPRN),
    CHF_EUI: (Device.CHF, ""),
    GPF_EUI: (Device.GPF, MPRN),
    PPMID_EUI: (Device.PPMID, ""),
    SECOND_PPMID_EUI: (Device.PPMID, ""),
    HCALCS_EUI: (Device.HCALCS, MPAN),
    IHD_EUI: (Device.IHD, ""),
    CAD_EUI: (Device.CAD, ""),
}
LISTED = (GPF_EUI, ESME_EUI, GSME_EUI, IHD_EUI, PPMID_EUI, CAD_EUI, HCALCS_EUI)  #: in the hub's log at the beginning
ON_THE_NETWORK = (ESME_EUI, GSME_EUI, IHD_EUI, PPMID_EUI, CAD_EUI, HCALCS_EUI)  #: with a link key of the hub
#: with a link key of the electricity meter
READERS = {IHD_EUI: IHD_SHORT, CAD_EUI: CAD_SHORT, PPMID_EUI: PPMID_SHORT, HCALCS_EUI: HCALCS_SHORT}
