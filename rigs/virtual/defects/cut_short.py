"""Defects of what a loss of supply falls into: half of it is done."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme

FLASH = timedelta(milliseconds=400)  #: to write a cell


@defect(
    "esme-writes-credentials-one-by-one",
    device="Esme",
    breaks="R-PWR-012",
    story="The cells of credentials are written to flash one after the other, in the background; a loss of supply "
    "stops that, and the meter has two suppliers.",
)
def writes_credentials_one_by_one(esme: Esme) -> None:
    """Each further cell of a command is replaced a moment later, if there is supply then."""
    credentials, replace_cell = esme.credentials, esme.credentials.replace_cell

    def written_later(request, replacement):
        delay = FLASH * list(request.replacements).index(replacement)
        old = esme.anchors.cells.get(replacement.cell)
        result = replace_cell(request, replacement)
        new = esme.anchors.cells.get(replacement.cell)
        if delay and old is not None and new is not old:
            esme.anchors.cells[replacement.cell] = old

            def write() -> None:
                if esme.powered():
                    esme.anchors.cells[replacement.cell] = new

            esme.world.after(delay, write)
        return result

    credentials.replace_cell = written_later  # type: ignore[method-assign]
