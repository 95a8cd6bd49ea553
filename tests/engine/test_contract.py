"""The import contract names every module of the engine."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_engine_module_is_in_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    engine = {f"bench.{path.stem}" for path in (ROOT / "bench").glob("*.py") if path.stem != "__init__"}
    contracts = {one["name"]: set(one["forbidden_modules"]) for one in settings["tool"]["importlinter"]["contracts"]}
    for name in ("The virtual rig stands on the protocol floor alone", "The protocol floor knows no engine"):
        assert engine <= contracts[name]
