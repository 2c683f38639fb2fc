// @ts-check
// Loads the figure of the view: the newest wins, failures are tried again, automatic ones are spaced.

/** @typedef {import("./figure.js").Figure} Figure */
/**
 * @typedef {object} Effects
 * @property {(url: string, options: {signal: AbortSignal}) => Promise<any>} fetch
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now ms
 */
/**
 * @typedef {object} Outcomes
 * @property {(figure: Figure) => void} loaded
 * @property {(sentence: string) => void} refused The server says no, and why: asking again is no use.
 * @property {(link: "denied" | "reconnecting") => void} failed
 */

const CALM = 1000;
/** While a log loads, its points ask for figure after figure: the pause doubles up to this. */
const LONGEST_CALM = 8000;
const LONGEST_WAIT = 30_000;
const LONGEST_PAUSE = 60_000;

/**
 * Makes the two ways to load: at once, and "when it suits" for what the log itself brings about.
 * @param {Effects} effects
 * @param {() => string} url Address of the figure for the view as it is then.
 * @param {Outcomes} on
 */
export function makeLoader({ fetch, setTimeout, clearTimeout, now }, url, on) {
  /** @type {AbortController | null} */
  let running = null;
  /** @type {any} */
  let timer = null;
  let failures = 0;
  let rested = 0;
  let calm = CALM;

  async function load() {
    clearTimeout(timer);
    timer = null;
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const began = now();
    const outcome = await ask(mine.signal);
    if (mine !== running) return;
    running = null;
    // A figure that took 2 s to make is not asked for every second.
    rested = now() + Math.max(calm, 3 * (now() - began));
    outcome();
  }

  /** @param {AbortSignal} signal @returns {Promise<() => void>} What to do with the answer. */
  async function ask(signal) {
    try {
      const answer = await fetch(url(), { signal });
      if (answer.status === 401 || answer.status === 403) return () => on.failed("denied");
      if (answer.status >= 400 && answer.status < 500) {
        const sentence = await answer.text();
        return () => on.refused(sentence);
      }
      if (!answer.ok) return again;
      const figure = await answer.json();
      return () => {
        failures = 0;
        on.loaded(figure);
      };
    } catch {
      return again;
    }
  }

  function again() {
    on.failed("reconnecting");
    timer = setTimeout(load, Math.min(LONGEST_WAIT, 1000 * 2 ** failures));
    failures += 1;
  }

  return {
    load,
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
