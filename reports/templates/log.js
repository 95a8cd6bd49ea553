"use strict";
// The timeline of a test as a table: filtered, and rendered in portions so that a long log stays light.

const ROWS = 300;
const [NUMBER, TIME, POINT, KIND, TEXT, DATA, RAW] = [0, 1, 2, 3, 4, 5, 6];

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function hexDump(hex) {
  const lines = [];
  for (let at = 0; at < hex.length; at += 32) {
    const octets = hex.slice(at, at + 32).match(/../g).join(" ");
    lines.push((at / 2).toString(16).padStart(4, "0") + "  " + octets);
  }
  return lines.join("\n");
}

function isBad(row) {
  const data = row[DATA];
  return (row[POINT] === "bench" && row[KIND] === "check" && data.holds === false) || (row[POINT] === "han" && Boolean(data.error));
}

class Log {
  constructor(section, evidence) {
    this.section = section;
    this.rows = evidence.rows;
    this.body = section.querySelector("tbody");
    this.count = section.querySelector("output");
    this.text = section.querySelector(".log-text");
    this.windowed = section.querySelector(".log-window");
    this.points = new Set();
    this.zoomed = null;
    this.makeChips(section.querySelector(".chips"));
    this.text.addEventListener("input", () => this.filter());
    this.windowed.addEventListener("change", () => this.filter());
    section.querySelector(".more-rows").addEventListener("click", () => this.render(this.shown + ROWS));
    const left = [];
    if (evidence.steady) left.push(`${evidence.steady} of ${evidence.samples} mains readings, equal to those before and after them`);
    if (evidence.routine) left.push(`${evidence.routine} link statuses and acknowledgements`);
    if (left.length) section.querySelector(".steady").textContent = `Not listed: ${left.join("; ")}. The evidence files hold every one.`;
    this.filter();
  }

  makeChips(place) {
    for (const point of new Set(this.rows.map((row) => row[POINT]))) {
      const chip = element("button", point, "chip");
      chip.type = "button";
      chip.setAttribute("aria-pressed", "false");
      chip.addEventListener("click", () => {
        const on = !this.points.delete(point);
        if (on) this.points.add(point);
        chip.setAttribute("aria-pressed", String(on));
        this.filter();
      });
      place.append(chip);
    }
  }

  zoom(from, to) {
    this.zoomed = from ? [from, to] : null;
    if (this.windowed.checked) this.filter();
  }

  searched(row) {
    row.searched ??= [row[NUMBER], row[TIME], row[POINT], row[KIND], row[TEXT], JSON.stringify(row[DATA]), row[RAW]].join("\n").toLowerCase();
    return row.searched;
  }

  filter() {
    const words = this.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const span = this.windowed.checked ? this.zoomed : null;
    this.matching = this.rows.filter(
      (row) =>
        (!this.points.size || this.points.has(row[POINT])) &&
        (!span || (row[TIME] >= span[0] && row[TIME] <= span[1])) &&
        words.every((word) => this.searched(row).includes(word)),
    );
    this.body.replaceChildren();
    this.shown = 0;
    this.render(ROWS);
  }

  render(upTo) {
    const end = Math.min(upTo, this.matching.length);
    const fragment = document.createDocumentFragment();
    for (let index = this.shown; index < end; index++) fragment.append(this.rowElement(this.matching[index]));
    this.body.append(fragment);
    this.shown = end;
    this.count.textContent = `${end} of ${this.matching.length} entries shown`;
    this.section.querySelector(".rest").hidden = end >= this.matching.length;
  }

  rowElement(row) {
    const line = element("tr", undefined, row[KIND] === "stimulus" || row[KIND] === "request" ? "stimulus" : "");
    if (isBad(row)) line.classList.add("bad");
    line.dataset.number = row[NUMBER];
    line.append(
      element("td", row[NUMBER], "num"),
      element("td", row[TIME].replace("T", " ").slice(0, 23)),
      element("td", row[POINT]),
      element("td", row[KIND]),
    );
    const cell = element("td");
    const data = Object.keys(row[DATA]).length ? JSON.stringify(row[DATA], null, 1) : "";
    if (data || row[RAW]) {
      const details = element("details");
      details.append(element("summary", row[TEXT]));
      details.addEventListener("toggle", () => {
        if (details.childElementCount > 1) return;
        details.append(element("pre", [row[TIME] + "Z", data, hexDump(row[RAW])].filter(Boolean).join("\n\n")));
      });
      cell.append(details);
    } else {
      cell.textContent = row[TEXT];
    }
    line.append(cell);
    return line;
  }

  // Show the entry with this timeline number, whatever is filtered.
  reveal(number) {
    const find = () => this.matching.findIndex((row) => row[NUMBER] === number);
    if (find() < 0) {
      this.text.value = "";
      this.windowed.checked = false;
      this.points.clear();
      for (const chip of this.section.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", "false");
      this.filter();
    }
    const index = find();
    if (index < 0) return;
    if (index >= this.shown) this.render(index + ROWS);
    for (const old of this.body.querySelectorAll(".found")) old.classList.remove("found");
    const line = this.body.children[index];
    line.classList.add("found");
    const details = line.querySelector("details");
    if (details) details.open = true;
    line.scrollIntoView({ block: "center" });
  }
}
