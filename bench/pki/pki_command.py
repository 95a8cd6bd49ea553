"""What `bench pki` does: make a test SMKI, import key stores, check certificates. Private keys are never shown."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from cryptography import x509

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.pki.boxed import Credential, choose, read_boxed
from bench.pki.errors import PkiError
from bench.pki.files import write_certificate, write_private_key
from bench.pki.path import check_path
from bench.pki.profile import Profile, describe, load_certificate, load_certificates
from bench.pki.smki import TestSmki

PASSPHRASE = "BENCH_PASSPHRASE"  #: environment variable; a passphrase never stands on a command line
CERTIFICATES = (".pem", ".crt", ".cer", ".der")
T = TypeVar("T")


def make(folder: Path, seed: str, devices: Sequence[str], not_before: datetime, out: TextIO) -> int:
    """Write a complete test SMKI: authorities, the standing parties, the devices named. Raises PkiError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PkiError(f"{folder}: is not empty; keys are never overwritten, give a new folder")
    smki = TestSmki.generate(seed, not_before)
    for device in devices:
        smki.device(_eui(device))
    written = _writing(folder, lambda: smki.write(folder, passphrase=passphrase()))
    keys = sum(path.suffix == ".key" for path in written)
    protection = "encrypted" if passphrase() else "plain; set BENCH_PASSPHRASE to encrypt them"
    out.write(f"{folder}: {len(written) - keys} certificates, {keys} private keys ({protection}); test keys only\n")
    return 0


def import_store(source: Path, folder: Path, set_name: str | None, out: TextIO) -> int:
    """Write the credentials of a key store folder, or of a DCC Boxed JSON key store; 1 if some could not be read."""
    credentials, problems = (_read_folder(source), []) if source.is_dir() else _read_json(source, set_name)
    if not credentials:
        raise PkiError(f"{source}: holds no certificate; give a key store folder or a JSON key store")
    keys = 0

    def write() -> None:
        nonlocal keys
        folder.mkdir(parents=True, exist_ok=True)
        for one in credentials:
            stem = folder / f"{bytes(one.eui).hex()}-{one.usage}"
            write_certificate(stem.with_suffix(".pem"), one.certificate)
            if one.private_key is not None:
                write_private_key(stem.with_suffix(".key"), one.private_key, passphrase())
                keys += 1

    _writing(folder, write)
    out.write(f"{folder}: {len(credentials)} certificates, {keys} private keys\n")
    for problem in problems:
        out.write(f"left out: {problem}\n")
    return 1 if problems else 0


def check(paths: Sequence[Path], anchor: Path | None, at: datetime | None, out: TextIO) -> int:
    """Say of each certificate what it is, and whether it chains to an authority at hand; 1 if one is wrong."""
    found = [(path, certificate) for path in _files(paths) for certificate in _certificates(path)]
    if not found:
        raise PkiError("no certificate found; give PEM or DER files, or folders of them")
    roots = [certificate for _, certificate in found if certificate.issuer == certificate.subject]
    if anchor is not None:
        roots = _certificates(anchor)
    pool = [certificate for _, certificate in found]
    wrong = 0
    for path, certificate in found:
        try:
            profile = describe(certificate)
            chained = _chain(certificate, pool, roots, at)
        except PkiError as problem:
            wrong += 1
            out.write(f"{path}: WRONG: {problem}\n")
            continue
        out.write(f"{path}: {_words(profile)}; {chained}\n")
    return 1 if wrong else 0


def passphrase() -> bytes | None:
    """Return the passphrase private keys are encrypted with, None for none."""
    return os.environ.get(PASSPHRASE, "").encode() or None


def _read_folder(source: Path) -> list[Credential]:
    try:
        store = Keystore.load(source)
    except (GbcsError, OSError) as problem:
        raise PkiError(f"{source}: {problem}") from None
    return [
        Credential(eui, usage, "", certificate, store.private_key(eui, usage))
        for eui, usage in store.parties()
        if (certificate := store.certificate(eui, usage)) is not None
    ]


def _read_json(source: Path, set_name: str | None) -> tuple[list[Credential], list[str]]:
    try:
        data = source.read_bytes()
    except OSError as problem:
        raise PkiError(f"{source}: {problem.strerror}; give a key store folder or a JSON key store") from None
    credentials, problems = read_boxed(data)
    return choose(credentials, set_name), problems


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(each for each in path.rglob("*") if each.suffix in CERTIFICATES)
        elif path.exists():
            files.append(path)
        else:
            raise PkiError(f"{path}: does not exist")
    return files


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        data = path.read_bytes()
        return load_certificates(data) if b"-----BEGIN" in data else [load_certificate(data)]
    except (PkiError, OSError) as problem:
        raise PkiError(f"{path}: {problem}") from None


def _chain(
    certificate: x509.Certificate, pool: list[x509.Certificate], roots: list[x509.Certificate], at: datetime | None
) -> str:
    if certificate in roots:
        return "is a trust anchor here"
    if not roots:
        return "no root at hand, chain not checked"
    problems = []
    for root in roots:
        try:
            check_path(certificate, pool, root, at)
        except PkiError as problem:
            problems.append(problem)
        else:
            return "chains to " + root.subject.rfc4514_string()
    raise problems[0]


def _words(profile: Profile) -> str:
    role = f" {profile.role.name}" if profile.role is not None else ""
    who = f" {profile.eui}" if profile.eui is not None else ""
    valid = f"{profile.not_before:%Y-%m-%d} to {profile.not_after:%Y-%m-%d}"
    return f"{profile.kind}{role}{who} {profile.key_usage.name.lower()}, key {profile.ski.hex()}, valid {valid}"


def _eui(text: str) -> Eui64:
    try:
        return Eui64.of(text)
    except ValueError:
        raise PkiError(f"{text!r} is no EUI-64; write eight hex pairs, for example 00-DB-12-34-56-78-90-A0") from None


def _writing(folder: Path, write: Callable[[], T]) -> T:
    try:
        return write()
    except OSError as problem:
        raise PkiError(f"cannot write to {folder}: {problem.strerror}") from None
