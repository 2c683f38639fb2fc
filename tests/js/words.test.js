// Numbers, durations, sizes and states in words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  beyond, count, duration, facts, factsOfAll, headline, mostAlive, number, ofBytes, progress, systemWords,
} from "../../static/js/words.js";

const OPEN = { link: "open", since: 0 };
const run = (more) => ({ state: "live", last_line_age: 0.4, heard: 0, ...more });

// The server's words for the same: tests/test_words.py reads the same table.
const TABLE = JSON.parse(readFileSync(new URL("../words.json", import.meta.url), "utf8"));

for (const [value, words] of TABLE.number) {
  // JSON knows no NaN and no infinity: they stand there as text.
  test(`${value} is written ${words}`, () => assert.equal(number(value === null ? null : Number(value)), words));
}
for (const [many, words] of TABLE.count) {
  test(`${many} are counted as ${words}`, () => assert.equal(count(many), words));
}
for (const [seconds, words] of TABLE.duration) {
  test(`${seconds} s are ${words}`, () => assert.equal(duration(seconds), words));
}

for (const [leftOut, words] of TABLE.beyond) {
  test(`${leftOut} series left out are told as "${words}"`, () => assert.equal(beyond(leftOut), words));
}
test("nothing is said where the server says nothing", () => assert.equal(beyond(undefined), ""));

test("both sizes stand in the unit of the whole", () => {
  assert.equal(ofBytes(34.2e6, 90e6), "34 of 90 MB");
  assert.equal(ofBytes(0.51e9, 1.2e9), "0.5 of 1.2 GB");
  assert.equal(ofBytes(0, 900), "0.0 of 0.9 kB");
});

test("states are told in words", () => {
  const told = (more, now = 0) => headline(run(more), OPEN, now).text;
  assert.equal(told({}), "Live");
  assert.equal(told({ state: "loading", offset: 34e6, size: 90e6 }), "Loading 34 of 90 MB");
  assert.equal(told({ state: "quiet", last_line_age: 0 }, 14 * 60_000), "Quiet for 14 min");
  assert.equal(told({ state: "finished" }), "Finished");
  assert.equal(told({ state: "denied" }), "No permission to read");
  assert.equal(headline(undefined, OPEN, 0).text, "Connecting…");
});

test("waiting says for which file, without the reason", () => {
  const told = (text) => headline(run({ state: "waiting", text }), OPEN, 0).text;
  assert.equal(told("Waiting for train.log. It is read as soon as …"), "Waiting for train.log");
  assert.equal(told("Waiting for train.log (no such file). It is …"), "Waiting for train.log");
  assert.equal(told("anything else"), "Waiting");
  assert.equal(told(undefined), "Waiting");
});

test("a broken link speaks louder than the run", () => {
  const since = new Date(2026, 0, 1, 12, 3).getTime();
  const told = (link, after = 2_500) => headline(run({}), { link, since }, since + after).text;
  assert.equal(told("reconnecting"), "Reconnecting…");
  assert.equal(told("reconnecting", 15_000), "Reconnecting since 12:03…");
  assert.equal(told("stopped"), "Server stopped at 12:03");
  assert.equal(told("polling"), "Live (polling)");
  assert.equal(told("refused"), "Nothing to show");
  assert.match(told("denied"), /token/);
});

test("a link that is mended within 2.5 s was never broken", () => {
  const told = (before, now) => headline(run({}), { link: "reconnecting", since: 0, before }, now).text;
  assert.equal(told("open", 2_499), "Live");
  assert.equal(told("polling", 2_499), "Live (polling)");
  assert.equal(told("open", 2_500), "Reconnecting…");
});

test("the most alive run speaks for all, and of two the one with the newer line", () => {
  const [quiet, old, live] = [run({ state: "quiet" }), run({ last_line_age: 9 }), run({ last_line_age: 1 })];
  assert.equal(mostAlive([quiet, old, live], 0), live);
  assert.equal(mostAlive([run({ state: "unheard-of" }), quiet], 0), quiet);
  assert.equal(mostAlive([], 0), undefined);
});

test("facts tell the last line, the pace, the step and the end, each only where it is known", () => {
  const told = facts(run({ rate: 4.21, step: 12345, total: 36000, eta: 5640 }), 2000);
  assert.deepEqual(told.map((parts) => parts.join("")), [
    "last line 2.4 s ago", "4.2 steps/s", "step 12,345 of 36,000", "done in about 1 h 34 min",
  ]);
  assert.deepEqual(facts(run({ last_line_age: null, rate: null, step: null, eta: null }), 0), []);
});

test("a slow run is told in seconds per step", () => {
  assert.deepEqual(facts(run({ last_line_age: null, rate: 0.05 }), 0), [["", "20", " s/step"]]);
});

test("several runs are told by how many are live", () => {
  const told = factsOfAll([run({}), run({ state: "quiet", last_line_age: 99 })], 0);
  assert.deepEqual(told.map((parts) => parts.join("")), ["last line 0.4 s ago", "1 of 2 live"]);
});

test("progress is of the log while it loads and of the training afterwards", () => {
  assert.equal(progress(run({ state: "loading", offset: 1, size: 4, step: 9, total: 10 })), 0.25);
  assert.equal(progress(run({ step: 9, total: 10 })), 0.9);
  assert.equal(progress(run({ step: 12, total: 10 })), 1);
  assert.equal(progress(run({ step: 9, total: null })), null);
  assert.equal(progress(undefined), null);
});

test("the fold names three charts and counts them", () => {
  assert.equal(systemWords(["lr", "mem"]), "System: lr, mem");
  assert.equal(systemWords(["lr", "mem", "time", "eta"]), "System: lr, mem, time (4)");
});
