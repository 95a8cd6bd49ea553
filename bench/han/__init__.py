"""The home area network on air: IEEE 802.15.4, ZigBee NWK, APS, ZCL, Smart Energy tunnelling, security, captures.

A frame is built from the inside out, and each layer's `bytes()` is the payload of the next:

    zcl = TransferData(tunnel=1, data=message).frame(sequence=7, from_server=False)
    aps = secure_aps(ApsFrame.data(0x0704, counter, bytes(zcl)), link_key, aps_counter, originator=my_eui)
    nwk = secure_nwk(NwkFrame.data(dst, src, nwk_seq, bytes(aps), src_eui=my_eui), network_key, nwk_counter, my_eui)
    psdu = MacFrame.data(pan, dst, src, mac_seq, bytes(nwk)).psdu()

EUI-64s are 8 octets in written order everywhere; times are integer nanoseconds since 1970 (UTC).
"""
