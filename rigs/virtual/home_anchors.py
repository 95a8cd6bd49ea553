"""Trust anchors of each type of device as it is installed (GBCS 4.3)."""

from cryptography import x509

from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.pki import TestSmki
from rigs.virtual.trust_anchors import SUPPLIER_CELLS, Credential, TrustAnchors


def _credential(smki: TestSmki, party: Eui64, usage: str) -> Credential:
    return Credential.of(smki.party(party).certificates[usage])


def _root_cell(smki: TestSmki) -> dict[TrustAnchorCell, Credential]:
    return {TrustAnchorCell(Role.ROOT, KeyUsage.KEY_CERT_SIGN): Credential.of(_root(smki))}


def _root(smki: TestSmki) -> x509.Certificate:
    return smki.root.certificate


def meter_anchors(smki: TestSmki) -> TrustAnchors:
    """Those of an electricity meter, and of the gas proxy."""
    who = smki.identities
    signing, agreement = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT
    cells = _root_cell(smki) | {
        TrustAnchorCell(Role.RECOVERY, signing): _credential(smki, who.recovery, "ds"),
        SUPPLIER_CELLS[0]: _credential(smki, who.supplier, "ds"),
        SUPPLIER_CELLS[1]: _credential(smki, who.supplier, "ka"),
        SUPPLIER_CELLS[2]: _credential(smki, who.supplier, "pp-ka"),
        TrustAnchorCell(Role.NETWORK_OPERATOR, signing): _credential(smki, who.network_operator, "ds"),
        TrustAnchorCell(Role.NETWORK_OPERATOR, agreement): _credential(smki, who.network_operator, "ka"),
        TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, agreement): _credential(smki, who.acb, "ka"),
        TrustAnchorCell(Role.TRANSITIONAL_COS, signing): _credential(smki, who.cos_party, "ds"),
    }
    return TrustAnchors(cells, _root(smki))


def gas_anchors(smki: TestSmki) -> TrustAnchors:
    """Those of an electricity meter but the network operator's: it talks to the gas proxy (GBCS 4.3)."""
    anchors = meter_anchors(smki)
    anchors.cells = {cell: one for cell, one in anchors.cells.items() if cell.role is not Role.NETWORK_OPERATOR}
    return anchors


def hub_anchors(smki: TestSmki) -> TrustAnchors:
    """Those of the hub function: no supplier and no network operator talks to it."""
    who = smki.identities
    signing, agreement = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT
    cells = _root_cell(smki) | {
        TrustAnchorCell(Role.RECOVERY, signing): _credential(smki, who.recovery, "ds"),
        TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, signing): _credential(smki, who.acb, "ds"),
        TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, agreement): _credential(smki, who.acb, "ka"),
        TrustAnchorCell(Role.WAN_PROVIDER, signing): _credential(smki, who.wan_provider, "ds"),
        TrustAnchorCell(Role.TRANSITIONAL_COS, signing): _credential(smki, who.cos_party, "ds"),
    }
    return TrustAnchors(cells, _root(smki))


def hcalcs_anchors(smki: TestSmki) -> TrustAnchors:
    """Those of a device that a supplier owns and no network operator talks to; it takes no top up."""
    anchors = gas_anchors(smki)
    anchors.cells = {cell: one for cell, one in anchors.cells.items() if cell != SUPPLIER_CELLS[2]}
    return anchors


def ppmid_anchors(smki: TestSmki) -> TrustAnchors:
    """Those of a device that no supplier owns: the broker holds the supplier's place (GBCS 4.3)."""
    who = smki.identities
    signing, agreement = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT
    broker = _credential(smki, who.acb, "ds")
    cells = _root_cell(smki) | {
        TrustAnchorCell(Role.RECOVERY, signing): _credential(smki, who.recovery, "ds"),
        SUPPLIER_CELLS[0]: broker,
        TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, signing): broker,
        TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, agreement): _credential(smki, who.acb, "ka"),
        TrustAnchorCell(Role.TRANSITIONAL_COS, signing): _credential(smki, who.cos_party, "ds"),
    }
    return TrustAnchors(cells, _root(smki))
