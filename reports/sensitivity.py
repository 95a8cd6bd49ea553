"""The matrix of a sensitivity run: defects down, what the suites made of each across."""

from typing import Any

from jinja2 import Environment

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>What would the suites miss?</title>
<style>body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1b1f24}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #d8dee4;padding:.35rem .6rem;text-align:left;vertical-align:top}
.caught{color:#2e7d32}.missed,.no{color:#c62828;font-weight:600}.blamed,.error{color:#b26a00;font-weight:600}
code{font-size:12px}</style>
<h1>What would the suites miss?</h1>
<p>{% for name, count in counts.items() %}<b>{{ count }}</b> {{ name }}{{ ", " if not loop.last }}{% endfor %};
seed {{ seed }}.</p>
<table><tr><th>defect<th>device<th>rule<th>result<th>caught by<th>other tests that failed<th>story
{% for one in outcomes %}<tr><td><code>{{ one.defect.name }}</code><td>{{ one.defect.device }}
<td>{{ one.defect.breaks }}<td class="{{ one.result.split()[0] }}">{{ one.result }}<td>{{ one.caught_by|join(", ") }}
<td>{{ one.others|join(", ") }}
<td>{{ one.defect.story }}{% if one.trouble %}<br><i>{{ one.trouble }}</i>{% endif %}{% endfor %}</table>
{% if confirmed %}<h2>Confirmed with the whole suites</h2><ul>{% for one in confirmed %}
<li><code>{{ one.defect.name }}</code>: {{ one.result }} by {{ one.caught_by|join(", ") }}{% endfor %}</ul>{% endif %}
</html>"""


def page(shown: dict[str, Any]) -> str:
    """Return the HTML page of `sensitivity.json`."""
    counts: dict[str, int] = {}
    for one in shown["outcomes"]:
        counts[one["result"]] = counts.get(one["result"], 0) + 1
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(counts=counts, **shown) + "\n"
