// The server's figure, split into one figure per chart.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cards } from "../../static/js/figure.js";
import { figureOf, trace } from "./support/figures.js";

const TWO = () => figureOf([
  trace("a", "loss"),
  trace("a", "acc", { axis: "2" }),
  trace("a", "val_loss", { chart: "loss", label: "val" }),
]);

test("each chart has its traces on axes of its own", () => {
  const [loss, acc] = cards(TWO());
  assert.deepEqual(loss.traces.map(({ meta }) => meta.metric), ["loss", "val_loss"]);
  assert.deepEqual(acc.traces.map(({ xaxis, yaxis }) => [xaxis, yaxis]), [["x", "y"]]);
  assert.equal(acc.layout.yaxis.nticks, 6);
});

test("what places a chart among the others is left out, how it looks is kept", () => {
  const [, acc] = cards(TWO());
  assert.deepEqual(acc.layout.font, { size: 12 });
  assert.equal(acc.layout.uirevision, "tailplot");
  for (const name of ["xaxis2", "annotations", "height", "meta"]) assert.ok(!(name in acc.layout), name);
  for (const name of ["domain", "anchor"]) assert.ok(!(name in acc.layout.xaxis), name);
});

test("no room is kept for an empty axis title", () => {
  const titled = (text) => cards(figureOf([trace("a", "loss")], { xaxis: { title: { text } } }))[0].layout.xaxis;
  assert.ok(!("title" in titled("")));
  assert.deepEqual(titled("epoch").title, { text: "epoch" });
});

test("the figure that came is not changed", () => {
  const figure = TWO();
  const before = structuredClone(figure);
  cards(figure, { touch: true });
  assert.deepEqual(figure, before);
});

test("the key names the live traces only", () => {
  const old = trace("a", "loss", { live: false });
  const [loss] = cards(figureOf([old, trace("a", "loss", { label: "train", last: 0.25 })]));
  assert.deepEqual(loss.keys, [null, { label: "train", colour: "#0068b5", dash: "solid", last: 0.25 }]);
});

test("the marks of a chart are on its own axes", () => {
  const figure = TWO();
  figure.layout.shapes = ["x", "x2"].map((xref) => ({ type: "path", path: `M${xref}`, xref, yref: `y${xref.slice(1)} domain` }));
  const mark = (path) => [{ type: "path", path, xref: "x", yref: "y domain" }];
  assert.deepEqual(cards(figure).map(({ layout }) => layout.shapes), [mark("Mx"), mark("Mx2")]);
});

test("the window of the figure is the chart's", () => {
  const axis = { title: { text: "" }, range: [10, 20] };
  const [{ layout }] = cards(figureOf([trace("a", "loss")], { xaxis: axis }));
  assert.deepEqual(layout.xaxis.range, [10, 20]);
});

test("what a reader zoomed by hand ends with another x, another window or another scale", () => {
  const revision = (layout) => {
    const [{ layout: { xaxis, yaxis } }] = cards(figureOf([trace("a", "loss")], layout));
    return [xaxis.uirevision, yaxis.uirevision];
  };
  const meta = (x) => ({ ...figureOf([trace("a", "loss")]).layout.meta, x });
  const plain = revision({});
  assert.deepEqual(revision({}), plain);
  assert.notEqual(revision({ meta: meta("epoch") })[0], plain[0]);
  const window = { xaxis: { title: { text: "" }, range: [1, 2] } };
  assert.notEqual(revision(window)[0], plain[0]);
  assert.equal(revision(window)[1], plain[1]);
  assert.notEqual(revision({ yaxis: { type: "log" } })[1], plain[1]);
});

test("a finger scrolls the page instead of zooming", () => {
  assert.equal(cards(TWO(), { touch: true })[0].layout.dragmode, false);
  assert.ok(!("dragmode" in cards(TWO())[0].layout));
});

test("hostile names are names", () => {
  const list = cards(figureOf(["__proto__", "constructor"].map((name) => trace("a", name))));
  assert.deepEqual(list.map(({ key, traces }) => [key, traces.length]), [["__proto__", 1], ["constructor", 1]]);
  assert.equal({}.polluted, undefined);
});
