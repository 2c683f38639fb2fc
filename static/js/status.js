// @ts-check
// The header: which run, how it is in words, how far, and the newest notice.

import { element } from "./card.js";
import { beyond, factsOfAll, headline, mostAlive, progress } from "./words.js";

/** @typedef {import("./words.js").Status} Status */
/** @typedef {import("./words.js").Link} Link */
/** @typedef {Record<string, Omit<Status, "heard">>} Told */

/**
 * Makes the header's live part, on the elements the page came with.
 * @param {Document} document
 * @param {() => number} now ms
 */
export function makeStatus(document, now) {
  /** @type {Map<string, Status>} */
  const runs = new Map();
  /** @type {{link: Link, since: number, before: Link}} */
  let link = { link: "connecting", since: now(), before: "connecting" };
  let spokenOf = "";
  let listed = "";
  const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const [names, state, spoken, facts] = ["names", "state", "spoken", "facts"].map(at);
  const [bar, notice, noticeText, badge] = ["progress", "notice", "notice-text", "beyond"].map(at);
  /** @type {Set<string>} */
  const dismissed = new Set();

  at("notice-dismiss").addEventListener("click", () => {
    notices().forEach(({ text }) => dismissed.add(text));
    showNotice();
  });

  function said() {
    return headline(mostAlive([...runs.values()], now()), link, now());
  }

  function show() {
    const statuses = [...runs.values()];
    const first = mostAlive(statuses, now());
    const { kind, text, tone } = said();
    setText(state, text);
    state.dataset.state = kind;
    state.dataset.tone = tone;
    // What is read aloud changes with the state only, not with every second of it.
    if (kind !== spokenOf) spoken.textContent = text;
    spokenOf = kind;
    if (runs.size) setText(names, runs.size > 1 ? `${runs.size} runs` : [...runs.keys()][0]);
    showFacts(statuses);
    showProgress(runs.size > 1 && first?.state !== "loading" ? null : progress(first));
  }

  /** @param {Status[]} statuses */
  function showFacts(statuses) {
    const told = link.link === "stopped" ? [] : factsOfAll(statuses, now());
    const list = JSON.stringify(told);
    if (list === listed) return;
    listed = list;
    facts.replaceChildren(...told.map(([before, value, after]) => {
      const fact = element(document, "span", "fact");
      fact.dataset.fact = (before || after).trim();
      fact.append(before, element(document, "b", "", value), after);
      return fact;
    }));
  }

  function showBadge() {
    const told = [...runs].flatMap(([run, status]) => {
      const words = beyond(status.series_left_out);
      return words ? [runs.size > 1 ? `${run}: ${words}` : words] : [];
    });
    setText(badge, told.join("; "));
    badge.hidden = !told.length;
  }

  /** @param {number | null} part */
  function showProgress(part) {
    bar.hidden = part === null;
    if (part === null) return;
    bar.setAttribute("aria-valuenow", String(Math.round(part * 100)));
    /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${(part * 100).toFixed(2)}%`;
  }

  function notices() {
    return [...runs].flatMap(([run, status]) =>
      (status.notices ?? []).map(({ text, time }) => ({
        text: runs.size > 1 ? `${run}: ${text}` : text,
        time,
      })),
    );
  }

  function showNotice() {
    const left = notices().filter(({ text }) => !dismissed.has(text));
    left.sort((a, b) => ((a.time ?? 0) < (b.time ?? 0) ? -1 : 1));
    notice.hidden = left.length === 0;
    setText(noticeText, left.at(-1)?.text ?? "");
  }

  return {
    runs,
    said,
    /**
     * @param {Told} told As in `status.json`.
     * @param {boolean} whole These are all runs that there are; else those that are not named stay as they were.
     */
    told(told, whole = false) {
      if (whole) runs.clear();
      for (const [run, status] of Object.entries(told ?? {})) runs.set(run, { ...status, heard: now() });
      show();
      showBadge();
      showNotice();
    },
    /** @param {import("./traces.js").Runs} points Points are news of the run as well. */
    points(points) {
      for (const [run, { metrics }] of Object.entries(points)) {
        const known = runs.get(run);
        const steps = Object.values(metrics ?? {}).flatMap(({ step }) => step?.at(-1) ?? []);
        if (!known || !Object.keys(metrics ?? {}).length) continue;
        const step = steps.length ? Math.max(...steps) : known.step;
        runs.set(run, { ...known, step, last_line_age: 0, heard: now() });
      }
      show();
    },
    /** @param {Link} is */
    link(is) {
      // The stream of a server that has stopped breaks next: the words stay until it is back.
      const stays = link.link === "stopped" && is === "reconnecting";
      if (!stays && is !== link.link) link = { link: is, since: now(), before: link.link };
      show();
    },
    tick: show,
  };
}

/** @param {HTMLElement} place @param {string} text */
function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
