"""smets-bench: a hardware-in-the-loop interoperability test bench for GB smart metering (SMETS2)."""

__version__ = "0.1.0"
