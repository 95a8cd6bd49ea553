"""Physical layers of IEEE 802.15.4 on the GB HAN: 2.4 GHz O-QPSK and 868 MHz FSK (SUN FSK, 100 kbit/s)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache


def airtime(octets: int) -> timedelta:
    """Return the time on air of a PSDU (with FCS) at 2.4 GHz."""
    return timedelta(microseconds=32 * (6 + octets))


def fsk_airtime(octets: int) -> timedelta:
    """Return the time on air of a PSDU (with FCS) at 868 MHz: 8 octets preamble, 2 SFD, 2 PHR before it."""
    return timedelta(microseconds=80 * (12 + octets))


@lru_cache(4096)
def packet_error_rate(sinr_db: float, octets: int) -> float:
    """Return the loss probability of a PSDU (with FCS) at a signal to noise ratio, O-QPSK."""
    linear = 10 ** (sinr_db / 10)
    total = sum((-1) ** k * math.comb(16, k) * math.exp(20 * linear * (1 / k - 1)) for k in range(2, 17))
    ber = min(0.5, max(0.0, 8 / 15 / 16 * total))
    return float(1 - (1 - ber) ** (8 * (octets + 6)))


@lru_cache(4096)
def fsk_packet_error_rate(sinr_db: float, octets: int) -> float:
    """Return the loss probability of a PSDU (with FCS) at a signal to noise ratio, non-coherent 2-FSK."""
    ber = 0.5 * math.exp(-(10 ** (sinr_db / 10)) / 2)
    return float(1 - (1 - ber) ** (8 * (octets + 12)))


@dataclass(frozen=True)
class Phy:
    """Levels in dBm, times in microseconds. `rest`: how long a transmitter is silent after each frame of its own."""

    tx_dbm: float
    noise_dbm: float  #: thermal noise of the channel and the receiver's own
    busy_dbm: float  #: from which level on the channel is not free (CCA, listen before talk)
    turnaround: timedelta
    ack_wait: timedelta
    rest: int
    width: float  #: of a channel, MHz
    airtime: Callable[[int], timedelta]
    error_rate: Callable[[float, int], float]


OQPSK = Phy(
    tx_dbm=8.0,
    noise_dbm=-100.0,
    busy_dbm=-75.0,
    turnaround=timedelta(microseconds=192),
    ack_wait=timedelta(microseconds=864 + 352),
    rest=0,
    width=2.0,
    airtime=airtime,
    error_rate=packet_error_rate,
)
FSK = Phy(
    tx_dbm=14.0,
    noise_dbm=-112.0,
    busy_dbm=-87.0,
    turnaround=timedelta(microseconds=450),
    ack_wait=timedelta(microseconds=1000 + 1360),
    rest=100_000,
    width=0.2,
    airtime=fsk_airtime,
    error_rate=fsk_packet_error_rate,
)
