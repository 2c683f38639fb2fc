// @ts-check
// Splits the server's figure into one Plotly figure per chart. Pure.

/**
 * @typedef {object} TraceMeta
 * @property {string} run
 * @property {string} metric
 * @property {string} chart Key of its chart.
 * @property {string} label
 * @property {boolean} live False: an older segment, dimmed, or a band; never extended by itself.
 * @property {boolean} band The range of the values that the next trace is the mean of.
 * @property {number} values How many values its last point stands for.
 * @property {string} x What its x really is: step, epoch, index, wall_time, relative.
 * @property {number} count Points of the series at the figure's cursor.
 * @property {number | null} origin Wall time (s) of relative zero.
 * @property {number | null} last
 */
/** @typedef {{x: any[], y: (number | null)[], meta: TraceMeta, line: any, [more: string]: any}} Trace */
/** @typedef {{data: Trace[], layout: Record<string, any>}} Figure */
/** @typedef {{label: string, colour: string, dash: string, last: number | null}} Key */
/**
 * @typedef {object} Card
 * @property {string} key Also its title.
 * @property {boolean} system
 * @property {string} note
 * @property {string} alert
 * @property {Trace[]} traces All on x and y.
 * @property {(Key | null)[]} keys One per trace; null for a trace that is not named in the head.
 * @property {Record<string, any>} layout
 */

const OWN = /^[xy]axis\d*$/;
/** Said once for the whole figure, or by the card instead of Plotly. */
const SHARED = new Set(["annotations", "height", "meta", "shapes"]);
const PLACED = new Set(["domain", "anchor"]);
const MARGIN = { l: 46, r: 10, t: 8, b: 26, pad: 0 };

/**
 * Gives the figure's charts in its order, each with its traces and a layout of its own.
 * @param {Figure} figure
 * @param {{touch?: boolean}} options `touch`: a finger scrolls the page, so it does not zoom.
 * @returns {Card[]}
 */
export function cards(figure, { touch = false } = {}) {
  /** @type {Map<string, Trace[]>} */
  const traces = new Map();
  for (const trace of figure.data) {
    const key = trace.meta.chart;
    traces.set(key, [...(traces.get(key) ?? []), { ...trace, xaxis: "x", yaxis: "y" }]);
  }
  // Once for all: a figure may have 2,000 charts, and as many axes.
  const common = Object.fromEntries(
    Object.entries(figure.layout).filter(([name]) => !OWN.test(name) && !SHARED.has(name)),
  );
  /** @type {Map<string, any[]>} */
  const shapes = new Map();
  for (const shape of figure.layout.shapes ?? []) {
    const mine = { ...shape, xref: "x", yref: "y domain" };
    shapes.set(shape.xref, [...(shapes.get(shape.xref) ?? []), mine]);
  }
  return figure.layout.meta.charts.map((/** @type {any} */ chart) => {
    const mine = traces.get(chart.key) ?? [];
    return {
      key: chart.key,
      system: chart.system,
      note: chart.note,
      alert: chart.alert,
      traces: mine,
      keys: mine.map(keyOf),
      layout: { ...common, shapes: shapes.get(`x${chart.axis}`) ?? [], ...layoutOf(figure.layout, chart.axis, touch) },
    };
  });
}

/** @param {Trace} trace @returns {Key | null} */
function keyOf({ meta, line }) {
  return meta.live ? { label: meta.label, colour: line.color, dash: line.dash, last: meta.last } : null;
}

/**
 * @param {Record<string, any>} layout
 * @param {string} axis Suffix: "" for x and y, "2" for x2 and y2.
 * @param {boolean} touch
 */
function layoutOf(layout, axis, touch) {
  /** @type {Record<string, any>} */
  const xaxis = { automargin: true, ...unplaced(layout[`xaxis${axis}`]) };
  /** @type {Record<string, any>} */
  const yaxis = { automargin: true, ...unplaced(layout[`yaxis${axis}`]) };
  // A range that the reader set by hand survives every redraw as long as these stay the same;
  // one of steps means nothing on a time axis, nor a linear one on a logarithmic axis.
  xaxis.uirevision = `${layout.uirevision}/${layout.meta.x}/${xaxis.range ?? "all"}`;
  yaxis.uirevision = `${layout.uirevision}/${yaxis.type}`;
  // Plotly keeps room for a title even when it is "".
  if (!xaxis.title.text) delete xaxis.title;
  const drag = touch ? { dragmode: false } : {};
  // The card is the paper.
  const paper_bgcolor = "rgba(0, 0, 0, 0)";
  return { ...drag, paper_bgcolor, autosize: true, showlegend: false, margin: { ...MARGIN }, xaxis, yaxis };
}

/** @param {Record<string, any>} axis */
function unplaced(axis) {
  return Object.fromEntries(Object.entries(axis).filter(([name]) => !PLACED.has(name)));
}
