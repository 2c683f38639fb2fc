// What a hidden tab asks for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeGlance } from "../../static/js/glance.js";

/** A server with these answers, for which the cursor `gone` names other bytes. */
function stage(answers, gone) {
  const asked = [];
  const ask = async (url) => {
    asked.push(url);
    if (url.includes(`since=${gone}&`)) return { status: 410, ok: false, text: "" };
    const { status = 200, body = {} } = answers[url.split("?")[0]];
    return { status, ok: status === 200, text: JSON.stringify(body) };
  };
  return { asked, glance: makeGlance(ask, (cursor) => `metrics.json?since=${cursor}`) };
}

const METRICS = { body: { cursor: "c2", runs: { a: { metrics: {} } } } };
const STATES = { body: { runs: { a: { state: "live" }, other: { state: "quiet" } } } };

test("it asks for four points a curve from where it was, and for the states of the runs in view", async () => {
  const { asked, glance } = stage({ "metrics.json": METRICS, "status.json": STATES });
  glance.from("c1");
  assert.deepEqual(await glance.look(), { states: { a: { state: "live" } }, points: METRICS.body.runs });
  await glance.look();
  assert.deepEqual(asked, [
    "metrics.json?since=c1&points=4", "status.json", "metrics.json?since=c2&points=4", "status.json",
  ]);
});

test("a cursor that is gone is given up, and all is looked at", async () => {
  const { asked, glance } = stage({ "metrics.json": METRICS, "status.json": STATES }, "c1");
  glance.from("c1");
  assert.deepEqual((await glance.look()).points, METRICS.body.runs);
  assert.deepEqual(asked, ["metrics.json?since=c1&points=4", "metrics.json?since=&points=4", "status.json"]);
});

test("a refusal and a silence are told apart", async () => {
  assert.equal(await stage({ "metrics.json": { status: 401 }, "status.json": {} }).glance.look(), "denied");
  assert.equal(await stage({ "metrics.json": { status: 502 }, "status.json": STATES }).glance.look(), null);
});
