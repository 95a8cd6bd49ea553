"""Coverage-guided fuzzing of every parser of bench.dcc, run by hand: ``python -m tests.fuzz.fuzz_duis [corpus]``.

Needs atheris, which is no dependency of the project. The first octet of an input chooses the parser and whether the
rest is a document or edits of a sample.
"""

import sys


def main() -> int:
    """Fuzz until something is found; 2 if atheris is not there."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write("atheris is not installed: pip install atheris\n")
        return 2
    with atheris.instrument_imports(include=["bench.dcc"]):
        from tests.dcc.test_fuzz import SEEDS
        from tests.fuzz.duis_targets import TARGETS, edited, samples, survives
    targets = list(TARGETS.values())
    seeds = (*SEEDS, *samples())

    def one(data: bytes) -> None:
        if data:
            target = targets[data[0] % len(targets)]
            survives(target, edited(seeds, data[1:]) if data[0] & 0x80 else data[1:])

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
