// The charts on the page: when they are drawn, extended and left alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeCharts } from "../../static/js/charts.js";
import { cards } from "../../static/js/figure.js";
import { figureOf, trace } from "./support/figures.js";

/** As much of an element as a card needs. */
function element() {
  const made = {
    children: [], dataset: {}, style: {}, hidden: false, textContent: "",
    append(...more) {
      const elements = more.filter((child) => typeof child === "object");
      for (const child of elements) child.parent?.children.splice(child.parent.children.indexOf(child), 1);
      for (const child of elements) child.parent = made;
      made.children.push(...elements);
    },
    replaceChildren: (...more) => made.children.splice(0, Infinity, ...more),
    remove: () => made.parent.children.splice(made.parent.children.indexOf(made), 1),
    setAttribute: () => {},
    on: () => {},
  };
  return made;
}

/** Charts with a Plotly that writes down what it is asked, and frames run by hand. */
function stage({ cost = 0 } = {}) {
  const calls = [];
  const frames = [];
  let time = 0;
  let see;
  const note = (name) => (plot, ...more) => {
    calls.push([name, plot.dataset.chart, ...more]);
    time += cost;
  };
  const plotly = { redraw: note("redraw"), newPlot: note("newPlot"), react: note("react"), extendTraces: note("extendTraces"), purge: note("purge") };
  const effects = {
    document: { createElement: element },
    frame: (then, ms) => frames.push({ then, ms }),
    now: () => time,
    whenSeen: (seen) => ((see = seen), () => {}),
    whenResized: () => () => {},
  };
  const [main, system] = [element(), element()];
  const charts = makeCharts(effects, { main, system }, () => {});
  return {
    charts, calls, frames, main, system, plotly,
    names: () => calls.map(([name, chart]) => `${name} ${chart}`),
    frame: () => frames.shift()?.then(),
    see: (root, inView = true) => see(root.children[1], inView),
  };
}

const list = (...traces) => cards(figureOf(traces));
const LOSS = () => list(trace("a", "loss"));
const more = (x, y, chart = "loss") => [{ chart, update: { x: [[x]], y: [[y]] }, indices: [0], last: [y] }];

test("a chart is drawn when it comes into view, not before", () => {
  const { charts, names, main, frame, frames, see, plotly } = stage();
  charts.start(plotly);
  charts.show(list(trace("a", "loss"), trace("a", "acc", { axis: "2" })));
  assert.equal(frames.length, 0);
  see(main.children[1]);
  frame();
  assert.deepEqual(names(), ["newPlot acc"]);
});

test("cards stand there before the library has arrived", () => {
  const { charts, names, main, frame, frames, see, plotly } = stage();
  charts.show(LOSS());
  assert.equal(main.children.length, 1);
  see(main.children[0]);
  assert.equal(frames.length, 0);
  charts.start(plotly);
  frame();
  assert.deepEqual(names(), ["newPlot loss"]);
});

/** A stage on which `loss` is drawn and in view. */
function drawn(options) {
  const set = stage(options);
  set.charts.start(set.plotly);
  set.charts.show(LOSS());
  set.see(set.main.children[0]);
  set.frame();
  set.calls.length = 0;
  return set;
}

test("the events of a frame become one extension, and the head shows the last value", () => {
  const { charts, calls, frame, frames, main } = drawn();
  charts.extend(more(3, 0.3));
  charts.extend(more(4, 0.25));
  assert.equal(frames.length, 1);
  frame();
  const [[name, , update, indices]] = calls;
  assert.deepEqual([name, update, indices], ["extendTraces", { x: [[3, 4]], y: [[0.3, 0.25]] }, [0]]);
  const keys = main.children[0].children[0].children[3];
  assert.equal(keys.children[0].children[1].textContent, "0.2500");
});

const RANKS = () => list(
  trace("a", "loss", { live: false, band: true, x: [1, 2, 2, 1], y: [5, 4, 2, 3] }),
  trace("a", "loss", { x: [1, 2], y: [4, 3], values: 2 }),
);

