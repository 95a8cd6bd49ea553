"use strict";
// Which page the URL names, and the filters of the table of tests. A test's axis and log are made when first shown.

const made = new Map();

function show() {
  const wanted = decodeHash();
  const [, anchor, number] = wanted.match(/^(.*?)(?:\/(\d+))?$/s);
  let page = document.getElementById(anchor ? "unknown" : "overview");
  for (const one of document.querySelectorAll("main.page")) if (one.dataset.anchor === anchor) page = one;
  for (const one of document.querySelectorAll("main")) one.hidden = one !== page;
  document.title = (anchor ? anchor + " · " : "") + document.title.split(" · ").slice(-2).join(" · ");
  if (!page.classList.contains("page")) return;
  scrollTo(0, 0);
  if (!made.has(page)) made.set(page, makePage(page));
  if (number) made.get(page).then((log) => log?.reveal(Number(number)));
}

function decodeHash() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

async function makePage(page) {
  const source = page.querySelector('script[type="application/gzip"]');
  if (!source) return null;
  const evidence = JSON.parse(await unpacked(source.textContent));
  const log = new Log(page.querySelector(".log"), evidence);
  drawAxis(page.querySelector(".plot"), evidence, log);
  drawCurves(page.querySelector(".curves"), evidence.curves, log);
  return log;
}

// The text that was packed by gzip and written in base64.
function unpacked(text) {
  const octets = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  return new Response(new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function filterTests() {
  const text = document.getElementById("test-text");
  const chips = [...document.querySelectorAll("#tests .chip")];
  const rows = [...document.querySelectorAll("table.tests tbody tr")];
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.verdict);
    for (const row of rows) {
      const named = row.textContent.toLowerCase();
      row.hidden = (verdicts.length > 0 && !verdicts.includes(row.dataset.verdict)) || !words.every((word) => named.includes(word));
    }
    document.getElementById("test-count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} tests`;
  };
  text.addEventListener("input", apply);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  apply();
}

addEventListener("hashchange", show);
filterTests();
show();
