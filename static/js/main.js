// @ts-check
// Wires the page: view → figure → charts, stream → points. Everything but a new point is a load.

import { makeAsk } from "./ask.js";
import { makeCharts } from "./charts.js";
import { makeControls } from "./controls.js";
import { showEmpty } from "./empty.js";
import { cards } from "./figure.js";
import { makeGlance } from "./glance.js";
import { makeAsked, makeLoader } from "./load.js";
import { makeNans } from "./nans.js";
import { makePresence } from "./presence.js";
import { makeStatus } from "./status.js";
import { makeStream } from "./stream.js";
import { makeTab, titleOf } from "./tab.js";
import { advance, indexOf, plan } from "./traces.js";
import { figureUrl, matcher, searchOf, sinceUrl, viewFrom, windowOf } from "./view.js";
import { systemWords } from "./words.js";

const ZOOM_SETTLES = 250;
/** Runs that a server started anew does not know come up within this, or never. */
const COMES_UP = 5_000;

const dark = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(pointer: coarse)");
const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const timers = {
  setTimeout: (/** @type {() => void} */ then, /** @type {number} */ ms) => setTimeout(then, ms),
  clearTimeout: (/** @type {number} */ timer) => clearTimeout(timer),
  now: Date.now,
};
const ask = makeAsk({ ...timers, fetch: (url, options) => fetch(url, options) });

let view = viewFrom(location.search);
/** @type {import("./traces.js").Index} */
let index = new Map();
let sentence = "";
let charted = 0;
const asked = makeAsked(timers.now);
/** @type {number | undefined} */
let zooming;
/** Since when a run is drawn that the server does not name; 0: none is. */
let lacked = 0;

const nans = makeNans();
const tab = makeTab(document);
const named = document.title;
const status = makeStatus(document, timers.now);
const controls = makeControls(document, timers.setTimeout, timers.clearTimeout, change);
const charts = makeCharts(
  { document, now: () => performance.now(), frame, whenSeen, whenResized },
  { main: at("main-charts"), system: at("system-charts") },
  zoom,
);
const stream = makeStream(
  { ...timers, EventSource, ask, random: Math.random },
  (cursor, route) => sinceUrl(view, cursor, route),
  {
    points,
    status: told,
    // Soon, not at once: a server that resets its own figure's cursor must not be asked in a ring.
    reset: () => loader.loadSoon(),
    link: status.link,
  },
);
const loader = makeLoader({ ...timers, ask }, () => figureUrl(view, dark.matches ? "dark" : "light"), {
  loaded,
  refused,
  failed: status.link,
});
const glance = makeGlance(ask, (cursor) => sinceUrl(view, cursor, "metrics.json"));
const presence = makePresence(
  { ...timers, hidden: () => document.hidden, offline: () => !navigator.onLine },
  {
    load: loader.load,
    leave() {
      loader.stop();
      stream.close();
      glance.from(stream.cursor());
    },
    glance: glance.look,
    glanced,
    hurry() {
      stream.hurry();
      loader.hurry();
    },
  },
);

/** @param {import("./figure.js").Figure} figure */
function loaded(figure) {
  const { meta } = figure.layout;
  const list = cards(figure, { touch: touch.matches });
  index = indexOf(list);
  charted = list.length;
  nans.figure(figure);
  charts.show(list);
  controls.runs(meta.runs, meta.more_runs);
  say(meta.empty ?? "");
  // A tab that was hidden while it loaded gets its stream when it is shown.
  if (presence.holds()) stream.open(meta.cursor);
}

/** @param {string} words */
function refused(words) {
  stream.close();
  index = new Map();
  charted = 0;
  charts.show([]);
  status.told({}, true);
  status.link("refused");
  say(words);
}

/** @param {import("./status.js").Told} runs @param {boolean} whole */
function told(runs, whole) {
  status.told(runs, whole);
  lacked = lacksRuns() ? lacked || timers.now() : 0;
  if (lacked && timers.now() - lacked > COMES_UP) loader.loadSoon();
  showAround();
}

/** Whether a run is drawn that the server does not have, nor is about to find. */
function lacksRuns() {
  const loading = [...status.runs.values()].some(({ state }) => state === "loading");
  return !loading && [...index.keys()].some((run) => !status.runs.has(run));
}

/** @param {{states: any, points: any} | "denied" | null} heard */
function glanced(heard) {
  if (heard === "denied" || !heard) status.link(heard ?? "reconnecting");
  else {
    status.told(heard.states, true);
    nans.points(heard.points);
    status.link("open");
  }
  tick();
}

function tick() {
  status.tick();
  const headline = status.said();
  const nan = nans.run();
  tab.show(titleOf(status.runs, { headline, name: named, nan, now: timers.now() }), nan ? "bad" : headline.tone);
}

/** @param {{runs: import("./traces.js").Runs}} event */
function points({ runs }) {
  status.points(runs);
  nans.points(runs);
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

function findPlotly() {
  const script = at("plotly");
  const library = /** @type {any} */ (globalThis).Plotly;
  if (library) return charts.start(library);
  script.addEventListener("load", () => charts.start(/** @type {any} */ (globalThis).Plotly));
  script.addEventListener("error", () => say("The charts' library did not load; reload the page."));
}

if (view.theme) document.documentElement.dataset.theme = view.theme;
document.addEventListener("visibilitychange", presence.change);
addEventListener("pagehide", presence.gone);
addEventListener("pageshow", ({ persisted }) => persisted && presence.back());
addEventListener("online", presence.online);
dark.addEventListener("change", () => presence.holds() && loader.load());
setInterval(() => {
  presence.tick();
  tick();
}, 1000);
controls.show(view);
findPlotly();
presence.start();
