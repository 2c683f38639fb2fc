// @ts-check
// Takes new points into drawn traces; where an x has several values, into their mean and their band. Pure.

/** @typedef {import("./figure.js").Trace} Trace */

/**
 * Gives the band of a line: the trace before it, as the server orders them; null where it has none.
 * @param {Trace[]} traces
 * @param {number} at Place of the line.
 * @returns {Trace | null}
 */
export function bandOf(traces, at) {
  const before = traces[at - 1];
  return before?.meta.band && traces[at].meta.live ? before : null;
}

/**
 * Adds points to a line and its band; no x is smaller than the line's last one.
 * @param {Trace[]} traces
 * @param {number} at Place of the line.
 * @param {any[]} xs
 * @param {(number | null)[]} ys
 */
export function add(traces, at, xs, ys) {
  const line = traces[at];
  const band = bandOf(traces, at);
  xs.forEach((x, i) => {
    if (band && line.x.length && x === line.x.at(-1)) average(line, band, ys[i]);
    else push(line, band, x, ys[i]);
  });
}

/** @param {Trace} line @param {Trace | null} band @param {any} x @param {number | null} y */
function push(line, band, x, y) {
  line.x.push(x);
  line.y.push(y);
  if (!band) return;
  line.meta.values = y === null ? 0 : 1;
  if (y !== null) widen(band, x, y);
}

/** @param {Trace} line @param {Trace} band @param {number | null} y One more value at the last x. */
function average(line, band, y) {
  // The alert tells of it.
  if (y === null) return;
  const values = line.meta.values;
  const end = line.y.length - 1;
  // Both shares first: no sum is beyond the largest number.
  line.y[end] = (line.y[end] ?? 0) * (values / (values + 1)) + y / (values + 1);
  line.meta.values = values + 1;
  if (!values) return widen(band, line.x[end], y);
  const middle = band.x.length / 2;
  band.y[middle - 1] = Math.max(Number(band.y[middle - 1]), y);
  band.y[middle] = Math.min(Number(band.y[middle]), y);
}

/**
 * Makes the band reach one x further: it is a ring, along its highest values and back along its
 * lowest, so its newest x stands in the middle.
 * @param {Trace} band @param {any} x @param {number} y
 */
function widen(band, x, y) {
  const middle = band.x.length / 2;
  band.x.splice(middle, 0, x, x);
  band.y.splice(middle, 0, y, y);
}
