// The stream of events: back-off, watchdog, polling.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeStream, only } from "../../static/js/stream.js";
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
  const ask = async (url) => {
    asked.push(url);
    return url === "healthz" ? { status: health, ok: health === 200, text: "" } : poll(url);
  };
  const tell = (name) => (payload) => heard.push([name, payload]);
  const status = (runs, whole) => heard.push([whole ? "all" : "status", runs]);
  const on = { points: tell("points"), status, reset: tell("reset"), link: tell("link") };
  const urlOf = (cursor, route) => `${route}?since=${cursor}`;
  const stream = makeStream({ ...clock, EventSource, ask, random: () => 0.5 }, urlOf, on);
  return { clock, sources, asked, heard, stream, links: () => heard.filter(([n]) => n === "link").map(([, p]) => p) };
}

const answer = (body) => () => ({ status: 200, ok: true, text: JSON.stringify(body) });

test("points and states are told as they come", () => {
  const { sources, heard, stream } = stage();
  stream.open("c0");
  assert.equal(sources[0].url, "events?since=c0");
  sources[0].onopen();
  sources[0].send("points", { cursor: "c1", runs: {} }, "c1");
  sources[0].send("status", { runs: { a: 1 } });
  sources[0].send("status", { runs: { a: 2 } });
  assert.deepEqual(heard.filter(([name]) => name !== "link"), [
    ["points", { cursor: "c1", runs: {} }], ["all", { a: 1 }], ["status", { a: 2 }],
  ]);
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
  assert.deepEqual([...new Set(links())], ["open", "reconnecting"]);
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
  assert.deepEqual(links(), []);
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

test("while polling, a stream is tried every 60 s, and its first word ends the polling", async () => {
  const { clock, sources, asked, stream, links } = stage({ poll: answer({ cursor: "c9", runs: {} }) });
  stream.open("c0");
  await clock.pass(65_000);
  assert.equal(sources[1].url, "events?since=c9");
  const polled = asked.length;
  await clock.pass(4_000);
  assert.ok(asked.length > polled, "polling does not wait for it");
  sources[1].send("status", { runs: {} });
  assert.ok(sources[1].closed, "it goes on where polling was by then");
  assert.equal(sources[2].url, "events?since=c9");
  sources[2].send("status", { runs: {} });
  assert.equal(links().at(-1), "open");
  const until = asked.length;
  await clock.pass(20_000);
  assert.equal(asked.length, until);
});

test("a try that hears nothing is closed, and nobody notices", async () => {
  const { clock, sources, stream, links } = stage({ poll: answer({ cursor: "c9", runs: {} }) });
  stream.open("c0");
  await clock.pass(65_000 + 5_000);
  assert.ok(sources[1].closed);
  await clock.pass(60_000);
  assert.equal(sources.length, 3);
  assert.deepEqual([...new Set(links())], ["polling"]);
});

test("polls that are answered again try the stream at once", async () => {
  let up = false;
  const { clock, sources, stream, links } = stage({
    poll: () => (up ? answer({ runs: {} })() : { status: 502, ok: false, text: "" }),
  });
  stream.open("c0");
  await clock.pass(20_000);
  assert.equal(links().at(-1), "reconnecting");
  up = true;
  await clock.pass(15_000);
  assert.equal(sources.length, 2);
});

test("a server that does not answer is polled after 2, 4, 8, 15, 15 s", async () => {
  const { clock, asked, stream } = stage();
  stream.open("c0");
  await clock.pass(5_000);
  const waits = [];
  for (let i = 0; i < 5; i += 1) {
    const [began, before] = [clock.now(), asked.length];
    while (asked.length === before) await clock.pass(500);
    waits.push((clock.now() - began) / 1000);
  }
  assert.deepEqual(waits, [2, 4, 8, 15, 15]);
});

test("while polling, the states are those of the runs in view", async () => {
  const { clock, heard, stream } = stage({
    poll: (url) => answer({ cursor: "c9", runs: url === "status.json" ? { a: 1, other: 2 } : { a: {} } })(),
  });
  stream.open("c0");
  await clock.pass(6_000);
  assert.deepEqual(heard.filter(([name]) => name === "all"), [["all", { a: 1 }]]);
  assert.deepEqual(only(["a", "__proto__"], { a: 1 }), { a: 1 });
});

test("a network that is back is tried at once", async () => {
  const { clock, sources, stream } = stage({ health: 502 });
  stream.hurry();
  assert.equal(sources.length, 0, "nothing is followed yet");
  stream.open("c0");
  for (const ms of [1000, 2000, 4000, 0]) {
    sources.at(-1).onerror();
    await clock.pass(ms);
  }
  const before = sources.length;
  stream.hurry();
  assert.equal(sources.length, before + 1);
  stream.close();
  stream.hurry();
  assert.equal(sources.length, before + 1);
});

test("a network that is back while polling is asked both ways at once", async () => {
  const { clock, sources, asked, stream } = stage({ poll: answer({ runs: {} }) });
  stream.open("c0");
  await clock.pass(6_000);
  const [polled, tried] = [asked.length, sources.length];
  stream.hurry();
  assert.deepEqual([asked.length, sources.length], [polled + 1, tried + 1]);
});

test("a stream that is cut again and again in the middle of its life is back within 1.25 s each time", async () => {
  const { clock, sources, stream } = stage();
  stream.open("c0");
  for (let i = 0; i < 20; i += 1) {
    sources.at(-1).send("points", { cursor: `c${i}` }, `c${i}`);
    sources.at(-1).onerror();
    const before = sources.length;
    await clock.pass(1_250);
    assert.equal(sources.length, before + 1);
    assert.equal(sources.at(-1).url, `events?since=c${i}`);
  }
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
  await clock.pass(12_000);
  assert.equal(links().at(-1), "reconnecting");
  assert.ok(asked.length >= 3);
});

test("a reset closes the stream before it is told", () => {
  const { sources, heard, stream } = stage();
  stream.open("c0");
  sources[0].send("reset", {});
  assert.ok(sources[0].closed);
  assert.deepEqual(heard.at(-1), ["reset", undefined]);
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
  assert.deepEqual(links().at(-1), "stopped");
});

test("a closed stream asks for nothing and listens to no late answer", async () => {
  let late;
  const { clock, heard, stream } = stage({ poll: () => new Promise((resolve) => (late = resolve)) });
  stream.open("c0");
  await clock.pass(5_000);
  stream.close();
  late(answer({ runs: {} })());
  await clock.pass(120_000);
  assert.equal(clock.waiting(), 0);
  assert.deepEqual(heard, []);
});
