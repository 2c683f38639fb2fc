// @ts-check
// Keeps the stream of events open: back-off, watchdog, and polling where streams do not get through.

import { forbidden, told } from "./ask.js";

/** @typedef {import("./words.js").Link} Link */
/**
 * @typedef {object} Effects
 * @property {new (url: string) => any} EventSource
 * @property {import("./ask.js").Ask} ask
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random 0 to 1.
 */
/**
 * @typedef {object} Listeners
 * @property {(points: any) => void} points
 * @property {(runs: any, whole: boolean) => void} status `whole`: all runs that there are.
 * @property {() => void} reset The cursor names other bytes: the stream is closed, load anew.
 * @property {(link: Link) => void} link
 */

const EVENTS = ["points", "status", "reset"];
/** From the request to the answer, and from there to the first event: a status comes at once. */
const SPEAKS_WITHIN = 5_000;
/** A status comes every 8 s; comments, which EventSource hides, do not count. */
const SILENT_FOR = 35_000;
const POLL_EVERY = 2_000;
/** A server that does not answer is asked after 2, 4, 8, 15 s. */
const POLL_AT_LEAST_EVERY = 15_000;
const STATUS_EVERY = 5;
const TRY_STREAM_EVERY = 60_000;
const LONGEST_WAIT = 30_000;
/** So often refused by a server that is well: it has no stream for us (too many viewers). */
const REFUSALS = 3;

/**
 * Makes a stream that is followed from a cursor until it is closed.
 * @param {Effects} effects
 * @param {(cursor: string, route: "events" | "metrics.json") => string} urlOf
 * @param {Listeners} on
 */
export function makeStream({ EventSource, ask, setTimeout, clearTimeout, random }, urlOf, on) {
  let cursor = "";
  /** In a row: streams that did not speak, or polls without an answer. */
  let failures = 0;
  let followed = false;
  let polling = false;
  /** Rises whenever what is under way is given up, so that late answers are known as such. */
  let turn = 0;
  /** @type {any} */
  let source = null;
  /** Tries whether streams get through, while polling goes on. @type {any} */
  let trial = null;
  /** @type {Set<any>} */
  const timers = new Set();
  /** @type {any} */
  let watchdog = null;

  function drop() {
    turn += 1;
    polling = false;
    source?.close();
    source = null;
    endTrial();
    timers.forEach(clearTimeout);
    timers.clear();
    clearTimeout(watchdog);
  }

  /** @param {() => void} then @param {number} ms */
  function after(then, ms) {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  }

  /** @param {number} ms */
  function watch(ms) {
    clearTimeout(watchdog);
    watchdog = setTimeout(startPolling, ms);
  }

  function connect() {
    drop();
    source = new EventSource(urlOf(cursor, "events"));
    watch(SPEAKS_WITHIN);
    source.onopen = () => watch(SPEAKS_WITHIN);
    source.onerror = retry;
    let spoken = false;
    EVENTS.forEach((name) => source.addEventListener(name, (/** @type {any} */ event) => {
      failures = 0;
      watch(SILENT_FOR);
      // An answer that has only begun is no stream yet: a proxy may end it before its first word.
      if (!spoken) on.link("open");
      hear(name, event.data ? JSON.parse(event.data) : {}, event.lastEventId, !spoken);
      spoken ||= name === "status";
    }));
  }

  /** @param {string} name @param {any} payload @param {string} id @param {boolean} first */
  function hear(name, payload, id, first) {
    if (name === "reset") return reset();
    if (name === "points") {
      cursor = id || payload.cursor || cursor;
      on.points(payload);
    } else if (payload.stop) on.link("stopped");
    else on.status(payload.runs, first);
  }

  function reset() {
    drop();
    on.reset();
  }

  // Any answer but 200 ends an EventSource for good, and it hides which: so reopen by hand, always.
  function retry() {
    drop();
    on.link("reconnecting");
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** failures);
    failures += 1;
    after(connect, wait * (0.75 + random() / 2));
    askHealth(turn);
  }

  /** @param {number} asked */
  async function askHealth(asked) {
    const answer = await ask("healthz").catch(() => null);
    if (asked !== turn || !answer) return;
    if (forbidden(answer)) deny();
    else if (answer.ok && failures >= REFUSALS) startPolling();
  }

  function deny() {
    drop();
    on.link("denied");
  }

  function startPolling() {
    drop();
    failures = 0;
    polling = true;
    after(tryAgain, TRY_STREAM_EVERY);
    poll(0, turn);
  }

  function tryAgain() {
    tryStream();
    after(tryAgain, TRY_STREAM_EVERY);
  }

  // The first word of a trial is enough: a stream from where polling is by then takes over.
  function tryStream() {
    endTrial();
    const mine = new EventSource(urlOf(cursor, "events"));
    trial = mine;
    EVENTS.forEach((name) => mine.addEventListener(name, connect));
    mine.onerror = () => mine.close();
    after(() => mine.close(), SPEAKS_WITHIN);
  }

  function endTrial() {
    trial?.close();
    trial = null;
  }

  /** @param {number} round @param {number} mine */
  async function poll(round, mine) {
    const heard = await told(ask, urlOf(cursor, "metrics.json"));
    if (mine !== turn) return;
    if (heard === "denied") return deny();
    if (heard === "gone") return reset();
    on.link(heard ? "polling" : "reconnecting");
    after(() => poll(round + 1, mine), Math.min(POLL_AT_LEAST_EVERY, POLL_EVERY * 2 ** (heard ? 0 : failures)));
    if (!heard) {
      failures += 1;
      return;
    }
    // Whatever was in the way may be gone for streams, too.
    if (failures) tryStream();
    failures = 0;
    cursor = heard.cursor ?? cursor;
    on.points(heard);
    if (round % STATUS_EVERY === 0) tellStatus(Object.keys(heard.runs ?? {}), mine);
  }

  /** @param {string[]} names The runs in view @param {number} mine */
  async function tellStatus(names, mine) {
    const heard = await told(ask, "status.json");
    if (mine === turn && heard?.runs) on.status(only(names, heard.runs), true);
  }

  return {
    /** @param {string} since */
    open(since) {
      cursor = since;
      failures = 0;
      followed = true;
      connect();
    },
    close() {
      followed = false;
      drop();
    },
    /** Tries at once what else would be tried later: the network may be back, or be another one. */
    hurry() {
      if (!followed) return;
      failures = 0;
      if (!polling) return connect();
      startPolling();
      tryStream();
    },
    cursor: () => cursor,
  };
}

/**
 * Chooses the named runs: `status.json` tells of all, whatever the view.
 * @param {string[]} names
 * @param {Record<string, any>} runs
 */
export function only(names, runs) {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(runs, name)).map((name) => [name, runs[name]]));
}
