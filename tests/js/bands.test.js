// New points of a line whose x have several values.

import assert from "node:assert/strict";
import { test } from "node:test";

import { add, bandOf } from "../../static/js/bands.js";
import { trace } from "./support/figures.js";

/** A line at 1 and 2, the last the mean of 2 and 4, and its band. */
const banded = () => [
  trace("a", "loss", { live: false, band: true, x: [1, 2, 2, 1], y: [5, 4, 2, 3] }),
  trace("a", "loss", { x: [1, 2], y: [4, 3], values: 2 }),
];

test("the band of a line is the trace before it", () => {
  const [band, line] = banded();
  assert.equal(bandOf([band, line], 1), band);
  assert.equal(bandOf([line], 0), null);
  assert.equal(bandOf([trace("a", "acc"), line], 1), null);
});

test("one more value of the newest x moves its mean and widens its range", () => {
  const traces = banded();
  add(traces, 1, [2, 2], [9, 3]);
  assert.deepEqual(traces[1].y, [4, 4.5]);
  assert.deepEqual(traces[0].y, [5, 9, 2, 3]);
  assert.equal(traces[1].meta.values, 4);
});

test("the band is a ring that reaches to the newest x", () => {
  const traces = banded();
  add(traces, 1, [3, 4, 4], [7, 1, 2]);
  assert.deepEqual(traces[1].y, [4, 3, 7, 1.5]);
  assert.deepEqual(traces[0].x, [1, 2, 3, 4, 4, 3, 2, 1]);
  assert.deepEqual(traces[0].y, [5, 4, 7, 2, 1, 7, 2, 3]);
});

test("a value that is no number is in no mean; alone at its x it is a gap", () => {
  const traces = banded();
  add(traces, 1, [2, 3, 4, 4], [null, null, null, 6]);
  assert.deepEqual(traces[1].y, [4, 3, null, 6]);
  assert.deepEqual(traces[0].x, [1, 2, 4, 4, 2, 1]);
  assert.deepEqual(traces[0].y, [5, 4, 6, 6, 2, 3]);
});

test("a line without a band takes points as they are", () => {
  const traces = [trace("a", "loss")];
  add(traces, 0, [3, 4], [0.1, null]);
  assert.deepEqual([traces[0].x, traces[0].y], [[1, 2, 3, 4], [0.5, 0.4, 0.1, null]]);
});

test("no mean is beyond the largest number", () => {
  const traces = banded();
  add(traces, 1, [3, 3, 3], [1.7e308, 1.7e308, 1.7e308]);
  assert.ok(Number.isFinite(traces[1].y.at(-1)));
});
