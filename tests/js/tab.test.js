// The title and the icon of a tab, and the curves that end in no number.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeNans } from "../../static/js/nans.js";
import { makeTab, titleOf } from "../../static/js/tab.js";
import { headline } from "../../static/js/words.js";
import { figureOf, trace } from "./support/figures.js";

const run = (more) => ({ state: "live", last_line_age: 0.4, heard: 0, ...more });
const title = (runs, { link = "open", nan = "", now = 0 } = {}) => {
  const all = new Map(Object.entries(runs));
  const said = headline([...all.values()][0], { link, since: -10_000 }, now);
  return titleOf(all, { headline: said, name: "train", nan, now });
};

for (const [status, words] of [
  [{ step: 12345 }, "12,345 · train"],
  [{ step: 340, total: 1000 }, "34 % · train"],
  [{ step: null }, "live · train"],
  [{ state: "quiet", last_line_age: 840 }, "quiet 14 min · train"],
  [{ state: "finished", step: 10, total: 10 }, "finished · train"],
  [{ state: "loading", offset: 1, size: 4 }, "loading 25 % · train"],
  [{ state: "loading" }, "loading … · train"],
  [{ state: "waiting" }, "waiting · train"],
  [{ state: "denied" }, "no permission · train"],
  [{ state: "unreadable" }, "unreadable · train"],
]) {
  test(`the tab says ${words}`, () => assert.equal(title({ train: run(status) }), words));
}

test("a curve that ends in NaN comes before all else but the link", () => {
  assert.equal(title({ train: run({ step: 7 }) }, { nan: "train" }), "NaN · train");
  assert.equal(title({ a: run({}), b: run({}) }, { nan: "b" }), "NaN · b");
  assert.equal(title({ train: run({}) }, { nan: "train", link: "stopped" }), "server stopped · train");
});

test("several runs are told by how many are live", () => {
  assert.equal(title({ a: run({}), b: run({ state: "quiet" }) }), "1 live · 2 runs");
  assert.equal(title({ a: run({ state: "finished" }), b: run({ state: "finished" }) }), "finished · 2 runs");
});

test("the link is told where it is broken", () => {
  assert.equal(title({ train: run({}) }, { link: "reconnecting" }), "no answer · train");
  assert.equal(title({ train: run({}) }, { link: "denied" }), "access expired · train");
  assert.equal(title({ train: run({ step: 7 }) }, { link: "polling" }), "7 · train");
  assert.equal(title({}, { link: "connecting" }), "train");
});

test("the icon takes the tone's colour and keeps its shape", () => {
  const icon = { href: "data:image/svg+xml,%3Cpath d='M1 2' stroke='%230068b5' stroke-width='2.5'/%3E" };
  const tab = makeTab({ title: "train", querySelector: () => icon });
  tab.show("NaN · train", "bad");
  assert.equal(icon.href, "data:image/svg+xml,%3Cpath d='M1 2' stroke='%23e0453a' stroke-width='2.5'/%3E");
  tab.show("7 · train", "live");
  assert.match(icon.href, /stroke='%2312a065'/);
});

const points = (metric, value, last = null) => ({ a: { metrics: { [metric]: { value } }, about: { [metric]: { last } } } });

test("a curve that had values and ends in none is told, until it has one again", () => {
  const nans = makeNans();
  nans.figure(figureOf([trace("a", "loss")]));
  assert.equal(nans.run(), "");
  nans.points(points("loss", [0.3, null], 0.3));
  assert.equal(nans.run(), "a");
  nans.points(points("loss", [null]));
  assert.equal(nans.run(), "a");
  nans.points(points("loss", [0.2], 0.2));
  assert.equal(nans.run(), "");
});

test("a curve that is drawn with NaN at its end is told", () => {
  const nans = makeNans();
  nans.figure(figureOf([trace("a", "loss", { y: [0.5, null], last: 0.5 })]));
  assert.equal(nans.run(), "a");
  nans.figure(figureOf([trace("a", "loss")]));
  assert.equal(nans.run(), "");
});

test("a metric that never had a value is no news", () => {
  const nans = makeNans();
  nans.figure(figureOf([trace("a", "fid", { y: [null, null], last: null })]));
  nans.points(points("fid", [null]));
  nans.points(points("__proto__", [null]));
  assert.equal(nans.run(), "");
});
