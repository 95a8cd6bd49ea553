"""Coverage-guided fuzzing of parsers, run by hand: ``python -m tests.fuzz gbcs|han|duis [options] [corpus]``.

Needs atheris, which is no dependency of the project. The first octet of an input chooses the parser; of DUIS also
whether the rest is a document or edits of a sample.
"""

import sys
from collections.abc import Callable

Fuzz = Callable[[bytes], None]


def _gbcs() -> Fuzz:
    from tests.fuzz.gbcs_targets import TARGETS, survives

    targets = list(TARGETS.values())
    return lambda data: survives(targets[data[0] % len(targets)], data[1:])


def _han() -> Fuzz:
    from tests.fuzz.han_targets import TARGETS, survives

    targets = list(TARGETS.values())
    return lambda data: survives(targets[data[0] % len(targets)], data[1:])


def _duis() -> Fuzz:
    from tests.dcc.test_fuzz import SEEDS
    from tests.fuzz.duis_targets import TARGETS, edited, samples, survives

    targets, seeds = list(TARGETS.values()), (*SEEDS, *samples())
    return lambda data: survives(
        targets[data[0] % len(targets)], edited(seeds, data[1:]) if data[0] & 0x80 else data[1:]
    )


PARSERS = {"gbcs": ("bench.gbcs", _gbcs), "han": ("bench.han", _han), "duis": ("bench.dcc", _duis)}


def main() -> int:
    """Fuzz until something is found; 2 for wrong usage or if atheris is not there."""
    if len(sys.argv) < 2 or sys.argv[1] not in PARSERS:
        sys.stderr.write(f"name what to fuzz: {', '.join(PARSERS)}\n")
        return 2
    try:
        import atheris
    except ImportError:
        sys.stderr.write("atheris is not installed: pip install atheris\n")
        return 2
    package, prepare = PARSERS[sys.argv.pop(1)]
    with atheris.instrument_imports(include=[package]):
        fuzz = prepare()
    atheris.Setup(sys.argv, lambda data: fuzz(data) if data else None)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
