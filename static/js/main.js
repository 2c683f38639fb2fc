// @ts-check
// Wires the page: view → figure → charts, stream → points. Everything but a new point is a load.

import { makeCharts } from "./charts.js";
import { makeControls } from "./controls.js";
import { showEmpty } from "./empty.js";
import { cards } from "./figure.js";
import { makeAsked, makeLoader } from "./load.js";
import { makeStatus } from "./status.js";
import { makeStream } from "./stream.js";
import { advance, indexOf, plan } from "./traces.js";
import { figureUrl, matcher, searchOf, sinceUrl, viewFrom, windowOf } from "./view.js";
import { systemWords } from "./words.js";

const ZOOM_SETTLES = 250;
const HIDDEN_KEEPS_STREAM = 30_000;

const dark = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(pointer: coarse)");
const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const effects = {
  EventSource,
  fetch: (/** @type {string} */ url, /** @type {RequestInit} */ options = {}) => fetch(url, options),
  setTimeout: (/** @type {() => void} */ then, /** @type {number} */ ms) => setTimeout(then, ms),
  clearTimeout: (/** @type {number} */ timer) => clearTimeout(timer),
  random: Math.random,
  now: Date.now,
};

let view = viewFrom(location.search);
/** @type {import("./traces.js").Index} */
let index = new Map();
let sentence = "";
let charted = 0;
const asked = makeAsked(effects.now);
/** @type {number | undefined} */
let zooming;
/** @type {number | undefined} */
let hiding;

const status = makeStatus(document, effects.now);
const controls = makeControls(document, effects.setTimeout, effects.clearTimeout, change);
const charts = makeCharts(
  { document, now: () => performance.now(), frame, whenSeen, whenResized },
  { main: at("main-charts"), system: at("system-charts") },
  zoom,
);
const stream = makeStream(effects, (cursor, route) => sinceUrl(view, cursor, route), {
  points,
  status: (runs) => {
    status.told(runs);
    showAround();
  },
  // Soon, not at once: a server that resets its own figure's cursor must not be asked in a ring.
  reset: () => loader.loadSoon(),
  link: status.link,
});
const loader = makeLoader(effects, () => figureUrl(view, dark.matches ? "dark" : "light"), {
  loaded,
  refused: (words) => {
    stream.close();
    say(words);
  },
  failed: status.link,
});

/** @param {import("./figure.js").Figure} figure */
function loaded(figure) {
  const { meta } = figure.layout;
  const list = cards(figure, { touch: touch.matches });
  index = indexOf(list);
  charted = list.length;
  charts.show(list);
  controls.runs(meta.runs, meta.more_runs);
  say(meta.empty ?? "");
  // A tab that was hidden while it loaded gets its stream when it is shown.
  if (!document.hidden || hiding !== undefined) stream.open(meta.cursor);
}

/** @param {{runs: import("./traces.js").Runs}} event */
function points({ runs }) {
  status.points(runs);
  const planned = plan(runs, index, asked.has);
  advance(planned);
  charts.extend(planned.updates);
  if (planned.why && loader.loadSoon()) asked.add(planned.keys);
}

/** @param {Partial<import("./view.js").View>} changed */
function change(changed) {
  // A window of steps is none of seconds.
  const whole = "x" in changed ? { from: null, to: null } : {};
  view = { ...view, ...whole, ...changed };
  history.replaceState(null, "", location.pathname + searchOf(view) + location.hash);
  controls.show(view);
  if ("filter" in changed) showAround();
  else loader.load();
}

/** @param {Record<string, any>} relayout */
function zoom(relayout) {
  const window = windowOf(relayout, view.x);
  if (!window) return;
  clearTimeout(zooming);
  zooming = setTimeout(() => change({ from: window[0], to: window[1] }), ZOOM_SETTLES);
}

/** @param {string} words */
function say(words) {
  sentence = words;
  showAround();
}

/** Shows what depends on the charts there are: the fold, the filter's answer, the empty page. */
function showAround() {
  const shown = charts.filter(matcher(view.filter));
  const system = shown.filter(({ system }) => system).map(({ key }) => key);
  at("system").hidden = system.length === 0;
  at("system-words").textContent = systemWords(system);
  at("no-match").hidden = !(charted && !shown.length);
  at("no-match").textContent = `No metric matches “${view.filter}”.`;
  at("empty").hidden = charted > 0;
  for (const id of ["tools", "fold"]) at(id).hidden = !charted;
  if (!charted) showEmpty(document, at("empty"), status.runs, sentence);
}

/** @param {() => void} then @param {number} ms */
function frame(then, ms) {
  // A hidden tab gets no frames; a second is often enough for what nobody sees.
  if (document.hidden) setTimeout(then, 1000);
  else setTimeout(() => requestAnimationFrame(then), ms);
}

/** @param {(plot: Element, inView: boolean) => void} seen */
function whenSeen(seen) {
  const observer = new IntersectionObserver(
    (changes) => changes.forEach(({ target, isIntersecting }) => seen(target, isIntersecting)),
    { rootMargin: "300px 0px" },
  );
  return (/** @type {Element} */ plot) => observer.observe(plot);
}

/** @param {(plot: Element) => void} resized */
function whenResized(resized) {
  const observer = new ResizeObserver((changes) => changes.forEach(({ target }) => resized(target)));
  return (/** @type {Element} */ plot) => observer.observe(plot);
}

function visibility() {
  clearTimeout(hiding);
  hiding = undefined;
  if (document.hidden) {
    hiding = setTimeout(() => {
      hiding = undefined;
      stream.close();
    }, HIDDEN_KEEPS_STREAM);
  } else loader.load();
}

function findPlotly() {
  const script = at("plotly");
  const library = /** @type {any} */ (globalThis).Plotly;
  if (library) return charts.start(library);
  script.addEventListener("load", () => charts.start(/** @type {any} */ (globalThis).Plotly));
  script.addEventListener("error", () => say("The charts' library did not load; reload the page."));
}

if (view.theme) document.documentElement.dataset.theme = view.theme;
document.addEventListener("visibilitychange", visibility);
dark.addEventListener("change", () => loader.load());
setInterval(status.tick, 1000);
controls.show(view);
findPlotly();
loader.load();
