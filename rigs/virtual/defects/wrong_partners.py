"""Defects of the hub in key establishment: it takes partners that it should not."""

from rigs.virtual.defects import defect
from rigs.virtual.trust_centre import TrustCentre


@defect(
    "hub-agrees-by-any-suite",
    device="TrustCentre",
    breaks="R-HAN-031",
    story="Which suites a partner offers is not read: the hub answers everybody with suite 2.",
)
def agrees_by_any_suite(centre: TrustCentre) -> None:
    """Any suite will do."""
    centre.keys.accepts = lambda suites: True  # type: ignore[method-assign]


@defect(
    "hub-takes-any-certificate",
    device="TrustCentre",
    breaks="R-HAN-031",
    story="A certificate is taken whosever it is and whoever has issued it: only its length is looked at.",
)
def takes_any_certificate(centre: TrustCentre) -> None:
    """No certificate is wrong."""
    centre.keys.judge = lambda certificate, sender: None  # type: ignore[method-assign]


@defect(
    "hub-takes-certificate-of-another",
    device="TrustCentre",
    breaks="R-HAN-031",
    story="The name in the certificate is not compared with who sends it: any device of the maker may be another.",
)
def takes_certificate_of_another(centre: TrustCentre) -> None:
    """The subject is not looked at."""
    judge = centre.keys.judge
    centre.keys.judge = lambda certificate, sender: judge(certificate, certificate[28:36])  # type: ignore[method-assign]


@defect(
    "hub-takes-any-confirmation",
    device="TrustCentre",
    breaks="R-HAN-030",
    story="The confirmation of the key is compared over the shorter of two lengths, one of which is zero.",
)
def takes_any_confirmation(centre: TrustCentre) -> None:
    """Everything confirms."""
    centre.keys.confirms = lambda expected, confirmation: True  # type: ignore[method-assign]