test("several values of one x become their mean and range, drawn once a frame, and the head says the mean", () => {
  const set = stage();
  set.charts.start(set.plotly);
  const [card] = RANKS();
  set.charts.show([card]);
  set.see(set.main.children[0]);
  set.frame();
  set.charts.extend([{ chart: "loss", update: { x: [[2, 3]], y: [[6, 1]] }, indices: [1], last: [1] }]);
  set.charts.extend([{ chart: "loss", update: { x: [[3]], y: [[2]] }, indices: [1], last: [2] }]);
  set.frame();
  assert.deepEqual(set.names(), ["newPlot loss", "redraw loss"]);
  const [band, line] = card.traces;
  assert.deepEqual([line.x, line.y], [[1, 2, 3], [4, 4, 1.5]]);
  assert.deepEqual([band.x, band.y], [[1, 2, 3, 3, 2, 1], [5, 6, 2, 1, 2, 3]]);
  const keys = set.main.children[0].children[0].children[3];
  assert.equal(keys.children.length, 1);
  assert.equal(keys.children[0].children[1].textContent, "1.500");
});

test("a chart out of view keeps its points until it is seen", () => {
  const { charts, calls, frame, frames, main, see } = drawn();
  see(main.children[0], false);
  charts.extend(more(3, 0.3));
  charts.extend(more(4, 0.2));
  assert.equal(frames.length, 0);
  see(main.children[0]);
  frame();
  assert.deepEqual(calls.map(([name, , update]) => [name, update.x]), [["extendTraces", [[3, 4]]]]);
});

test("points before the first drawing are part of it", () => {
  const { charts, calls, main, frame, see, plotly } = stage();
  charts.start(plotly);
  charts.show(LOSS());
  charts.extend(more(3, 0.3));
  see(main.children[0]);
  frame();
  assert.deepEqual([calls[0][0], calls[0][2][0].x], ["newPlot", [1, 2, 3]]);
});

test("a new figure is drawn in the same place, without the points of the old one", () => {
  const { charts, names, main, frame } = drawn();
  const [before] = main.children;
  charts.extend(more(3, 0.3));
  charts.show(LOSS());
  charts.extend(more(3, 0.3));
  frame();
  assert.deepEqual(names(), ["react loss"]);
  assert.equal(main.children[0], before);
});

test("a chart that is gone from the figure is gone from the page", () => {
  const { charts, names, main } = drawn();
  charts.show(list(trace("a", "acc")));
  assert.deepEqual(names(), ["purge loss"]);
  assert.equal(main.children.length, 1);
});

test("what costs too much in one frame goes on in the next, and none is left behind", () => {
  const { charts, calls, frame, frames, main, see } = drawn({ cost: 20 });
  const many = ["loss", "b", "c", "d"].map((name, i) => trace("a", name, { axis: i ? String(i + 1) : "" }));
  charts.show(list(...many));
  main.children.slice(1).forEach((root) => see(root));
  const drawnPerFrame = [];
  while (frames.length) {
    const before = calls.length;
    frame();
    drawnPerFrame.push(calls.length - before);
  }
  assert.deepEqual(drawnPerFrame, [2, 2]);
});

test("after a costly frame the page has as long for itself", () => {
  const { charts, frame, frames } = drawn({ cost: 20 });
  charts.extend(more(3, 1));
  frame();
  charts.extend(more(4, 1));
  assert.equal(frames[0].ms, 20);
});

test("the filter hides a card unless its title or one of its metrics matches", () => {
  const { charts, main } = drawn();
  charts.show(list(trace("a", "train/loss", { chart: "loss" }), trace("a", "acc", { axis: "2" })));
  const shown = charts.filter((name) => name.startsWith("train/"));
  assert.deepEqual(shown.map(({ key }) => key), ["loss"]);
  assert.deepEqual(main.children.map(({ hidden }) => hidden), [false, true]);
});

test("charts of the system stand in their fold", () => {
  const { charts, main, system } = drawn();
  const figure = figureOf([trace("a", "loss"), trace("a", "lr", { axis: "2" })]);
  figure.layout.meta.charts[1].system = true;
  charts.show(cards(figure));
  assert.deepEqual([main.children.length, system.children.length], [1, 1]);
});
