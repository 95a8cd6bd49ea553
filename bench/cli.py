"""The `bench` command. Heavy modules are imported by the commands that need them."""

import io
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
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

pki = typer.Typer(help="Certificates and keys of a test SMKI.", no_args_is_help=True)
app.add_typer(pki, name="pki")
_FIRST_DAY = datetime(2025, 1, 1)

han = typer.Typer(help="Captures of the home area network.", no_args_is_help=True)
app.add_typer(han, name="han")

utrn = typer.Typer(help="Prepayment top-up tokens.", no_args_is_help=True)
app.add_typer(utrn, name="utrn")


@app.command()
def run(
    rig: Annotated[Path, typer.Option(help="rig file")] = Path("rigs/virtual.toml"),
    select: Annotated[str, typer.Option(help="tests to run, as pytest's -k; theme folder names included")] = "",
    defect: Annotated[list[str] | None, typer.Option(help="defect to put into the rig's world, by name")] = None,
    seed: Annotated[int, typer.Option(help="seed of the rig's world")] = 1,
    out: Annotated[Path | None, typer.Option(help="run folder; default runs/RUN_ID")] = None,
    baseline: Annotated[str | None, typer.Option(help="which rules may fail a device: reference or lab")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="workers, each with a rig of its own")] = 1,
) -> None:
    """Run the suites on a rig. Exit code 0 passed, 1 a fail, 3 error or inconclusive, 2 usage, 5 nothing ran."""
    from bench.live import run_suites

    raise typer.Exit(run_suites(rig, select, defect or [], seed, out, baseline, jobs))


@app.command()
def defects(
    json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    rig: Annotated[Path, typer.Option(help="rig file whose world has defects")] = Path("rigs/virtual.toml"),
) -> None:
    """List the defects that can be put into a rig's world: name, device, broken rule, story."""
    from bench.defects_command import run as list_defects

    raise typer.Exit(list_defects(rig, json, sys.stdout))


