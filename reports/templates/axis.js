"use strict";
// One time axis over the lanes of a test.

const LINE_LANE = 110;
const ROW = 22;
const GAP = 32;
const TOP = 34;
const LEGEND_ROW = 19;
const LEGEND_COLUMNS = 6;
const BOTTOM = 60;
const DOTTED = 400;

function plotText(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function hover(row) {
  const text = row[TEXT].length > 420 ? row[TEXT].slice(0, 420) + " …" : row[TEXT];
  const lines = text.split("\n").flatMap((line) => line.match(/.{1,90}(\s|$)|.{1,90}/gu) ?? [""]);
  const time = row[TIME].replace("T", " ").slice(0, 23);
  return [`${time}  ${row[POINT]} ${row[KIND]} ${row[NUMBER]}`, ...lines.slice(0, 8)].map(plotText).join("<br>");
}

// A little room on both sides, so that the first and last marker are whole.
function spanOf(range) {
  const [from, to] = range.map((text) => Date.parse(text.slice(0, 23) + "Z"));
  const room = Math.max((to - from) * 0.015, 50);
  return [from - room, to + room].map((instant) => new Date(instant).toISOString().slice(0, 23));
}

function laneHeight(lane) {
  return lane.lines.length ? LINE_LANE : ROW * lane.rows.length + 8;
}

function valueRange(lane) {
  const values = lane.lines.flatMap((line) => line.y).filter((value) => value !== null);
  if (lane.unit === "dBm") return [Math.min(...values) - 5, Math.max(...values) + 5]; // zero means nothing here
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
  return [low - (high - low) * 0.06, high + (high - low) * 0.12];
}

// The name of a row says what its markers are, unless they differ in look.
function needsLegend(lane, series) {
  const mixed = (row) => lane.series.some((other) => other !== series && other.y.includes(row));
  return lane.keyed || [...new Set(series.y)].some(mixed);
}

function traces(lane, yaxis, rows) {
  const lines = lane.lines.map((line) => ({
    type: "scatter", mode: line.steps || line.x.length > DOTTED ? "lines" : "lines+markers", name: line.name, x: line.x, y: line.y, yaxis,
    line: { color: line.colour, width: 1.6, dash: line.dash, shape: line.steps ? "hv" : "linear" },
    marker: { size: 3, color: line.colour }, connectgaps: false,
    showlegend: lane.lines.length > 1,
    hovertemplate: `%{x|%H:%M:%S.%L}<br>%{y:.2f} ${lane.unit}<extra></extra>`,
  }));
  const events = lane.series.map((series) => ({
    type: "scatter", mode: "markers", name: plotText(series.name), yaxis, showlegend: needsLegend(lane, series),
    x: series.at.map((index) => rows[index][TIME]), y: series.y,
    hovertext: series.at.map((index) => hover(rows[index])), hoverinfo: "text",
    customdata: series.at.map((index) => rows[index][NUMBER]),
    marker: { symbol: series.symbol, color: series.colour, size: 10, line: { width: 1.8, color: series.colour } },
  }));
  return [...lines, ...events];
}

function drawAxis(place, evidence, log) {
  const lanes = evidence.lanes;
  if (!lanes.length) return;
  const data = [];
  const heights = lanes.map(laneHeight);
  const inner = heights.reduce((sum, height) => sum + height, 0) + GAP * lanes.length;
  const layout = {
    margin: { l: 168, r: 16, b: BOTTOM }, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff",
    font: { family: "Inter, Segoe UI, Liberation Sans, Arial, sans-serif", size: 12, color: "#1b1f24" },
    hovermode: "closest", hoverlabel: { align: "left", bgcolor: "#ffffff", bordercolor: "#5f6672", font: { size: 12, color: "#1b1f24" } },
    dragmode: "zoom", showlegend: true,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", font: { size: 11 }, itemsizing: "trace" },
    annotations: [],
    shapes: evidence.outages.map(([x0, x1]) => ({
      type: "rect", xref: "x", yref: "paper", x0, x1, y0: 0, y1: 1, layer: "below", fillcolor: "#ffd9a8", opacity: 0.45, line: { width: 0 },
    })),
  };
  let top = inner;
  lanes.forEach((lane, index) => {
    const suffix = index ? String(index + 1) : "";
    top -= GAP;
    layout.annotations.push({
      text: `<b>${plotText(lane.title)}</b>${lane.unit ? " (" + lane.unit + ")" : ""}${lane.note ? " · " + lane.note : ""}`, xref: "paper", yref: "paper", x: 0, y: top / inner,
      xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 12 }, xshift: -160,
    });
    const axis = {
      domain: [(top - heights[index]) / inner, top / inner], fixedrange: true, zeroline: false, gridcolor: "#e8ebef",
      linecolor: "#c3c9d1", showline: true, automargin: false, ticks: "",
    };
    if (lane.lines.length) Object.assign(axis, { range: valueRange(lane), nticks: 5 });
    else {
      const labels = lane.rows.map((row) => plotText(row.length > 26 ? row.slice(0, 25) + "…" : row));
      Object.assign(axis, { range: [lane.rows.length - 0.4, -0.6], tickmode: "array", tickvals: lane.rows.map((_, row) => row), ticktext: labels });
    }
    layout["yaxis" + suffix] = axis;
    data.push(...traces(lane, "y" + suffix, evidence.rows));
    top -= heights[index];
  });
  layout.xaxis = {
    type: "date", range: spanOf(evidence.range), anchor: lanes.length > 1 ? "y" + lanes.length : "y", showgrid: true, gridcolor: "#e8ebef",
    showspikes: true, spikemode: "across", spikesnap: "cursor", spikethickness: 1, spikecolor: "#5f6672", spikedash: "dot",
    title: { text: "rig time (UTC); drag to zoom, double-click to see all" + (evidence.outages.length ? "; shaded: supply commanded off" : ""), font: { size: 12 }, standoff: 12 },
  };
  const keys = data.filter((trace) => trace.showlegend).length;
  layout.margin.t = TOP + LEGEND_ROW * Math.ceil(keys / LEGEND_COLUMNS);
  layout.height = inner + layout.margin.t + BOTTOM;
  // The buttons are named one by one: plotly's own choice has one that uploads the chart.
  const config = {
    responsive: true, displaylogo: false, displayModeBar: true, showSendToCloud: false, plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };
  place.style.height = layout.height + "px";
  Plotly.newPlot(place, data, layout, config).then(() => {
    place.on("plotly_click", (event) => {
      const number = event.points[0]?.customdata;
      if (number !== undefined) log.reveal(number);
    });
    place.on("plotly_relayout", () => {
      const range = place.layout.xaxis.range.map((value) => String(value).replace(" ", "T"));
      log.zoom(...range);
    });
  });
}
