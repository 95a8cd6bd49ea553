"""Defects of what goes with a change of credentials: who hears of it, what it leaves alone, and times that differ."""

from dataclasses import replace

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.esme_behaviour import AT_FIRST
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.han_server import HanServer

SUPPLIER_BY_COS_PARTY = 0x0107


@defect(
    "any-change-answered-to-supplier",
    device="GbcsDevice",
    breaks="R-CRD-053",
    story="The answer to a change of supplier goes to the new supplier, not to the CoS party that has asked for it.",
)
def change_answered_to_supplier(device: GbcsDevice) -> None:
    """The envelope is addressed to the holder of the supplier's cell."""
    envelope = device.envelope

    def addressed(exchange, payload):
        response, supplier = envelope(exchange, payload), device.anchors.subject(Role.SUPPLIER)
        by_party = exchange.command.message_code == SUPPLIER_BY_COS_PARTY
        return replace(response, target=supplier) if by_party and supplier is not None else response

    device.envelope = addressed  # type: ignore[method-assign]


@defect(
    "any-outcome-told-to-supplier",
    device="GbcsDevice",
    breaks="R-CRD-053",
    story="Alerts go to the supplier: also the outcome of a change that the CoS party is waiting for.",
)
def outcome_told_to_supplier(device: GbcsDevice) -> None:
    """The supplier is taken for who has authorised it."""
    credentials, execute = device.credentials, device.credentials.execute_pending
    credentials.execute_pending = lambda waiting: execute(replace(waiting, authoriser=Role.SUPPLIER))  # type: ignore[method-assign]


@defect(
    "esme-alerts-as-delivered-on-change",
    device="Esme",
    breaks="R-ALT-017",
    story="With a new supplier the settings of alerts are those of delivery again: what was switched off, is on.",
)
def alerts_as_delivered(esme: Esme) -> None:
    """Every alert is switched on by a change."""
    changed, behaviour = esme.supplier_changed, esme.behaviour

    def reset(losing) -> None:
        changed(losing)
        behaviour.on = {setting: set(events) for setting, events in AT_FIRST.items()}

    esme.supplier_changed = reset  # type: ignore[method-assign]


@defect(
    "esme-takes-different-times",
    device="Esme",
    breaks="R-FUT-002",
    story="Each item of a command waits for its own time: a load limit comes into force in two halves.",
)
def takes_different_times(esme: Esme) -> None:
    """Times are not compared."""
    esme.cosem.has_one_time = lambda request: True  # type: ignore[method-assign]


@defect(
    "esme-new-key-agreement-new-network",
    device="HanServer",
    breaks="R-CRD-077",
    story="The store of keys is one: with a new key agreement certificate the keys of IHD, CAD and PPMID are gone.",
)
def new_key_agreement_new_network(server: HanServer) -> None:
    """Keys agreed with devices of the home are dropped."""
    certificates, keys = server._esme.certificates, server._node.credentials.link_keys
    take = certificates.take_into_use

    def taken(usage, certificate) -> None:
        take(usage, certificate)
        if usage == "ka":
            for eui in [one for one in keys if one != server._esme.eui]:
                del keys[eui]

    certificates.take_into_use = taken


@defect(
    "hub-without-certificates-of-its-own",
    device="HubFunction",
    breaks="R-CRD-073",
    story="The hub keeps the certificates of its manufacture: new ones are accepted, and not used.",
)
def hub_without_own_certificates(device: GbcsDevice) -> None:
    """Nothing is taken into use."""
    device.certificates.take_into_use = lambda usage, certificate: None  # type: ignore[method-assign]
