// @ts-check
// Remembers which curves had values and end in none: what a training that diverged looks like. Pure.

/** @typedef {import("./figure.js").Figure} Figure */
/** @typedef {import("./traces.js").Runs} Runs */

/** Makes the memory; `run` names a run with such a curve, "" where there is none. */
export function makeNans() {
  /** run → metric → whether its newest value is none; null: it never had a finite one. */
  /** @type {Map<string, Map<string, boolean | null>>} */
  let runs = new Map();

  /** @param {string} run @param {string} metric @param {boolean} ends @param {boolean} had */
  function note(run, metric, ends, had) {
    const metrics = runs.get(run) ?? new Map();
    const known = (metrics.get(metric) ?? null) !== null;
    metrics.set(metric, known || had || !ends ? ends : null);
    runs.set(run, metrics);
  }

  return {
    /** @param {Figure} figure All there is. */
    figure({ data }) {
      runs = new Map();
      for (const { meta, y } of data) {
        if (meta.live && y.length) note(meta.run, meta.metric, y.at(-1) === null, meta.last !== null);
      }
    },
    /** @param {Runs} points */
    points(points) {
      for (const [run, { metrics, about }] of Object.entries(points)) {
        const had = new Map(Object.entries(about ?? {}));
        for (const [metric, { value }] of Object.entries(metrics ?? {})) {
          if (value.length) note(run, metric, value.at(-1) === null, (had.get(metric)?.last ?? null) !== null);
        }
      }
    },
    run: () => [...runs].find(([, metrics]) => [...metrics.values()].includes(true))?.[0] ?? "",
  };
}
