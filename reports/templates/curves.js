"use strict";
// Commands answered against attenuation with limits as upright lines, or what a curve's own axes say, limits of its y.

const CURVE_COLOURS = ["#1565c0", "#b35900", "#2e7d32", "#6a1b9a"];

function drawCurves(place, curves, log) {
  for (const curve of curves) {
    const chart = document.createElement("div");
    chart.className = "curve";
    place.append(chart);
    const data = Object.entries(curve.lines).map(([direction, line], index) => ({
      type: "scatter", mode: "lines+markers", name: plotText(direction), x: line.x, y: line.y,
      hovertext: line.text.map(plotText), hoverinfo: "text", customdata: line.at,
      line: { color: CURVE_COLOURS[index % CURVE_COLOURS.length], width: 2 }, marker: { size: 9 },
    }));
    const own = curve.x_axis !== undefined, unit = own ? "" : " dB";
    const [xTitle, yTitle] = own ? [plotText(curve.x_axis), plotText(curve.y_axis)] : ["attenuation (dB)", "answered (%)"];
    const what = own ? `${yTitle} against ${xTitle}` : "commands answered against attenuation";
    const across = (value) => own ? { xref: "paper", x0: 0, x1: 1, y0: value, y1: value } : { x0: value, x1: value, yref: "paper", y0: 0, y1: 1 };
    const label = (value, index) => own ? { xref: "paper", x: 0, y: value } : { x: value, yref: "paper", y: 0.98 - 0.09 * index };
    const limits = Object.entries(curve.limits);
    const layout = {
      height: 320, margin: { l: 60, r: 16, t: 60, b: 52 }, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff",
      font: { family: "Inter, Segoe UI, Liberation Sans, Arial, sans-serif", size: 12, color: "#1b1f24" },
      title: { text: `<b>${plotText(curve.link)}</b>: ${what}`, font: { size: 13 }, x: 0.01 },
      hovermode: "closest", showlegend: true, legend: { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "bottom" },
      xaxis: { title: { text: xTitle }, gridcolor: "#e8ebef", zeroline: false },
      yaxis: { title: { text: yTitle }, ...(own ? { rangemode: "tozero" } : { range: [-5, 105] }), gridcolor: "#e8ebef", zeroline: false },
      shapes: limits.map(([, db]) => ({ type: "line", ...across(db), line: { color: "#5f6672", dash: "dot" } })),
      annotations: limits.map(([name, db], index) => ({
        ...label(db, index), text: `${plotText(name)} ${db}${unit}`, showarrow: false, xanchor: "left", font: { size: 11 }, bgcolor: "#ffffff",
      })),
    };
    const config = { responsive: true, displayModeBar: false, showSendToCloud: false, plotlyServerURL: "" };
    Plotly.newPlot(chart, data, layout, config).then(() => {
      chart.on("plotly_click", (event) => {
        const number = event.points[0]?.customdata;
        if (number !== undefined) log.reveal(number);
      });
    });
  }
}
