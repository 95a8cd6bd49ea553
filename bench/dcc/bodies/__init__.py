"""Typed bodies of all service requests: class names are the DUIS element names, fields their children in order.

Element structure as in the public samples; what has no sample is called unverified where it stands.
"""
# ruff: noqa: F403, F405 - every class of the modules below is offered here

from bench.dcc.bodies import (
    behaviour,
    credentials,
    dcc_only,
    hub,
    inspection,
    prepayment,
    reads,
    settings,
    supply,
    tariff,
)
from bench.dcc.bodies.behaviour import *
from bench.dcc.bodies.common import *
from bench.dcc.bodies.credentials import *
from bench.dcc.bodies.dcc_only import *
from bench.dcc.bodies.hub import *
from bench.dcc.bodies.inspection import *
from bench.dcc.bodies.prepayment import *
from bench.dcc.bodies.reads import *
from bench.dcc.bodies.settings import *
from bench.dcc.bodies.supply import *
from bench.dcc.bodies.tariff import *

_MODULES = (behaviour, credentials, dcc_only, hub, inspection, prepayment, reads, settings, supply, tariff)

#: element name -> typed body
BODIES: dict[str, type[Body]] = {
    body.name(): body
    for module in _MODULES
    for body in vars(module).values()
    if isinstance(body, type) and issubclass(body, Body) and body is not Body
}
