"""Coverage-guided fuzzing of every parser of bench.han, run by hand: ``python -m tests.fuzz.fuzz_han [corpus]``.

Needs atheris, which is no dependency of the project. The first octet of an input chooses the parser.
"""

import sys


def main() -> int:
    """Fuzz until something is found; 2 if atheris is not there."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write("atheris is not installed: pip install atheris\n")
        return 2
    with atheris.instrument_imports(include=["bench.han"]):
        from tests.fuzz.han_targets import TARGETS, survives
    targets = list(TARGETS.values())

    def one(data: bytes) -> None:
        if data:
            survives(targets[data[0] % len(targets)], data[1:])

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
