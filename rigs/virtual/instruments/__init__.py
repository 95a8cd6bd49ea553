"""The virtual rig's instruments: servers that speak the bytes of the real ones."""
