// What new points do to the drawn traces.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cards } from "../../static/js/figure.js";
import { advance, indexOf, joined, plan } from "../../static/js/traces.js";
import { figureOf, trace } from "./support/figures.js";

const index = (...traces) => indexOf(cards(figureOf(traces)));
const values = (value, more = {}) => ({ step: null, epoch: null, wall_time: null, value, ...more });
/** An event's runs: one run `a` with these metrics. */
const points = (metrics, about = {}) => ({ a: { metrics, about } });
const updates = (runs, drawn, asked) => plan(runs, drawn, asked).updates;

test("the points of a frame become one update per chart", () => {
  const drawn = index(trace("a", "loss"), trace("a", "val", { chart: "loss" }), trace("a", "acc", { axis: "2" }));
  const planned = updates(points({
    loss: values([0.3, 0.2], { step: [3, 4] }),
    val: values([0.35], { step: [4] }),
    acc: values([0.9], { step: [4] }),
  }, { loss: { last: 0.2 } }), drawn);
  assert.deepEqual(planned, [
    { chart: "loss", update: { x: [[3, 4], [4]], y: [[0.3, 0.2], [0.35]] }, indices: [0, 1], last: [0.2, null] },
    { chart: "acc", update: { x: [[4]], y: [[0.9]] }, indices: [0], last: [null] },
  ]);
});

test("a value that is no number stays a gap", () => {
  const drawn = index(trace("a", "loss"));
  assert.deepEqual(updates(points({ loss: values([null], { step: [3] }) }), drawn)[0].update, { x: [[3]], y: [[null]] });
});

test("only the live trace of a metric grows", () => {
  const drawn = index(trace("a", "loss"), trace("a", "loss", { live: false }));
  assert.deepEqual(updates(points({ loss: values([1], { step: [3] }) }), drawn)[0].indices, [0]);
});

const KINDS = [
  ["epoch", {}, [2.5]],
  ["wall_time", {}, [1_000_000]],
  ["relative", { origin: 990 }, [10]],
  ["index", { x: "index" }, [3]],
];
for (const [kind, more, expected] of KINDS) {
  test(`x is what the trace has: ${kind}`, () => {
    const shape = { ...more };
    const made = trace("a", "loss", { ...shape, x: [1, 2] });
    made.meta.x = kind;
    const given = kind === "index" ? {} : { epoch: [2.5], wall_time: [1000] };
    assert.deepEqual(updates(points({ loss: values([1], given) }), index(made))[0].update.x, [expected]);
  });
}

test("without steps the next point has the next number", () => {
  const made = trace("a", "loss", { x: [7, 8] });
  made.meta.x = "index";
  const drawn = index(made);
  const event = points({ loss: values([1, 2]) });
  assert.deepEqual(updates(event, drawn)[0].update.x, [[9, 10]]);
  advance(plan(event, drawn));
  assert.deepEqual(updates(event, drawn)[0].update.x, [[11, 12]]);
});

const STEP = { step: [3] };
const LOADS = [
  ["an unknown metric", points({ acc: values([1], STEP) })],
  ["an unknown run", { b: { metrics: { loss: values([1], STEP) } } }],
  ["a new segment", points({ loss: values([1], STEP) }, { loss: { segments: [0] } })],
  ["a point without the trace's x", points({ loss: values([1, 2], { step: [3, null] }) })],
  ["points without any x", points({ loss: values([1]) })],
  ["a value that is no number", points({ loss: values([null], STEP) }, { loss: { nonfinite: [[0, "nan"]] } })],
];
for (const [what, event] of LOADS) {
  test(`${what} calls for a new figure`, () => {
    const planned = plan(event, index(trace("a", "loss")));
    assert.notEqual(planned.why, "");
  });
}

test("steps that begin later call for a new figure", () => {
  const made = trace("a", "loss");
  made.meta.x = "index";
  assert.notEqual(plan(points({ loss: values([1], STEP) }), index(made)).why, "");
});

test("a trace grown past twice its points calls for a new figure", () => {
  const long = (n) => Array.from({ length: n }, (_, i) => i);
  const drawn = index(trace("a", "loss", { x: long(3000), y: long(3000) }));
  const event = (from) => points({ loss: values(long(1500), { step: long(1500).map((i) => from + i) }) });
  for (const from of [3000, 4500]) {
    const planned = plan(event(from), drawn);
    assert.equal(planned.why, "");
    advance(planned);
  }
  const planned = plan(event(6000), drawn);
  assert.deepEqual([planned.why, planned.updates], ["trace has grown", []]);
});

test("a trace with markers calls for a new figure while it is still short", () => {
  const made = { ...trace("a", "loss"), mode: "lines+markers" };
  const event = (n) => points({ loss: values(Array(n).fill(1), { step: Array(n).fill(3) }) });
  assert.equal(plan(event(78), index(made)).why, "");
  assert.notEqual(plan(event(79), index(made)).why, "");
});