@app.command()
def sensitivity(
    themes: Annotated[list[str] | None, typer.Option(help="themes to look at, by folder name; default all")] = None,
    defect: Annotated[list[str] | None, typer.Option(help="defects to look at; default all that are shipped")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="runs at a time")] = 2,
    seed: Annotated[int, typer.Option(help="seed of the rig's world")] = 1,
    out: Annotated[Path, typer.Option(help="folder for the results")] = Path("runs/sensitivity"),
    rig: Annotated[Path, typer.Option(help="rig file")] = Path("rigs/virtual.toml"),
    confirm: Annotated[int, typer.Option(min=0, help="defects confirmed with the whole suites")] = 2,
    first: Annotated[bool, typer.Option("--first", help="end each run with the first test that catches")] = False,
) -> None:
    """Run the suites against each defect: what do they catch, miss, or blame wrongly? Exit code 1 if one is missed."""
    from bench.sensitivity import Campaign

    campaign = Campaign(rig, out, seed, jobs, tuple(themes or ()), tuple(defect or ()), confirm, first)
    raise typer.Exit(campaign.run())


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
def sniff(
    rig: Annotated[Path | None, typer.Argument(help="rig file: listen to its sniffers")] = None,
    read: Annotated[Path | None, typer.Option(help="capture file (pcap, pcapng), or - for standard input")] = None,
    write: Annotated[Path | None, typer.Option(help="new pcapng file for the frames shown")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a frame")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="every layer of every frame")] = False,
    keys: Annotated[Path | None, typer.Option(help="key file")] = None,
    key: Annotated[list[str] | None, typer.Option(help="key of any kind in hex, repeatable")] = None,
    filter: Annotated[str, typer.Option(help="what to show, for example: cluster == price")] = "",
    with_keys: Annotated[bool, typer.Option("--with-keys", help="leave keys in what is shown and written")] = False,
    driver: Annotated[str, typer.Option(help="driver of a single sniffer, for example nrf-sniffer")] = "",
    resource: Annotated[str, typer.Option(help="where it is, for example /dev/ttyACM0")] = "",
    channel: Annotated[int | None, typer.Option(help="channel to listen to")] = None,
    seconds: Annotated[float | None, typer.Option(help="listen for so long; default until Ctrl-C")] = None,
) -> None:
    """Show what is on the home area network. Exit code 0, or 1 if a file has damaged frames."""
    from bench.han.sniff_command import Options, read_file

    options = Options(json, verbose, keys, tuple(key or ()), filter, write, with_keys)
    if read is None:
        from bench.sniff import run as listen

        raise typer.Exit(listen(rig, driver, resource, channel, seconds, options))
    if rig is not None or driver:
        raise UsageError("--read reads a file; leave out the rig and --driver")
    raise typer.Exit(read_file(read, options, sys.stdout))


@han.command()
def search(
    expression: Annotated[str, typer.Argument(help="what to look for, for example: cluster == price and esme")],
    paths: Annotated[list[str], typer.Argument(help="captures, or folders of captures")],
    keys: Annotated[Path | None, typer.Option(help="key file")] = None,
    key: Annotated[list[str] | None, typer.Option(help="key of any kind in hex, repeatable")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a frame")] = False,
    count: Annotated[bool, typer.Option("--count", help="only how many frames match")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="keep nothing decoded for the next question")] = False,
) -> None:
    """Find frames in captures. Exit code 0 if something matches, 1 if nothing does, 2 usage."""
    from bench.han.search_command import Wanted
    from bench.han.search_command import run as search_captures
    from bench.han.sniff_command import Options

    options = Options(keys=keys, unsorted_keys=tuple(key or ()))
    wanted = Wanted(json, count, not no_cache)
    raise typer.Exit(search_captures(expression, paths, options, wanted, sys.stdout))


@han.command()
def summary(
    paths: Annotated[list[str], typer.Argument(help="captures")],
    keys: Annotated[Path | None, typer.Option(help="key file")] = None,
    key: Annotated[list[str] | None, typer.Option(help="key of any kind in hex, repeatable")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Sum up captures: networks, devices, joins, links, latencies, anomalies. Exit code 1 if one is damaged."""
    from bench.han.sniff_command import Options
    from bench.han.summary_command import run as sum_up

    raise typer.Exit(sum_up(paths, Options(keys=keys, unsorted_keys=tuple(key or ())), json, sys.stdout))


@app.command()
def transform(
    paths: Annotated[list[str], typer.Argument(help="DUIS service requests, or folders of them")],
    keys: Annotated[Path | None, typer.Option(help="folder of certificates and private keys")] = None,
    counter: Annotated[int | None, typer.Option(help="originator counter of the DCC's own commands")] = None,
    device: Annotated[str | None, typer.Option(help="type of the target: ESME, GSME, CHF, GPF, PPMID, HCALCS")] = None,
    at: Annotated[str | None, typer.Option(help="when the messages are made; default now")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="every message a request may stand for, likeliest first")
    ] = False,
) -> None:
    """Print the GBCS messages the DCC makes of service requests, in hex. Exit code 1 if one cannot be transformed."""
    from bench.dcc.transform_command import run as transform_requests

    raise typer.Exit(transform_requests(paths, keys, counter, device, at, sys.stdout, every))


@utrn.command("build")
def build_token(
    supplier: Annotated[str, typer.Option(help="EUI-64 of the supplier")],
    device: Annotated[str, typer.Option(help="EUI-64 of the meter")],
    counter: Annotated[int, typer.Option(help="UTRN counter, or originator counter with a zero low half")],
    value: Annotated[str, typer.Option(help="amount in pounds, for example 10.00")],
    keys: Annotated[Path, typer.Option(help="folder with the supplier's prepayment key and the meter's certificate")],
    value_class: Annotated[str, typer.Option("--class", help="pounds or pence")] = "pounds",
) -> None:
    """Print the 20 digits of a token."""
    from bench.gbcs.utrn_command import run_build

    raise typer.Exit(run_build(supplier, device, counter, value, value_class, keys, sys.stdout))


@utrn.command("check")
def check_token(
    token: Annotated[str, typer.Argument(help="20 digits")],
    supplier: Annotated[str | None, typer.Option(help="EUI-64 of the supplier")] = None,
    device: Annotated[str | None, typer.Option(help="EUI-64 of the meter")] = None,
    keys: Annotated[Path | None, typer.Option(help="key store folder")] = None,
    highest: Annotated[int, typer.Option(help="highest UTRN counter the meter knows")] = 0,
) -> None:
    """Say what a token holds and whether it is good. Exit code 1 if something is wrong with it."""
    from bench.gbcs.utrn_command import run_check

    raise typer.Exit(run_check(token, supplier, device, keys, highest, sys.stdout))


@pki.command()
def make(
    folder: Annotated[Path, typer.Argument(help="where to write")],
    seed: Annotated[str, typer.Option(help="same seed, same keys")] = "bench",
    device: Annotated[list[str] | None, typer.Option(help="EUI-64 of a device, repeatable")] = None,
    not_before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="first day of validity")] = _FIRST_DAY,
) -> None:
    """Make a complete test SMKI; BENCH_PASSPHRASE in the environment encrypts its private keys."""
    from bench.pki.pki_command import make as make_smki

    _pki(lambda: make_smki(folder, seed, device or [], not_before.replace(tzinfo=UTC), sys.stdout))


@pki.command("import")
def import_store(
    source: Annotated[Path, typer.Argument(help="key store folder, or JSON key store of a DCC Boxed")],
    folder: Annotated[Path, typer.Argument(help="where to write")],
    set_name: Annotated[str | None, typer.Option("--set", help="credential set of a JSON key store: Z1, Z1b")] = None,
) -> None:
    """Import certificates and keys into a key store folder."""
    from bench.pki.pki_command import import_store as import_credentials

    _pki(lambda: import_credentials(source, folder, set_name, sys.stdout))


@pki.command("check")
def check_certificates(
    paths: Annotated[list[Path], typer.Argument(help="certificates (PEM, DER) or folders of them")],
    anchor: Annotated[Path | None, typer.Option(help="root certificate to chain to")] = None,
    at: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="day at which they are to be valid")] = None,
) -> None:
    """Check certificates against the SMKI profiles and chains. Exit code 1 if one is wrong."""
    from bench.pki.pki_command import check as check_chains

    _pki(lambda: check_chains(paths, anchor, at.replace(tzinfo=UTC) if at else None, sys.stdout))


def _pki(action: Callable[[], int]) -> None:
    from bench.pki.errors import PkiError

    try:
        code = action()
    except PkiError as problem:
        raise UsageError(str(problem)) from None
    raise typer.Exit(code)


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
    """Check that the evidence of a run is as the run left it. Exit code 1 if it is not."""
    from bench.verification import Touched, verify_run

    try:
        typer.echo(verify_run(folder))
    except Touched as problem:
        sys.stderr.write(f"bench: {problem}\n")
        raise typer.Exit(1) from None


def main() -> None:
    """Run the command line; trouble is one line on stderr and a defined exit code."""
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:
            setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the life of the process
        elif isinstance(shown := getattr(sys, stream), io.TextIOWrapper):
            shown.reconfigure(errors="replace")
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as problem:
        _end(f"{problem.filename or 'output'}: {problem.strerror}", 3)
    except Exception as problem:
        if os.environ.get("BENCH_DEBUG"):
            raise
        _end(f"the bench itself broke ({type(problem).__name__}: {problem}); BENCH_DEBUG=1 shows where", 3)


def _end(problem: object, code: int) -> None:
    sys.stderr.write(f"bench: {problem}\n")
    sys.exit(code)
