// @ts-check
// Loads the figure of the view: the newest wins, failures are tried again, automatic ones are spaced.

import { forbidden } from "./ask.js";

/** @typedef {import("./figure.js").Figure} Figure */
/**
 * @typedef {object} Effects
 * @property {import("./ask.js").Ask} ask
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now ms
 */
/**
 * @typedef {object} Outcomes
 * @property {(figure: Figure) => void} loaded
 * @property {(sentence: string) => void} refused The server says no, and why.
 * @property {(link: "denied" | "reconnecting") => void} failed
 */

const CALM = 1000;
/** While a log loads, its points ask for figure after figure: the pause doubles up to this. */
const LONGEST_CALM = 8000;
const LONGEST_WAIT = 30_000;
const LONGEST_PAUSE = 60_000;
/** Until the answer must have begun: a large figure takes seconds to make, and on a small machine longer. */
const WITHIN = 15_000;
const THEN_WITHIN = 30_000;
/** Refused for good, but runs come up: what is not there now may be there then. */
const REFUSED_FOR = 30_000;

/**
 * Makes the two ways to load: at once, and "when it suits" for what the log itself brings about.
 * @param {Effects} effects
 * @param {() => string} url Address of the figure for the view as it is then.
 * @param {Outcomes} on
 */
export function makeLoader({ ask, setTimeout, clearTimeout, now }, url, on) {
  /** @type {AbortController | null} */
  let running = null;
  /** @type {any} */
  let timer = null;
  let failures = 0;
  let rested = 0;
  let calm = CALM;

  function stop() {
    clearTimeout(timer);
    timer = null;
    running?.abort();
    running = null;
  }

  async function load() {
    stop();
    const mine = new AbortController();
    running = mine;
    const began = now();
    const outcome = await outcomeOf(mine);
    if (mine !== running) return;
    running = null;
    // A figure that took 2 s to make is not asked for every second.
    rested = now() + Math.max(calm, 3 * (now() - began));
    outcome();
  }

  /** @param {AbortController} abort @returns {Promise<() => void>} What to do with the answer. */
  async function outcomeOf(abort) {
    try {
      const answer = await ask(url(), failures ? THEN_WITHIN : WITHIN, abort);
      if (forbidden(answer)) return () => on.failed("denied");
      if (refusal(answer)) return () => refused(answer.text);
      if (!answer.ok) return again;
      const figure = JSON.parse(answer.text);
      return () => {
        failures = 0;
        on.loaded(figure);
      };
    } catch {
      return again;
    }
  }

  /** @param {string} sentence */
  function refused(sentence) {
    timer = setTimeout(load, REFUSED_FOR);
    on.refused(sentence);
  }

  function again() {
    on.failed("reconnecting");
    timer = setTimeout(load, Math.min(LONGEST_WAIT, 1000 * 2 ** failures));
    failures += 1;
  }

  return {
    load,
    stop,
    /** Loads at once what would be loaded later: the network may be back. */
    hurry() {
      if (timer !== null) load();
    },
    /**
     * Loads soon. False while a load is under way: what its figure lacks comes again after its
     * cursor, and can ask then.
     */
    loadSoon() {
      if (running) return false;
      if (timer === null) calm = now() < rested ? Math.min(LONGEST_CALM, 2 * calm) : CALM;
      timer ??= setTimeout(load, Math.max(0, rested - now()));
      return true;
    },
  };
}

/**
 * Says whether it is Tailplot that refuses: a proxy whose server is away has a 404 of its own.
 * @param {import("./ask.js").Answer} answer
 */
function refusal({ status, text }) {
  return status === 400 || (status === 404 && /^no (run|metric) /.test(text));
}

/**
 * Remembers for which metrics a figure was asked, so that one that never brings them (the address
 * asks for others) is not asked for with every point: each time twice as long a pause.
 * @param {() => number} now ms
 */
export function makeAsked(now) {
  /** @type {Map<string, {until: number, pause: number}>} */
  const asked = new Map();
  return {
    /** @param {string} key */
    has: (key) => now() < (asked.get(key)?.until ?? 0),
    /** @param {string[]} keys */
    add(keys) {
      for (const key of keys) {
        const pause = Math.min(LONGEST_PAUSE, 2 * (asked.get(key)?.pause ?? CALM));
        asked.set(key, { until: now() + pause, pause });
      }
    },
  };
}
