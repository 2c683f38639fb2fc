// @ts-check
// Decides what new points do to the drawn traces: extend them, or call for a new figure. Pure.

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
 * @property {boolean} alerted The card already tells of values that are no numbers.
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
/** @typedef {{load: true, why: string, keys: string[]}} Load `keys`: the metrics it is due to. */

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
    card.traces.forEach(({ meta, x, mode = "lines" }, at) => {
      if (!meta.live) return;
      const metrics = index.get(meta.run) ?? new Map();
      const [shown, alerted] = [x.length, card.alert !== ""];
      const limit = Math.max(2 * shown, mode.includes("markers") ? SMALL_WITH_MARKERS : SMALL);
      // The last point is always drawn; older ones may have been thinned away on the server.
      const next = meta.x === "index" && shown ? Number(x.at(-1)) + 1 : meta.count;
      const { origin } = meta;
      metrics.set(meta.metric, { chart: card.key, at, x: meta.x, origin, next, shown, limit, alerted });
      index.set(meta.run, metrics);
    });
  }
  return index;
}

/**
 * Gives one update per chart, or the reason why only a new figure will do.
 * @param {Runs} runs As an event `points` brings them.
 * @param {Index} index
 * @param {(key: string) => boolean} asked True for a metric for which a new figure has just been
 *   asked in vain: what still does not fit is then left out.
 * @returns {Update[] | Load}
 */
export function plan(runs, index, asked = () => false) {
  /** @type {Map<string, Update>} */
  const updates = new Map();
  /** @type {Map<string, string>} */
  const reasons = new Map();
  for (const { key, drawn, values, about } of series(runs, index)) {
    const why = outdated(drawn, values, about) || (asked(key) ? "" : misfit(drawn, values, about));
    if (why) reasons.set(key, why);
    else if (drawn && !reasons.size) extend(updates, drawn, values, about);
  }
  if (reasons.size) return { load: true, why: [...reasons.values()][0], keys: [...reasons.keys()] };
  return [...updates.values()];
}

/**
 * Counts points that were planned, so that the next ones are judged by what then stands there.
 * @param {Runs} runs
 * @param {Index} index
 */
export function advance(runs, index) {
  for (const { drawn, values } of series(runs, index)) {
    if (!drawn) continue;
    drawn.next += values.value.length;
    drawn.shown += values.value.length;
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
  if (about.segments?.length) return "new segment";
  return drawn.shown + values.value.length > drawn.limit ? "trace has grown" : "";
}

/**
 * Says why the points do not fit; a new figure may mend it, or not (the address asks for other
 * metrics, the log stopped printing x). "" where they fit.
 * @param {Drawn | undefined} drawn
 * @param {Values} values
 * @param {About} about
 */
function misfit(drawn, values, about) {
  if (!drawn) return "unknown metric";
  if (!drawn.alerted && about.nonfinite?.length) return "first value that is no number";
  if (drawn.x === "index" && (values.step || values.epoch)) return "steps have begun";
  return xOf(drawn, values).includes(null) ? `point without ${drawn.x}` : "";
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

/** @param {Map<string, Update>} updates @param {Drawn} drawn @param {Values} values @param {About} about */
function extend(updates, drawn, values, about) {
  const xs = xOf(drawn, values);
  const kept = xs.flatMap((x, i) => (x === null ? [] : [i]));
  if (!kept.length) return;
  const { chart } = drawn;
  const more = updates.get(chart) ?? { chart, update: { x: [], y: [] }, indices: [], last: [] };
  more.update.x.push(kept.map((i) => xs[i]));
  more.update.y.push(kept.map((i) => values.value[i]));
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
