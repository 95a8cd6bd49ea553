"""The `bench` command. Heavy modules are imported by the commands that need them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError, UsageError

app = typer.Typer(
    name="bench",
    help="Interoperability test bench for GB smart metering (SMETS2).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    rig: Annotated[Path, typer.Option(help="rig file")] = Path("rigs/virtual.toml"),
    select: Annotated[str, typer.Option(help="tests to run, as pytest's -k; theme folder names included")] = "",
    defect: Annotated[list[str] | None, typer.Option(help="defect to put into the rig's world, by name")] = None,
    seed: Annotated[int, typer.Option(help="seed of the rig's world")] = 1,
    out: Annotated[Path | None, typer.Option(help="run folder; default runs/RUN_ID")] = None,
) -> None:
    """Run the suites on a rig. Exit code 0 passed, 1 a fail, 3 error or inconclusive, 2 usage, 5 nothing ran."""
    from bench.live import run_suites

    raise typer.Exit(run_suites(rig, select, defect or [], seed, out))


@app.command()
def decode(
    paths: Annotated[list[str], typer.Argument(help="files or folders of messages (hex, base64, binary), or -")],
    keys: Annotated[Path | None, typer.Option(help="folder of certificates and private keys")] = None,
    acb: Annotated[str | None, typer.Option(help="EUI-64 of the Access Control Broker")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Decode GBCS messages. Exit code 0 if all decode and nothing is invalid, else 1."""
    from bench.gbcs.decode_command import run as decode_messages

    raise typer.Exit(decode_messages(paths, keys, acb, json, sys.stdout))


@app.command()
def check(rigs: Annotated[list[Path], typer.Argument(help="rig files")]) -> None:
    """Check rig files against the schema and the installed drivers. Exit code 2 if one is wrong."""
    from bench.rigfile import load_rig_file

    for path in rigs:
        file = load_rig_file(path)
        typer.echo(
            f"{path}: rig {file.name} is well formed: {len(file.instruments)} instruments, "
            f"roles {', '.join(file.roles)}"
        )


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="run folder")]) -> None:
    """Build the reports of a run again from its evidence."""
    from reports.build import build_reports

    for kind, path in build_reports(folder).items():
        typer.echo(f"{kind:<8} {path}")


@app.command()
def verify(folder: Annotated[Path, typer.Argument(help="run folder")]) -> None:
    """Check the hash chain of a run's evidence. Exit code 1 if it is broken."""
    from bench.recorder import verify_run

    typer.echo(verify_run(folder))


def main() -> None:
    """Run the command line; trouble is one line on stderr and a defined exit code."""
    try:
        app(standalone_mode=True)
    except UsageError as problem:
        _end(problem, 2)
    except BenchError as problem:
        _end(problem, 3)
    except KeyboardInterrupt:
        sys.stderr.write("bench: interrupted; the rig is in its safe state\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _end(problem: Exception, code: int) -> None:
    sys.stderr.write(f"bench: {problem}\n")
    sys.exit(code)
