// The view and its addresses.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  figureUrl, matcher, searchOf, sinceUrl, viewFrom, windowOf,
} from "../../static/js/view.js";

// Dates are UTC wherever the reader lives.
process.env.TZ = "Asia/Tokyo";

test("the plain page has no query", () => assert.equal(searchOf(viewFrom("")), ""));

test("a link shows the same view", () => {
  const search = "?run=a*&run=b&x=epoch&log=1&from=3&to=5.5&filter=loss%7Cacc&theme=dark";
  assert.equal(searchOf(viewFrom(search)), search);
});

test("what makes no sense in an address counts as not given", () => {
  const view = viewFrom("?x=foo&theme=pink&from=5&to=3&log=0&who=me");
  assert.equal(searchOf(view), "");
  assert.deepEqual([view.x, view.from, view.log], ["step", null, false]);
  assert.equal(viewFrom("?from=1").from, null);
  assert.equal(viewFrom("?log=true").log, false);
  assert.equal(viewFrom("?from=&to=5").from, null);
});

test("addresses are relative, and the filter stays on the page", () => {
  const view = viewFrom("?run=a%26b&metric=l*&points=500&log=1&filter=loss&from=1&to=2");
  assert.equal(
    figureUrl(view, "dark"),
    "figure.json?run=a%26b&metric=l*&points=500&x=step&log=1&from=1&to=2&theme=dark",
  );
  assert.equal(figureUrl(viewFrom("?theme=light"), "dark"), "figure.json?x=step&theme=light");
});

test("the stream is asked for the runs in view from the cursor on", () => {
  const view = viewFrom("?run=a&metric=l*");
  assert.equal(sinceUrl(view, "k.0.1~x"), "events?run=a&since=k.0.1%7Ex");
  assert.equal(sinceUrl(viewFrom(""), "c", "metrics.json"), "metrics.json?since=c");
});

test("a zoom becomes a window, rounded finer than a pixel", () => {
  const change = { "xaxis.range[0]": 1234.56789, "xaxis.range[1]": 2345.678 };
  assert.deepEqual(windowOf(change, "step"), [1235, 2346]);
  assert.deepEqual(windowOf({ "xaxis.range": [0.1234567, 0.2345678] }, "epoch"), [0.1235, 0.2346]);
});

test("back to all of it is a window without ends", () => {
  assert.deepEqual(windowOf({ "xaxis.autorange": true, "yaxis.autorange": true }, "step"), [null, null]);
});

test("a change that leaves x alone is no window", () => {
  assert.equal(windowOf({ autosize: true }, "step"), null);
  assert.equal(windowOf({ "yaxis.range[0]": 1, "yaxis.range[1]": 2 }, "step"), null);
  assert.equal(windowOf({ "xaxis.range": [5, 5] }, "step"), null);
});

test("a window of dates is UTC, also where Plotly shortens midnight", () => {
  const range = ["2026-11-23", "2026-11-23 12:00:30.5"];
  const midnight = Date.UTC(2026, 10, 23) / 1000;
  const [low, high] = windowOf({ "xaxis.range": range }, "wall_time");
  assert.equal(low, midnight);
  assert.ok(Math.abs(high - (midnight + 43_230.5)) < 50, String(high));
});

test("the filter is a regular expression without case", () => {
  const matches = matcher("^train/|ACC");
  assert.deepEqual(["train/loss", "val_acc", "val/train/"].map(matches), [true, true, false]);
  assert.equal(matcher("")("anything"), true);
});

test("half a regular expression is taken literally while it is typed", () => {
  assert.deepEqual(["loss(ema)", "loss"].map(matcher("loss(")), [true, false]);
});
