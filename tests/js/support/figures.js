// A small figure as the server sends it, for the tests.

/** A trace of `run` and `metric` in `chart`; `more` overrides its meta. */
export function trace(run, metric, { axis = "", x = [1, 2], y = [0.5, 0.4], ...more } = {}) {
  return {
    type: "scatter",
    name: metric,
    x,
    y,
    xaxis: `x${axis}`,
    yaxis: `y${axis}`,
    mode: "lines",
    line: { color: "#0068b5", width: 1.5, dash: "solid" },
    meta: {
      run, metric, chart: metric, label: metric, live: true, x: "step", count: x.length,
      origin: null, last: y.at(-1), ...more,
    },
  };
}

/** A figure with one chart per distinct `meta.chart` of the traces. */
export function figureOf(traces, layout = {}) {
  const charts = [...new Set(traces.map(({ meta }) => meta.chart))];
  const axes = charts.map((_, i) => (i ? String(i + 1) : ""));
  const owned = axes.flatMap((axis) => [
    [`xaxis${axis}`, { domain: [0, 1], anchor: `y${axis}`, type: "linear", title: { text: "" } }],
    [`yaxis${axis}`, { domain: [0, 1], anchor: `x${axis}`, type: "linear", nticks: 6 }],
  ]);
  return {
    data: traces,
    layout: {
      ...Object.fromEntries(owned),
      font: { size: 12 },
      uirevision: "tailplot",
      annotations: [{ text: "loss" }],
      height: 600,
      meta: {
        cursor: "c1",
        x: "step",
        charts: charts.map((key, i) => ({ key, axis: axes[i], system: false, note: "", alert: "" })),
        grid: [charts.length, 1],
        runs: [{ name: "a", colour: "#0068b5" }],
        empty: null,
      },
      ...layout,
    },
  };
}
