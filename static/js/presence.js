// @ts-check
// Decides when this tab holds a stream. A browser has six connections to a server, for all its tabs.

/**
 * @typedef {object} Effects
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now ms, going on while the machine sleeps.
 * @property {() => boolean} hidden
 * @property {() => boolean} offline What the browser believes; a hint only.
 */
/**
 * @typedef {object} Turns
 * @property {() => void} load
 * @property {() => void} leave No load and no stream any more.
 * @property {() => Promise<any>} glance Asks for what the title says; null where nobody answers.
 * @property {(heard: any) => void} glanced
 * @property {() => void} hurry The network has come back.
 */

const LINGERS = 30_000;
/** Who goes through the tabs is at each of them for less. */
const LOOKED_AT = 4_000;
const SETTLES = 100;
const GLANCE_EVERY = 60_000;
/** A clock that says more between two ticks was asleep, and so was the network. */
const ASLEEP = 15_000;
/** Timers come a little late; later than this, the machine slept. */
const LATE = 1_000;

/**
 * Makes the tab's presence. A hidden tab keeps its stream for half the time that it was looked at,
 * 30 s at most, and not at all where that was less than 4 s: so at most three hidden tabs hold one at
 * a time, in whatever order and pace they are shown, and two connections are left.
 * @param {Effects} effects
 * @param {Turns} on
 */
export function makePresence({ setTimeout, clearTimeout, now, hidden, offline }, on) {
  let held = false;
  let shown = now();
  /** Until then a hidden tab has its stream. */
  let until = Infinity;
  let ticked = now();
  /** The one thing that comes next: a load, leaving, a glance. @type {any} */
  let timer = null;

  /** @param {() => void} then @param {number} ms */
  function next(then, ms) {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  }

  /** @param {number} settles */
  function come(settles) {
    next(() => {
      held = true;
      until = Infinity;
      on.load();
    }, settles);
  }

  /** @param {number} first When to glance first. */
  function leave(first = GLANCE_EVERY) {
    held = false;
    on.leave();
    next(glance, first);
  }

  async function glance() {
    const heard = await on.glance();
    if (held || !hidden()) return;
    on.glanced(heard);
    if (heard || !offline()) next(glance, GLANCE_EVERY);
  }

  function hide() {
    const looked = now() - shown;
    const lingers = held && looked >= LOOKED_AT ? Math.min(LINGERS, looked / 2) : 0;
    until = now() + lingers;
    if (lingers) next(leave, lingers);
    else leave();
  }

  function show() {
    shown = now();
    if (!held || now() > until + LATE) return come(SETTLES);
    clearTimeout(timer);
    until = Infinity;
  }

  return {
    holds: () => held,
    start() {
      if (hidden()) leave(0);
      else come(0);
    },
    change() {
      if (hidden()) hide();
      else show();
    },
    /** The page goes, perhaps to be kept as it is and brought back. */
    gone() {
      held = false;
      clearTimeout(timer);
      on.leave();
    },
    back() {
      if (hidden()) leave(0);
      else show();
    },
    online() {
      if (held) on.hurry();
      else if (hidden()) next(glance, 0);
    },
    /** Called each second. */
    tick() {
      const slept = now() - ticked > ASLEEP;
      ticked = now();
      if (slept && held && !hidden()) come(0);
    },
  };
}
