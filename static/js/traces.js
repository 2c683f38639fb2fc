// @ts-check
// Decides what new points do to the drawn traces: extend them, or call for a new figure. Pure.

import { bandOf } from "./bands.js";

/** @typedef {import("./figure.js").Card} Card */
/**
 * @typedef {object} Drawn The one trace of a (run, metric) that grows.
 * @property {string} chart
 * @property {number} at Its place among the chart's traces.
 * @property {string} x
 * @property {number | null} origin
 * @property {number} next Number of the next point, where that is its x.
 * @property {number} shown Points in the trace so far.
 * @property {number} limit Beyond so many in the trace, a new figure (thinned again) is due.
 * @property {any} lastX Of the newest point; null where there is none.
 * @property {number | null} lastY
 * @property {boolean} banded Several values of one x become their mean and range.
 * @property {boolean} stale Waits for a new figure: nothing more is added to it.
 */
/** @typedef {Map<string, Map<string, Drawn>>} Index run → metric → trace */
/**
 * @typedef {object} Update What `Plotly.extendTraces` takes, for one chart.
 * @property {string} chart
 * @property {{x: any[][], y: (number | null)[][]}} update
 * @property {number[]} indices
 * @property {(number | null)[]} last Newest finite value, per trace of `indices`.
 */
/**
 * @typedef {object} Values
 * @property {(number | null)[] | null} step
 * @property {(number | null)[] | null} epoch
 * @property {(number | null)[] | null} wall_time Seconds.
 * @property {(number | null)[]} value
 */
/** @typedef {{segments?: number[], nonfinite?: [number, string][], last?: number | null}} About */
/** @typedef {Record<string, {metrics: Record<string, Values>, about?: Record<string, About>}>} Runs */
/** @typedef {{drawn: Drawn, xs: any[], ys: (number | null)[], all: number}} Taken `all`: those left out too. */
/**
 * @typedef {object} Plan
 * @property {Update[]} updates One per chart.
 * @property {Taken[]} taken What they add to each trace.
 * @property {Drawn[]} stale Traces that only a new figure can go on with.
 * @property {string} why Why a new figure is due; "" where it is not.
 * @property {string[]} keys What is asked of the new figure that it may not bring.
 */

const SMALL = 4000;
/** Few points have markers; with many the figure that the server makes has none. */
const SMALL_WITH_MARKERS = 80;

/**
 * Finds the trace that grows for each run and metric of the charts.
 * @param {Card[]} charts
 * @returns {Index}
 */
export function indexOf(charts) {
  /** @type {Index} */
  const index = new Map();
  for (const card of charts) {
    card.traces.forEach(({ meta, x, y, mode = "lines" }, at) => {
      if (!meta.live) return;
      const metrics = index.get(meta.run) ?? new Map();
      const shown = x.length;
      const limit = Math.max(2 * shown, mode.includes("markers") ? SMALL_WITH_MARKERS : SMALL);
      // The last point is always drawn; older ones may have been thinned away on the server.
      const next = meta.x === "index" && shown ? Number(x.at(-1)) + 1 : meta.count;
      const { origin } = meta;
      const newest = { lastX: x.at(-1) ?? null, lastY: y.at(-1) ?? null };
      const banded = bandOf(card.traces, at) !== null;
      const place = { chart: card.key, at, x: meta.x, origin, next };
      metrics.set(meta.metric, { ...place, ...newest, shown, limit, banded, stale: false });
      index.set(meta.run, metrics);
    });
  }
  return index;
}

/**
 * Says what to add to the traces, and whether a new figure is due. What fits is added in any case:
 * a figure may be seconds away.
 * @param {Runs} runs As an event `points` brings them.
 * @param {Index} index
 * @param {(key: string) => boolean} asked True for what a new figure has just been asked for in
 *   vain: it is then left out.
 * @returns {Plan}
 */
export function plan(runs, index, asked = () => false) {
  /** @type {Plan} */
  const made = { updates: [], taken: [], stale: [], why: "", keys: [] };
  /** @type {Map<string, Update>} */
  const updates = new Map();
  for (const { key, drawn, values, about } of series(runs, index)) {
    const old = outdated(drawn, values, about);
    const wanted = old ? [] : misfits(key, drawn, values, about).filter(([of]) => !asked(of));
    made.why ||= old || wanted[0]?.[1] || "";
    made.keys.push(...wanted.map(([of]) => of));
    if (!drawn) continue;
    if (old) made.stale.push(drawn);
    else {
      const { taken, why } = fitting(drawn, values);
      made.why ||= why;
      made.taken.push(taken);
      extend(updates, taken, about);
    }
  }
  made.updates.push(...updates.values());
  return made;
}

/**
 * Counts what was planned, so that the next points are judged by what then stands there.
 * @param {Plan} planned
 */
