// A clock that the tests turn by hand, and a turn of the event loop.

/** Gives `setTimeout`, `clearTimeout`, `now` and `pass(ms)`, which runs what is due, in order. */
export function makeClock() {
  let time = 0;
  let last = 0;
  const due = new Map();

  async function pass(ms) {
    const until = time + ms;
    for (;;) {
      await settled();
      const next = [...due].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!next) break;
      due.delete(next[0]);
      time = next[1].at;
      next[1].then();
    }
    time = until;
  }

  return {
    now: () => time,
    setTimeout: (then, ms) => due.set((last += 1), { then, at: time + ms }) && last,
    clearTimeout: (timer) => due.delete(timer),
    pass,
    waiting: () => due.size,
  };
}

/** Lets every promise that can settle do so. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
