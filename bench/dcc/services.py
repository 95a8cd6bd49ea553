"""The service reference variants of DUIS, one row each, read from service_references.csv."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bench.dcc.errors import DuisError


@dataclass(frozen=True, slots=True)
class Service:
    """One service reference variant."""

    variant: str  #: "6.15.1"
    service_reference: str  #: "6.15"
    element: str  #: name of the request body
    critical: bool
    non_device: bool
    future_dated: str  #: "No", "DSP", "Device" or "DSP+Device"
    schedulable: bool
    command_variants: tuple[int, ...]
    roles: tuple[str, ...]  #: eligible user roles: IS ES GS RSA ED GT OU; empty where the source names none


@cache
def services() -> tuple[Service, ...]:
    """All service reference variants, in order."""
    text = (files("bench.dcc") / "service_references.csv").read_text("utf-8")
    return tuple(
        Service(
            row["variant"],
            row["service_reference"],
            row["element"],
            row["critical"] == "yes",
            row["non_device"] == "yes",
            row["future_dated"],
            row["schedulable"] == "yes",
            tuple(map(int, row["command_variants"].split())),
            tuple(row["roles"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _by_variant() -> dict[str, Service]:
    return {service.variant: service for service in services()}


@cache
def _by_element() -> dict[str, Service]:
    return {service.element: service for service in services()}


def service(variant: str) -> Service:
    """The service with this reference variant, "6.15.1". Raises DuisError if there is none."""
    try:
        return _by_variant()[variant]
    except KeyError:
        raise DuisError(f"ServiceReferenceVariant: {variant[:40]!r} does not exist") from None


def service_of(element: str) -> Service:
    """The service whose request body has this element name. Raises DuisError if there is none."""
    try:
        return _by_element()[element]
    except KeyError:
        raise DuisError(f"{element[:60]}: not the body of a service request") from None