test("what a new figure did not mend is left out, the rest goes on", () => {
  const drawn = index(trace("a", "loss"), trace("a", "acc", { axis: "2" }));
  const event = points({ other: values([1], STEP), loss: values([1, 2], { step: [3, null] }), acc: values([5], STEP) });
  const planned = plan(event, drawn, () => true);
  assert.equal(planned.why, "");
  assert.deepEqual(planned.updates.map(({ chart, update }) => [chart, update.y]), [["loss", [[1]]], ["acc", [[5]]]]);
});

test("what fits is drawn at once, also while a new figure is due", () => {
  const drawn = index(trace("a", "loss"), trace("a", "acc", { axis: "2" }));
  const planned = plan(points({ other: values([1], STEP), acc: values([5], STEP) }), drawn);
  assert.deepEqual(planned.keys, ['["a","other"]']);
  assert.deepEqual(planned.updates.map(({ chart }) => chart), ["acc"]);
});

test("a value that is no number is a gap at once, and the figure that counts it is asked for ever less often", () => {
  const event = points({ loss: values([null], STEP) }, { loss: { nonfinite: [[0, "nan"]] } });
  const planned = plan(event, index(trace("a", "loss")));
  assert.deepEqual(planned.updates[0].update, { x: [[3]], y: [[null]] });
  assert.equal(planned.keys.length, 1);
  assert.equal(plan(event, index(trace("a", "loss")), (key) => planned.keys.includes(key)).why, "");
});

test("nothing is added to a trace that waits for its new segment", () => {
  const drawn = index(trace("a", "loss"));
  advance(plan(points({ loss: values([1], STEP) }, { loss: { segments: [0] } }), drawn));
  const planned = plan(points({ loss: values([1], { step: [9] }) }), drawn);
  assert.deepEqual(planned.updates, []);
  assert.notEqual(planned.why, "");
});

test("a line never goes back: an earlier point is for the new figure", () => {
  const drawn = index(trace("a", "loss"));
  const planned = plan(points({ loss: values([0.3, 0.9, 0.2], { step: [4, 3, 5] }) }), drawn);
  assert.deepEqual(planned.updates[0].update, { x: [[4, 5]], y: [[0.3, 0.2]] });
  assert.notEqual(planned.why, "");
  advance(planned);
  assert.deepEqual(updates(points({ loss: values([1], { step: [4] }) }), drawn), []);
});

test("a second value of the newest x is for the new figure, the same value again is no news", () => {
  const drawn = index(trace("a", "loss"));
  const planned = plan(points({ loss: values([0.3, 0.7], { step: [4, 4] }) }), drawn);
  assert.deepEqual(planned.updates[0].update, { x: [[4]], y: [[0.3]] });
  assert.notEqual(planned.why, "");
  advance(planned);
  const again = plan(points({ loss: values([0.3, 0.3], { step: [4, 4] }) }), drawn);
  assert.deepEqual([again.updates, again.why], [[], ""]);
});

test("a line with a band takes every value of its newest x", () => {
  const drawn = index(trace("a", "loss", { live: false, band: true }), trace("a", "loss"));
  const planned = plan(points({ loss: values([0.3, 0.7, 0.3], { step: [2, 3, 3] }) }), drawn);
  assert.deepEqual(planned.updates[0].update, { x: [[2, 3, 3]], y: [[0.3, 0.7, 0.3]] });
  assert.deepEqual([planned.updates[0].indices, planned.why], [[1], ""]);
});

test("a new segment is never drawn into the old one, asked or not", () => {
  const event = points({ loss: values([1], STEP) }, { loss: { segments: [0] } });
  assert.notEqual(plan(event, index(trace("a", "loss")), () => true).why, "");
});

test("hostile names are names", () => {
  const drawn = index(trace("__proto__", "constructor"));
  const runs = JSON.parse('{"__proto__": {"metrics": {"constructor": {"step": [3], "value": [1]}}}}');
  assert.deepEqual(updates(runs, drawn)[0].update, { x: [[3]], y: [[1]] });
  assert.notEqual(plan(JSON.parse('{"a": {"metrics": {"__proto__": {"value": [1]}}}}'), drawn).why, "");
});

test("two updates of a chart become one", () => {
  const one = { chart: "loss", update: { x: [[1]], y: [[10]] }, indices: [1], last: [10] };
  const two = { chart: "loss", update: { x: [[5], [2]], y: [[50], [20]] }, indices: [0, 1], last: [50, null] };
  assert.deepEqual(joined(one, two), {
    chart: "loss", update: { x: [[1, 2], [5]], y: [[10, 20], [50]] }, indices: [1, 0], last: [10, 50],
  });
  assert.deepEqual(one.update.x, [[1]]);
});
