"""Writes docs/requirements.md, requirement -> test cases: python -m tests.rules

`python -m tests.rules.requirements LIST.csv` prints what of a list of requirements is named: a file with the columns
id and area, which is not part of the project.
"""

import csv
import re
import sys
from collections import Counter
from pathlib import Path

from tests.rules.links import cases
from tests.rules.table import cells, head

PATH = Path(__file__).parents[2] / "docs" / "requirements.md"
AREAS = {
    "IN": "Change of supplier and consumer data",
    "IM": "Installation and maintenance",
    "OP": "Operation",
    "DS": "Data and display",
    "PC": "Payment, debt and tariff",
    "ES": "Electricity metering and supply",
    "GS": "Gas metering and supply",
    "DI": "Diagnostics and logs",
    "HA": "Home area network",
    "WA": "WAN",
    "IH": "In-home display",
    "SP": "Security",
    "APPD": "Events by number",
    "ARCH": "Architecture",
    "BEM": "Electricity meter variants",
    "BGM": "Gas meter",
    "GEN": "General",
    "ELS": "Others: ELS",
    "SDAG": "Others: SDAG",
    "SFA": "Others: SFA",
    "CSC": "Others: CSC",
    "DP": "Others: DP",
}
HEAD = """# Requirements and the test cases that verify them

Made by `python -m tests.rules`; a test fails when it is stale. Do not edit.

The ids are those of the list of requirements that the laboratory keeps; its text is not part of this project. A test
case names a requirement (`requirements=[...]`) if its stimulus and its expectation are those by which the requirement
would be disputed; for many a requirement it takes all the test cases of its row. What a run says of a requirement is in
its reports: every test is listed there with the requirements it names.

What of the list no test case names: `python -m tests.rules.requirements LIST.csv` (columns `id` and `area`).
"""


def named() -> dict[str, list[str]]:
    """Return the ids of the test cases that name each requirement, both in order."""
    found: dict[str, list[str]] = {}
    for test, (case, _) in sorted(cases().items()):
        for requirement in case.requirements:
            found.setdefault(requirement, []).append(test)
    return dict(sorted(found.items(), key=lambda one: _natural(one[0])))


def area_of(requirement: str) -> str:
    """Return the letters that an id begins with."""
    return re.match("[A-Z]*", requirement)[0]  # type: ignore[index]  # matches any text


def page() -> str:
    """Return the text of docs/requirements.md."""
    found = named()
    areas = [area for area in AREAS if any(area_of(one) == area for one in found)]
    lines = [HEAD, head("area", "requirements", "test cases")]
    for area in areas:
        own = [one for one in found if area_of(one) == area]
        tests = {test for one in own for test in found[one]}
        anchor = AREAS[area].lower().replace(",", "").replace(":", "").replace(" ", "-")
        lines.append(cells(f"[{AREAS[area]}](#{anchor})", str(len(own)), str(len(tests))))
    lines.append(cells("all", str(len(found)), str(len({test for tests in found.values() for test in tests}))))
    for area in areas:
        lines += ["", f"## {AREAS[area]}", "", head("requirement", "test cases")]
        lines += [cells(f"**{one}**", ", ".join(tests)) for one, tests in found.items() if area_of(one) == area]
    return "\n".join(lines) + "\n"


def unnamed(path: Path) -> tuple[dict[str, list[str]], Counter[str]]:
    """Return of a list of requirements, by area, those that no test case names, and how many there are of all."""
    found = named()
    missing: dict[str, list[str]] = {}
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        if row["id"] not in found:
            missing.setdefault(row["area"], []).append(row["id"])
    return missing, Counter(row["area"] for row in rows)


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a key that puts PC.02 before PC.10 and SDAG8 before SDAG10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def main() -> None:
    """Write the page."""
    PATH.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    missing, areas = unnamed(Path(sys.argv[1]))
    for area, count in areas.items():
        own = missing.get(area, [])
        print(f"{area}: {count - len(own)} of {count} named; not named: {' '.join(own) or 'none'}")
    print(f"all: {areas.total() - sum(map(len, missing.values()))} of {areas.total()} named")
