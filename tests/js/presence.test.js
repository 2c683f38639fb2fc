// When a tab holds a stream.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makePresence } from "../../static/js/presence.js";
import { makeClock, settled } from "./support/clock.js";

/** A tab that the test shows and hides; `calls` is what its presence asked for. */
function stage({ hidden = false } = {}) {
  const clock = makeClock();
  const is = { hidden, offline: false, answer: "states", asleep: 0 };
  const calls = [];
  const call = (name) => () => calls.push(name);
  const presence = makePresence(
    { ...clock, now: () => clock.now() + is.asleep, hidden: () => is.hidden, offline: () => is.offline },
    {
      load: call("load"), leave: call("leave"), hurry: call("hurry"),
      glance: async () => calls.push("glance") && is.answer,
      glanced: (heard) => calls.push(heard === null ? "no answer" : "glanced"),
    },
  );
  const turn = (now) => () => {
    is.hidden = now;
    presence.change();
  };
  /** What was asked for since the last time. */
  const news = () => calls.splice(0);
  return { clock, is, presence, news, hide: turn(true), show: turn(false) };
}

test("a tab that is seen loads at once, and holds", async () => {
  const { clock, presence, news } = stage();
  presence.start();
  await clock.pass(0);
  assert.deepEqual(news(), ["load"]);
  assert.ok(presence.holds());
});

test("a tab that was opened in the background holds nothing, glances, and loads once when it is shown", async () => {
  const { clock, presence, news, show } = stage({ hidden: true });
  presence.start();
  await clock.pass(125_000);
  assert.deepEqual(news(), ["leave", "glance", "glanced", "glance", "glanced", "glance", "glanced"]);
  assert.ok(!presence.holds());
  show();
  await clock.pass(200_000);
  assert.deepEqual(news(), ["load"]);
  assert.ok(presence.holds());
});

test("a hidden tab leaves after 30 s and glances each 60 s", async () => {
  const { clock, presence, news, hide } = stage();
  presence.start();
  await clock.pass(600_000);
  news();
  hide();
  await clock.pass(29_999);
  assert.deepEqual(news(), []);
  await clock.pass(1);
  assert.deepEqual(news(), ["leave"]);
  await clock.pass(120_000);
  assert.deepEqual(news(), ["glance", "glanced", "glance", "glanced"]);
});

test("a tab that is shown again while it holds its stream loads nothing", async () => {
  const { clock, presence, news, hide, show } = stage();
  presence.start();
  await clock.pass(600_000);
  news();
  hide();
  await clock.pass(20_000);
  show();
  await clock.pass(600_000);
  assert.deepEqual(news(), []);
});

test("ten tabs that are swept over hold one stream at a time and load nothing in passing", async () => {
  const tabs = Array.from({ length: 10 }, () => stage({ hidden: true }));
  for (const { presence } of tabs) presence.start();
  for (let round = 0; round < 3; round += 1) {
    for (const tab of tabs) {
      tab.show();
      await tab.clock.pass(50);
      tab.hide();
      await tab.clock.pass(50);
    }
  }
  assert.ok(tabs.every(({ presence, news }) => !presence.holds() && !news().includes("load")));
});

test("a tab that was looked at for less than 4 s gives its stream up at once", async () => {
  const { clock, presence, news, hide } = stage();
  presence.start();
  await clock.pass(3_999);
  hide();
  assert.deepEqual(news(), ["load", "leave"]);
});

for (const seed of [1, 2, 3, 4, 5]) {
  test(`however tabs are shown, at most four hold a stream (seed ${seed})`, async () => {
    const clocks = [];
    const tabs = Array.from({ length: 12 }, () => stage({ hidden: true }));
    tabs.forEach(({ presence, clock }) => clocks.push(clock) && presence.start());
    let chance = seed;
    const random = () => (chance = (chance * 48271) % 2147483647) / 2147483647;
    let most = 0;
    for (let i = 0; i < 400; i += 1) {
      const tab = tabs[Math.floor(random() * tabs.length)];
      tab.show();
      const looked = 40_000 * random() ** 4;
      for (const { clock } of tabs) await clock.pass(looked);
      most = Math.max(most, tabs.filter(({ presence }) => presence.holds()).length);
      tab.hide();
    }
    assert.ok(most >= 2 && most <= 4, `${most} at a time`);
  });
}

test("the glances of a tab do not pile up, however often it is shown and hidden", async () => {
  const { clock, presence, news, show, hide } = stage({ hidden: true });
  presence.start();
  for (let i = 0; i < 50; i += 1) {
    show();
    await clock.pass(20);
    hide();
  }
  news();
  await clock.pass(60_000);
  assert.deepEqual(news(), ["glance", "glanced"]);
});

test("a glance that is answered after the tab was shown is not told", async () => {
  const { clock, is, presence, news, show } = stage({ hidden: true });
  let answer;
  is.answer = new Promise((resolve) => (answer = resolve));
  presence.start();
  await clock.pass(0);
  show();
  await clock.pass(100);
  answer(null);
  await settled();
  assert.deepEqual(news(), ["leave", "glance", "load"]);
});

test("a tab that is offline and gets no answer asks no more until the network is back", async () => {
  const { clock, is, presence, news } = stage({ hidden: true });
  Object.assign(is, { offline: true, answer: null });
  presence.start();
  await clock.pass(600_000);
  assert.deepEqual(news(), ["leave", "glance", "no answer"]);
  Object.assign(is, { offline: false, answer: "states" });
  presence.online();
  await clock.pass(60_000);
  assert.deepEqual(news(), ["glance", "glanced", "glance", "glanced"]);
});

test("a server on this machine answers also where the browser is offline", async () => {
  const { clock, is, presence, news } = stage({ hidden: true });
  is.offline = true;
  presence.start();
  await clock.pass(60_000);
  assert.deepEqual(news(), ["leave", "glance", "glanced", "glance", "glanced"]);
});

test("a tab that is seen hurries when the network is back", async () => {
  const { clock, presence, news } = stage();
  presence.start();
  await clock.pass(0);
  presence.online();
  assert.deepEqual(news(), ["load", "hurry"]);
});

test("a page that goes closes its stream, and one that is brought back loads once", async () => {
  const { clock, is, presence, news, hide, show } = stage();
  presence.start();
  await clock.pass(60_000);
  news();
  presence.gone();
  assert.deepEqual(news(), ["leave"]);
  assert.ok(!presence.holds());
  hide();
  is.hidden = false;
  presence.back();
  show();
  await clock.pass(60_000);
  assert.deepEqual(news(), ["leave", "load"]);
});

test("a tab that the machine slept under loads anew, shown or not", async () => {
  const { clock, is, presence, news, hide, show } = stage();
  presence.start();
  await clock.pass(600_000);
  presence.tick();
  news();
  is.asleep += 3_600_000;
  presence.tick();
  presence.tick();
  await clock.pass(0);
  assert.deepEqual(news(), ["load"], "woken while it is seen");

  hide();
  is.asleep += 3_600_000;
  show();
  await clock.pass(100);
  assert.deepEqual(news(), ["load"], "the timer that should have ended its stream has not come yet");
});
