"""Writes docs/rules.md, rule -> code -> test cases -> defects: python -m tests.rules"""

from collections.abc import Iterable
from pathlib import Path

from bench.rules import STRENGTHS, Rule, catalogue
from tests.rules.links import Links, links

PATH = Path(__file__).parents[2] / "docs" / "rules.md"
FAMILIES = {
    "R-CMD": "Commands: form and protection",
    "R-SEC": "Commands: the checks before execution",
    "R-CTR": "Counters and replay",
    "R-USE": "Who may send which use case",
    "R-FUT": "Future-dated commands",
    "R-GBT": "Long messages",
    "R-RSP": "Responses",
    "R-ENC": "Encryption of sensitive data",
    "R-ALT": "Alerts",
    "R-CRD": "Credentials and change of supplier",
    "R-HAN": "Home area network: joining and device logs",
    "R-TIM": "Time",
    "R-PWR": "Loss of supply",
    "R-SUP": "Load switch and tampering",
    "R-LLM": "Load limit",
    "R-AUX": "Auxiliary controllers",
    "R-PPM": "Payment mode",
    "R-UTR": "Top-up tokens",
    "R-CRE": "Where credit goes",
    "R-DBT": "Debt",
    "R-EMC": "Emergency credit",
    "R-DIS": "Disablement",
    "R-TAR": "Tariff",
    "R-BIL": "Billing",
    "R-LOG": "Consumption logs",
    "R-DEM": "Maximum demand",
    "R-VLT": "Voltage",
    "R-IDN": "Identity",
    "R-GSM": "Sleepy gas meter",
    "R-TOM": "Messages the gas proxy taps",
    "R-GPF": "Gas proxy",
    "R-GAS": "Gas meter",
    "R-PRV": "Privacy and change of tenancy",
    "R-EVT": "Events and logs",
    "R-FWU": "Firmware",
    "R-HUB": "Communications hub",
    "R-SUB": "Sub-GHz",
    "R-AIR": "The air itself",
}
HEAD = """# Rules, code, test cases, defects

Made by `python -m tests.rules`; a test fails when it is stale. Do not edit.

The rules are in `bench/rules.csv`. *Known by* is the strength of evidence that goes with every verdict; what it means
for a device is in `bench/baselines.toml`. *Code* is the method of a virtual device marked `@rule`: each may be
replaced by a defect (see [defects](defects.md)). A test case is named where it states a rule or checks it by name.
"""
MANY = 8  #: names shown of a cell


def page() -> str:
    """Return the text of docs/rules.md."""
    cited = links()
    rules = catalogue()
    lines = [HEAD, *_counts(rules.values(), cited)]
    for family in dict.fromkeys(rule.id.rpartition("-")[0] for rule in rules.values()):
        own = [rule for rule in rules.values() if rule.id.rpartition("-")[0] == family]
        lines += [
            "",
            f"## {FAMILIES.get(family, family)} ({family})",
            "",
            head("rule", "known by", "devices", *_CITED),
        ]
        lines += [_row(rule, cited.get(rule.id, Links())) for rule in own]
    return "\n".join(lines) + "\n"


_CITED = ("code", "test cases", "defects")


def _counts(rules: Iterable[Rule], cited: dict[str, Links]) -> list[str]:
    lines = [head("family", "rules", "in code", "tested", "with a defect", "in code, untested")]
    families: dict[str, list[Links]] = {}
    strengths = dict.fromkeys(STRENGTHS, 0)
    for rule in rules:
        families.setdefault(rule.id.rpartition("-")[0], []).append(cited.get(rule.id, Links()))
        strengths[rule.strength] += 1
    everything = [one for own in families.values() for one in own]
    for name, own in [
        *((f"[{FAMILIES.get(key, key)}](#{_anchor(key)})", own) for key, own in families.items()),
        ("all", everything),
    ]:
        untested = sum(bool(one.code) and not one.tests for one in own)
        counts = (len(own), *(sum(bool(getattr(one, what)) for one in own) for what in ("code", "tests", "defects")))
        lines.append(cells(name, *(str(count) if count else "·" for count in (*counts, untested))))
    known = ", ".join(f"{count} {strength}" for strength, count in strengths.items() if count)
    return [f"{len(everything)} rules: {known}.", "", *lines]


def _anchor(family: str) -> str:
    title = f"{FAMILIES.get(family, family)} ({family})".lower()
    return "".join(one for one in title.replace(" ", "-") if one.isalnum() or one in "-_")


def _row(rule: Rule, cited: Links) -> str:
    code = [f"[`{one.text}`](../{one.file})" for one in cited.code]
    defects = [f"`{name}`" for name in cited.defects]
    return cells(
        f"**{rule.id}** {rule.statement} ({rule.source})",
        rule.strength,
        " ".join(rule.devices),
        _listed(code, len(code)),
        _listed(cited.tests, MANY),
        _listed(defects, len(defects)),
    )


def _listed(names: list[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "·") + more


def head(*names: str) -> str:
    """Return the first two lines of a table."""
    return cells(*names) + "\n" + cells(*("---" for _ in names))


def cells(*texts: str) -> str:
    """Return a line of a table."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def main() -> None:
    """Write the page."""
    PATH.write_text(page(), encoding="utf-8")
