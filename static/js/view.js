// @ts-check
// The view (which x, which window, which scale, which metrics) and its addresses. Pure.

/**
 * @typedef {object} View
 * @property {string} x
 * @property {boolean} log Logarithmic y.
 * @property {number | null} from Low end of the x window; of wall time in seconds since the Unix epoch.
 * @property {number | null} to
 * @property {string} filter Regular expression for metrics; "" shows all.
 * @property {string} theme "light", "dark" or "" for the reader's own.
 * @property {[string, string][]} asked `run`, `metric`, `points` of the address, for the server.
 */

/** What x can be → its word on the page. */
export const X = new Map([
  ["step", "Step"],
  ["epoch", "Epoch"],
  ["relative", "Relative"],
  ["wall_time", "Time"],
]);

const FOR_SERVER = ["run", "metric", "points"];

/**
 * Reads a view out of an address; what makes no sense there counts as not given.
 * @param {string} search
 * @returns {View}
 */
export function viewFrom(search) {
  const query = new URLSearchParams(search);
  const x = query.get("x") ?? "";
  const theme = query.get("theme") ?? "";
  const [from, to] = [finite(query.get("from")), finite(query.get("to"))];
  const window = from !== null && to !== null && from < to;
  return {
    x: X.has(x) ? x : "step",
    log: query.get("log") === "1",
    from: window ? from : null,
    to: window ? to : null,
    filter: query.get("filter") ?? "",
    theme: ["light", "dark"].includes(theme) ? theme : "",
    asked: [...query].filter(([name]) => FOR_SERVER.includes(name)),
  };
}

/** @param {string | null} text */
function finite(text) {
  return text !== null && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : null;
}

/**
 * Gives the page's own query for a view: only what differs from the plain page.
 * @param {View} view
 */
export function searchOf(view) {
  const query = new URLSearchParams(view.asked);
  if (view.x !== "step") query.set("x", view.x);
  if (view.log) query.set("log", "1");
  addWindow(query, view);
  if (view.filter) query.set("filter", view.filter);
  if (view.theme) query.set("theme", view.theme);
  const text = query.toString();
  return text && `?${text}`;
}

/** @param {URLSearchParams} query @param {View} view */
function addWindow(query, view) {
  if (view.from === null || view.to === null) return;
  query.set("from", String(view.from));
  query.set("to", String(view.to));
}

/** @param {View} view @param {string} theme What the reader's system asks for. */
export function figureUrl(view, theme) {
  const query = new URLSearchParams(view.asked);
  query.set("x", view.x);
  if (view.log) query.set("log", "1");
  addWindow(query, view);
  query.set("theme", view.theme || theme);
  return `figure.json?${query}`;
}

/**
 * Gives the address of what follows a cursor: the stream, or the same points to be polled.
 * @param {View} view
 * @param {string} cursor
 * @param {"events" | "metrics.json"} route
 */
export function sinceUrl(view, cursor, route = "events") {
  const query = new URLSearchParams(view.asked.filter(([name]) => name === "run"));
  query.set("since", cursor);
  return `${route}?${query}`;
}

/**
 * Reads a window out of Plotly's relayout event: null where x was not touched, else [from, to]
 * in the view's unit (of wall time: seconds), or [null, null] for "all of it".
 * @param {Record<string, any>} change
 * @param {string} x
 * @returns {[number, number] | [null, null] | null}
 */
export function windowOf(change, x) {
  if (change["xaxis.autorange"]) return [null, null];
  const range = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
  const [low, high] = range.map(x === "wall_time" ? seconds : Number);
  if (!(low < high)) return null;
  // A thousandth of the window: finer than a pixel, and the address stays readable.
  const unit = 10 ** Math.floor(Math.log10((high - low) / 1000));
  return [tidy(low, unit), tidy(high, unit)];
}

/** @param {unknown} date Plotly's "2026-11-23 15:04:05.678" (UTC, shortened at midnight) or ms. */
function seconds(date) {
  if (typeof date === "number") return date / 1000;
  const [day, time = "00:00"] = String(date).split(" ");
  return Date.parse(`${day}T${time}Z`) / 1000;
}

/** @param {number} value @param {number} unit A power of ten. */
function tidy(value, unit) {
  // Dividing by 10 is exact in print where multiplying by 0.1 is not (3 * 0.1).
  return unit < 1 ? Math.round(value / unit) / Math.round(1 / unit) : Math.round(value / unit) * unit;
}

/**
 * Makes the filter a function of a metric's name. Half a regular expression, as it stands there
 * while somebody types, is taken literally.
 * @param {string} filter
 * @returns {(name: string) => boolean}
 */
export function matcher(filter) {
  if (!filter) return () => true;
  try {
    const pattern = new RegExp(filter, "i");
    return (name) => pattern.test(name);
  } catch {
    const text = filter.toLowerCase();
    return (name) => name.toLowerCase().includes(text);
  }
}
