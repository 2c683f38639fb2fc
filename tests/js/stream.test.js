// The stream of events: back-off, watchdog, polling.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeStream } from "../../static/js/stream.js";
import { makeClock } from "./support/clock.js";

/** A stream on a clock of its own, from a server that answers `health` and `polls`. */
function stage({ health = 200, poll = () => ({ status: 503, ok: false }) } = {}) {
  const clock = makeClock();
  const sources = [];
  const asked = [];
  const heard = [];
  class EventSource {
    constructor(url) {
      Object.assign(this, { url, closed: false, listeners: new Map() });
      sources.push(this);
    }

    addEventListener(name, listener) {
      this.listeners.set(name, listener);
    }

    send(name, payload, lastEventId = "") {
      this.listeners.get(name)({ data: JSON.stringify(payload), lastEventId });
    }

    close() {
      this.closed = true;
    }
  }
  const fetch = async (url) => {
    asked.push(url);
    return url === "healthz" ? { status: health, ok: health === 200 } : poll(url);
  };
  const tell = (name) => (payload) => heard.push([name, payload]);
  const on = { points: tell("points"), status: tell("status"), reset: tell("reset"), link: tell("link") };
  const urlOf = (cursor, route) => `${route}?since=${cursor}`;
  const stream = makeStream({ ...clock, EventSource, fetch, random: () => 0.5 }, urlOf, on);
  return { clock, sources, asked, heard, stream, links: () => heard.filter(([n]) => n === "link").map(([, p]) => p) };
}

const answer = (body) => () => ({ status: 200, ok: true, json: async () => body });

test("points and states are told as they come", () => {
  const { sources, heard, stream } = stage();
  stream.open("c0");
  assert.equal(sources[0].url, "events?since=c0");
  sources[0].onopen();
  sources[0].send("points", { cursor: "c1", runs: {} }, "c1");
  sources[0].send("status", { runs: { a: 1 } });
  assert.deepEqual(heard, [["link", "open"], ["points", { cursor: "c1", runs: {} }], ["status", { a: 1 }]]);
});

test("a closed stream is opened again from the last id after 1, 2, 4 … 30 s", async () => {
  const { clock, sources, stream, links } = stage({ health: 502 });
  stream.open("c0");
  sources[0].send("points", { cursor: "c1" }, "c1");
  const waits = [];
  for (let i = 0; i < 7; i += 1) {
    sources.at(-1).onerror();
    const [began, before] = [clock.now(), sources.length];
    while (sources.length === before) await clock.pass(500);
    waits.push((clock.now() - began) / 1000);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30]);
  assert.equal(sources.at(-1).url, "events?since=c1");
  assert.ok(sources.slice(0, -1).every(({ closed }) => closed));
  assert.equal(links()[0], "reconnecting");
});

test("an event ends the back-off", async () => {
  const { clock, sources, stream } = stage({ health: 502 });
  stream.open("c0");
  for (const ms of [1000, 2000]) {
    sources.at(-1).onerror();
    await clock.pass(ms);
  }
  sources.at(-1).send("status", { runs: {} });
  sources.at(-1).onerror();
  await clock.pass(1000);
  assert.equal(sources.length, 4);
});

test("a reader who may not look any more is told so, and nothing is asked again", async () => {
  const { clock, sources, stream, links } = stage({ health: 403 });
  stream.open("c0");
  sources[0].onerror();
  await clock.pass(120_000);
  assert.deepEqual(links(), ["reconnecting", "denied"]);
  assert.equal(sources.length, 1);
  assert.equal(clock.waiting(), 0);
});

test("a stream without a word for 5 s is replaced by polling every 2 s", async () => {
  const { clock, sources, asked, heard, stream, links } = stage({ poll: answer({ cursor: "c9", runs: {} }) });
  stream.open("c0");
  await clock.pass(4_999);
  assert.deepEqual(asked, []);
  await clock.pass(4_001);
  assert.ok(sources[0].closed);
  assert.deepEqual(asked, ["metrics.json?since=c0", "status.json", "metrics.json?since=c9", "metrics.json?since=c9"]);
  assert.equal(heard.filter(([name]) => name === "points").length, 3);
  assert.equal(links().at(-1), "polling");
});

test("headers alone are no word", async () => {
  const { clock, sources, stream, links } = stage({ poll: answer({ runs: {} }) });
  stream.open("c0");
  sources[0].onopen();
  await clock.pass(5_001);
  assert.equal(links().at(-1), "polling");
});

test("a stream that falls silent for 35 s is replaced by polling", async () => {
  const { clock, sources, asked, stream } = stage({ poll: answer({ runs: {} }) });
  stream.open("c0");
  sources[0].send("status", { runs: {} });
  await clock.pass(34_999);
  assert.deepEqual(asked, []);
  await clock.pass(1);
  assert.equal(asked[0], "metrics.json?since=c0");
});

test("while polling, the stream is tried again every 60 s from where polling is", async () => {
  const { clock, sources, asked, stream } = stage({ poll: answer({ cursor: "c9", runs: {} }) });
  stream.open("c0");
  await clock.pass(65_000);
  assert.equal(sources[1].url, "events?since=c9");
  const polled = asked.length;
  sources[1].send("status", { runs: {} });
  await clock.pass(20_000);
  assert.equal(asked.length, polled);
});

test("a server that is well but has no stream to spare is polled", async () => {
  const { clock, sources, asked, stream } = stage({ poll: answer({ runs: {} }) });
  stream.open("c0");
  for (const ms of [1000, 2000, 0]) {
    sources.at(-1).onerror();
    await clock.pass(ms);
  }
  assert.ok(asked.includes("metrics.json?since=c0"));
});

test("polling a server that is gone says so and goes on", async () => {
  const { clock, asked, stream, links } = stage();
  stream.open("c0");
  await clock.pass(10_000);
  assert.equal(links().at(-1), "reconnecting");
  assert.ok(asked.length >= 3);
});

test("a reset closes the stream before it is told", () => {
  const { sources, heard, stream } = stage();
  stream.open("c0");
  sources[0].send("reset", {});
  assert.ok(sources[0].closed);
  assert.deepEqual(heard, [["reset", undefined]]);
});

test("a cursor that polling finds gone is a reset", async () => {
  const { clock, heard, stream } = stage({ poll: () => ({ status: 410, ok: false }) });
  stream.open("c0");
  await clock.pass(20_000);
  assert.deepEqual(heard, [["reset", undefined]]);
});

test("a server that stops says so", () => {
  const { sources, stream, links } = stage();
  stream.open("c0");
  sources[0].send("status", { stop: true });
  assert.deepEqual(links(), ["stopped"]);
});

test("a closed stream asks for nothing and listens to no late answer", async () => {
  let late;
  const { clock, heard, stream } = stage({ poll: () => new Promise((resolve) => (late = resolve)) });
  stream.open("c0");
  await clock.pass(5_000);
  stream.close();
  late({ status: 200, ok: true, json: async () => ({ runs: {} }) });
  await clock.pass(120_000);
  assert.equal(clock.waiting(), 0);
  assert.deepEqual(heard, []);
});