export function advance({ taken, stale }) {
  for (const drawn of stale) drawn.stale = true;
  for (const { drawn, xs, ys, all } of taken) {
    drawn.next += all;
    drawn.shown += xs.length;
    if (xs.length) Object.assign(drawn, { lastX: xs.at(-1), lastY: ys.at(-1) });
  }
}

/** @param {Runs} runs @param {Index} index */
function* series(runs, index) {
  for (const [run, { metrics, about = {} }] of Object.entries(runs)) {
    const told = new Map(Object.entries(about));
    for (const [metric, values] of Object.entries(metrics ?? {})) {
      const drawn = index.get(run)?.get(metric);
      yield { key: JSON.stringify([run, metric]), drawn, values, about: told.get(metric) ?? {} };
    }
  }
}

/**
 * Says why the trace must be drawn anew; a new figure surely mends it. "" where it need not.
 * @param {Drawn | undefined} drawn
 * @param {Values} values
 * @param {About} about
 */
function outdated(drawn, values, about) {
  if (!drawn) return "";
  if (drawn.stale) return "drawn anew soon";
  if (about.segments?.length) return "new segment";
  return drawn.shown + values.value.length > drawn.limit ? "trace has grown" : "";
}

/**
 * Says what of the points does not fit, as [key, why]; a new figure may mend it, or not (the address
 * asks for other metrics, the log stopped printing x, value after value is no number).
 * @param {string} key
 * @param {Drawn | undefined} drawn
 * @param {Values} values
 * @param {About} about
 * @returns {[string, string][]}
 */
function misfits(key, drawn, values, about) {
  if (!drawn) return [[key, "unknown metric"]];
  /** @type {[string, string][]} */
  const found = [];
  if (about.nonfinite?.length) found.push([`${key} not finite`, "value that is no number"]);
  if (drawn.x === "index" && (values.step || values.epoch)) found.push([key, "steps have begun"]);
  if (xOf(drawn, values).includes(null)) found.push([key, `point without ${drawn.x}`]);
  return found;
}

/**
 * Gives the points' x as Plotly takes them: dates in ms; null where the log printed none.
 * @param {Drawn} drawn
 * @param {Values} values
 * @returns {(number | null)[]}
 */
function xOf({ x, next, origin }, values) {
  if (x === "index") return values.value.map((_, i) => next + i);
  const printed = { step: values.step, epoch: values.epoch }[x] ?? null;
  if (x === "step" || x === "epoch") return printed ?? values.value.map(() => null);
  const times = values.wall_time ?? values.value.map(() => null);
  if (x === "wall_time") return times.map((s) => (s === null ? null : s * 1000));
  return times.map((s) => (s === null || origin === null ? null : s - origin));
}

/**
 * Chooses the points that can be added at the end, and says what the others need. A point before the
 * newest one (a slow rank, a late evaluation) would be a line that goes back.
 * @param {Drawn} drawn
 * @param {Values} values
 * @returns {{taken: Taken, why: string}}
 */
function fitting(drawn, values) {
  /** @type {Taken} */
  const taken = { drawn, xs: [], ys: [], all: values.value.length };
  let { lastX, lastY } = drawn;
  let why = "";
  xOf(drawn, values).forEach((x, i) => {
    const y = values.value[i];
    // Said again (each rank prints the same learning rate): nothing new.
    if (x === null || (x === lastX && y === lastY && !drawn.banded)) return;
    if (lastX !== null && x < lastX) why ||= "point before the newest";
    else if (x === lastX && !drawn.banded) why ||= "several values at one x";
    else {
      taken.xs.push(x);
      taken.ys.push(y);
      [lastX, lastY] = [x, y];
    }
  });
  return { taken, why };
}

/** @param {Map<string, Update>} updates @param {Taken} taken @param {About} about */
function extend(updates, { drawn, xs, ys }, about) {
  if (!xs.length) return;
  const { chart } = drawn;
  const more = updates.get(chart) ?? { chart, update: { x: [], y: [] }, indices: [], last: [] };
  more.update.x.push(xs);
  more.update.y.push(ys);
  more.indices.push(drawn.at);
  more.last.push(about.last ?? null);
  updates.set(chart, more);
}

/**
 * Makes one update of two of the same chart.
 * @param {Update} earlier
 * @param {Update} later
 * @returns {Update}
 */
export function joined(earlier, later) {
  const both = {
    chart: earlier.chart,
    update: { x: [...earlier.update.x], y: [...earlier.update.y] },
    indices: [...earlier.indices],
    last: [...earlier.last],
  };
  later.indices.forEach((trace, i) => {
    const at = both.indices.indexOf(trace);
    const place = at < 0 ? both.indices.push(trace) - 1 : at;
    both.update.x[place] = [...(both.update.x[place] ?? []), ...later.update.x[i]];
    both.update.y[place] = [...(both.update.y[place] ?? []), ...later.update.y[i]];
    both.last[place] = later.last[i] ?? both.last[place] ?? null;
  });
  return both;
}
