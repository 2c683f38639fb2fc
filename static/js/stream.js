// @ts-check
// Keeps the stream of events open: back-off, watchdog, and polling where streams do not get through.

/** @typedef {import("./words.js").Link} Link */
/**
 * @typedef {object} Effects
 * @property {new (url: string) => any} EventSource
 * @property {(url: string) => Promise<any>} fetch
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random 0 to 1.
 */
/**
 * @typedef {object} Listeners
 * @property {(points: any) => void} points
 * @property {(runs: any) => void} status
 * @property {() => void} reset The cursor names other bytes: the stream is closed, load anew.
 * @property {(link: Link) => void} link
 */

/** From the request to the answer, and from there to the first event: a status comes at once. */
const SPEAKS_WITHIN = 5_000;
/** A status comes every 8 s; comments, which EventSource hides, do not count. */
const SILENT_FOR = 35_000;
const POLL_EVERY = 2_000;
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
export function makeStream({ EventSource, fetch, setTimeout, clearTimeout, random }, urlOf, on) {
  let cursor = "";
  let failures = 0;
  /** Rises whenever what is under way is given up, so that late answers are known as such. */
  let turn = 0;
  /** @type {any} */
  let source = null;
  /** @type {Set<any>} */
  const timers = new Set();
  /** @type {any} */
  let watchdog = null;

  function drop() {
    turn += 1;
    source?.close();
    source = null;
    timers.forEach(clearTimeout);
    timers.clear();
    clearTimeout(watchdog);
  }

  /** @param {() => void} then @param {number} ms */
  function after(then, ms) {
    timers.add(setTimeout(then, ms));
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
    source.onopen = () => {
      on.link("open");
      watch(SPEAKS_WITHIN);
    };
    source.onerror = retry;
    hear("points", (payload, id) => {
      cursor = id || payload.cursor || cursor;
      on.points(payload);
    });
    hear("status", (payload) => (payload.stop ? on.link("stopped") : on.status(payload.runs)));
    hear("reset", reset);
  }

  function reset() {
    drop();
    on.reset();
  }

  /** @param {string} name @param {(payload: any, id: string) => void} tell */
  function hear(name, tell) {
    source.addEventListener(name, (/** @type {any} */ event) => {
      failures = 0;
      watch(SILENT_FOR);
      tell(event.data ? JSON.parse(event.data) : {}, event.lastEventId);
    });
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
    const answer = await fetch("healthz").catch(() => null);
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
    after(connect, TRY_STREAM_EVERY);
    poll(0, turn);
  }

  /** @param {number} round @param {number} mine */
  async function poll(round, mine) {
    const heard = await ask(urlOf(cursor, "metrics.json"));
    if (mine !== turn) return;
    if (heard === "denied") return deny();
    if (heard === "gone") return reset();
    on.link(heard ? "polling" : "reconnecting");
    if (heard) {
      cursor = heard.cursor ?? cursor;
      on.points(heard);
    }
    after(() => poll(round + 1, mine), POLL_EVERY);
    if (heard && round % STATUS_EVERY === 0) tellStatus(mine);
  }

  /** @param {number} mine */
  async function tellStatus(mine) {
    const heard = await ask("status.json");
    if (mine === turn && heard?.runs) on.status(heard.runs);
  }

  /** @param {string} url @returns {Promise<any>} The answer; "denied", "gone" (the cursor); null. */
  async function ask(url) {
    try {
      const answer = await fetch(url);
      if (forbidden(answer)) return "denied";
      if (answer.status === 410) return "gone";
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  return {
    /** @param {string} since */
    open(since) {
      cursor = since;
      failures = 0;
      connect();
    },
    close: drop,
  };
}

/** @param {{status: number}} answer */
function forbidden({ status }) {
  return status === 401 || status === 403;
}
