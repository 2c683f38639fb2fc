// @ts-check
// The charts on the page: drawn when they come into view, extended once a frame, within a budget.

import { add, bandOf } from "./bands.js";
import { makeCard } from "./card.js";
import { joined } from "./traces.js";

/** @typedef {import("./figure.js").Card} Card */
/** @typedef {import("./traces.js").Update} Update */
/**
 * @typedef {object} Chart
 * @property {Card} card What it should show.
 * @property {ReturnType<typeof makeCard>} view
 * @property {boolean} drawn
 * @property {boolean} outdated Drawn, but not from `card`.
 * @property {boolean} inView
 * @property {Update | null} pending Points that are not drawn yet.
 */
/**
 * @typedef {object} Effects
 * @property {Document} document
 * @property {(then: () => void, ms: number) => void} frame Calls at the next frame after `ms`.
 * @property {() => number} now ms
 * @property {(seen: (plot: Element, inView: boolean) => void) => (plot: Element) => void} whenSeen
 * @property {(resized: (plot: Element) => void) => (plot: Element) => void} whenResized
 */

// The page's controls do what Plotly's bar would. "autosize": back to all there is, also where
// the address gave a window to begin with.
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "autosize", showTips: false };
/** ms of drawing in one go: a chart of four traces takes about 20. */
const BUDGET = 24;

/**
 * Makes the charts below `main` (and, folded, those of the system below `system`).
 * @param {Effects} effects
 * @param {{main: Element, system: Element}} places
 * @param {(change: Record<string, any>) => void} onRange A reader zoomed or went back.
 */
export function makeCharts({ document, frame, now, whenSeen, whenResized }, places, onRange) {
  /** @type {Map<string, Chart>} */
  const charts = new Map();
  /** Charts with something to draw, the longest waiting first. @type {Set<Chart>} */
  const queue = new Set();
  /** @type {any} */
  let plotly = null;
  let scheduled = false;
  let cost = 0;
  let ended = 0;

  const seen = whenSeen((plot, inView) => {
    const chart = charts.get(nameOf(plot));
    if (!chart) return;
    chart.inView = inView;
    enqueue(chart);
  });
  const resized = whenResized((plot) => {
    // A hidden plot has no size to take, and Plotly throws at it.
    if (plotly && plot.clientWidth && plot.clientHeight && charts.get(nameOf(plot))?.drawn) {
      plotly.Plots.resize(plot);
    }
  });

  /** @param {Chart} chart */
  function enqueue(chart) {
    if (!chart.inView || !(chart.pending || chart.outdated || !chart.drawn)) return;
    queue.add(chart);
    schedule();
  }

  function schedule() {
    if (scheduled || !plotly || !queue.size) return;
    scheduled = true;
    // As long a rest as the drawing took: the page stays answerable however many charts move.
    frame(flush, Math.max(0, cost - (now() - ended)));
  }

  function flush() {
    scheduled = false;
    const began = now();
    for (const chart of queue) {
      queue.delete(chart);
      if (chart.inView) draw(chart);
      cost = now() - began;
      if (cost > BUDGET) break;
    }
    ended = now();
    schedule();
  }

  /** @param {Chart} chart */
  function draw(chart) {
    const { card, view, pending } = chart;
    chart.pending = null;
    if (!chart.drawn || chart.outdated) {
      const first = !chart.drawn;
      plotly[first ? "newPlot" : "react"](view.plot, card.traces, card.layout, CONFIG);
      if (first) /** @type {any} */ (view.plot).on("plotly_relayout", onRange);
      chart.drawn = true;
      chart.outdated = false;
    } else if (pending?.indices.some((at) => bandOf(card.traces, at))) {
      // Plotly's own arrays are those of the card.
      take(card, pending);
      plotly.redraw(view.plot);
    } else if (pending) {
      plotly.extendTraces(view.plot, pending.update, pending.indices);
    }
    view.values(card.keys);
  }

  /** @param {Card} card */
  function place(card) {
    const known = charts.get(card.key);
    const view = known?.view ?? makeCard(document, card.key);
    view.show(card);
    /** @type {Chart} */
    const chart = known ?? { card, view, drawn: false, outdated: false, inView: false, pending: null };
    Object.assign(chart, { card, outdated: chart.drawn });
    charts.set(card.key, chart);
    if (known) return enqueue(chart);
    seen(view.plot);
    resized(view.plot);
  }

  /** @param {Card[]} list @param {Element} parent */
  function order(list, parent) {
    const roots = list.map(({ key }) => charts.get(key)?.view.root);
    // Moving an element loses focus and hover: only where the order has changed.
    if (roots.some((root, i) => parent.children[i] !== root)) parent.append(.../** @type {Element[]} */ (roots));
  }

  /** @param {string} key @param {Chart} chart */
  function remove(key, chart) {
    if (chart.drawn) plotly.purge(chart.view.plot);
    chart.view.root.remove();
    queue.delete(chart);
    charts.delete(key);
  }

  return {
    /** @param {any} library Plotly, as soon as it has arrived. */
    start(library) {
      plotly = library;
      schedule();
    },
    /** @param {Card[]} cards */
    show(cards) {
      const keys = new Set(cards.map(({ key }) => key));
      for (const [key, chart] of charts) if (!keys.has(key)) remove(key, chart);
      cards.forEach(place);
      order(cards.filter(({ system }) => !system), places.main);
      order(cards.filter(({ system }) => system), places.system);
    },
    /** @param {Update[]} updates */
    extend(updates) {
      for (const update of updates) {
        const chart = charts.get(update.chart);
        if (!chart) continue;
        remember(chart, update);
        enqueue(chart);
      }
    },
    /** @param {(name: string) => boolean} matches @returns {Card[]} Those that stay in view. */
    filter(matches) {
      return [...charts.values()].flatMap(({ card, view }) => {
        const shown = [card.key, ...card.traces.map(({ meta }) => meta.metric)].some(matches);
        view.root.hidden = !shown;
        return shown ? [card] : [];
      });
    },
  };
}

/** @param {Element} plot */
function nameOf(plot) {
  return /** @type {HTMLElement} */ (plot).dataset.chart ?? "";
}

/** @param {Chart} chart @param {Update} update */
function remember(chart, update) {
  const { card } = chart;
  update.indices.forEach((at, i) => {
    const key = card.keys[at];
    if (key) key.last = update.last[i] ?? key.last;
  });
  if (chart.drawn && !chart.outdated) chart.pending = chart.pending ? joined(chart.pending, update) : update;
  // Not drawn yet: the points simply belong to what will be.
  else take(card, update);
}

/** @param {Card} card @param {Update} update */
function take(card, { update, indices }) {
  indices.forEach((at, i) => {
    add(card.traces, at, update.x[i], update.y[i]);
    const key = card.keys[at];
    // The head says what the line says.
    if (key && bandOf(card.traces, at)) key.last = card.traces[at].y.findLast((y) => y !== null) ?? key.last;
  });
}
