// @ts-check
// The tab: a title and an icon that tell somebody with ten of them which one to open.

import { count, duration, lineAge, mostAlive, progress } from "./words.js";

/** @typedef {import("./words.js").Status} Status */
/** @typedef {import("./words.js").Headline} Headline */

/** Seen on light and on dark ground alike. @type {Record<string, string>} */
const COLOURS = { live: "#12a065", accent: "#2f7fe0", warn: "#d98a00", bad: "#e0453a", muted: "#8a8f8a" };
/** Words of the link; all others are of the run. @type {Map<string, string>} */
const LINK = new Map([
  ["reconnecting", "no answer"],
  ["stopped", "server stopped"],
  ["no access", "access expired"],
]);
/** @type {Map<string, string>} */
const RUN = new Map([
  ["finished", "finished"],
  ["waiting", "waiting"],
  ["denied", "no permission"],
  ["not_regular", "no log"],
]);

/**
 * Says the most urgent thing first, since a tab shows little more than a dozen letters: `NaN · train`,
 * `34 % · train`, `12,345 · train`, `quiet 14 min · train`.
 * @param {Map<string, Status>} runs
 * @param {{headline: Headline, name: string, nan: string, now: number}} about `nan`: a run that has one.
 */
export function titleOf(runs, { headline, name, nan, now }) {
  const link = LINK.get(headline.kind);
  const statuses = [...runs.values()];
  const whose = runs.size > 1 ? `${runs.size} runs` : ([...runs.keys()][0] ?? name);
  if (nan && !link) return `NaN · ${runs.size > 1 ? nan : whose}`;
  const first = mostAlive(statuses, now);
  const words = link ?? (first ? ofRun(first, statuses, now) : "");
  return words ? `${words} · ${whose}` : whose;
}

/** @param {Status} status @param {Status[]} all @param {number} now */
function ofRun(status, all, now) {
  if (status.state === "loading") return `loading ${status.size ? percent(progress(status)) : "…"}`;
  if (status.state === "quiet") return `quiet ${duration(lineAge(status, now) ?? 0)}`;
  if (status.state !== "live") return RUN.get(status.state) ?? status.state;
  if (all.length > 1) return `${all.filter(({ state }) => state === "live").length} live`;
  const part = progress(status);
  if (part !== null) return percent(part);
  return typeof status.step === "number" ? count(status.step) : "live";
}

/** @param {number | null} part */
function percent(part) {
  return `${Math.floor(100 * (part ?? 0))} %`;
}

/**
 * Makes the tab's two places.
 * @param {Document} document
 */
export function makeTab(document) {
  const icon = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="icon"]'));
  return {
    /** @param {string} title @param {string} tone */
    show(title, tone) {
      if (document.title !== title) document.title = title;
      const colour = encodeURIComponent(COLOURS[tone] ?? COLOURS.muted);
      const href = icon.href.replace(/stroke='[^']*'/, `stroke='${colour}'`);
      if (icon.href !== href) icon.href = href;
    },
  };
}
