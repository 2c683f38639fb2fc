// @ts-check
// Numbers, durations, sizes and states in the words a reader of charts uses; app/words.py says the same. Pure.

/**
 * @typedef {object} Status What the server says of one run, as in `status.json`.
 * @property {string} state
 * @property {string} [text]
 * @property {number} [offset]
 * @property {number} [size]
 * @property {number | null} [step]
 * @property {number | null} [rate] Steps per second.
 * @property {number | null} [total]
 * @property {number | null} [eta] Seconds.
 * @property {number | null} [last_line_age] Seconds, at the moment of `heard`.
 * @property {{time?: number | string, kind: string, text: string}[]} [notices]
 * @property {string[]} [unread]
 * @property {number} [series_left_out] Names of metrics beyond the most that a run keeps.
 * @property {number} heard When this page learned it, ms.
 */
/** @typedef {{kind: string, text: string, tone: string}} Headline */
/** @typedef {"connecting" | "open" | "reconnecting" | "polling" | "denied" | "refused" | "stopped"} Link */

/** @type {[number, string]} */
const MILLION = [1e6, "M"];
/** @type {[number, string][]} */
const UNITS = [[1e12, "T"], [1e9, "B"], MILLION];
/** From this part of a unit on, four figures round up to the unit: 999.96 M is 1 B. */
const NEARLY = 0.99995;

/** So long a broken link is mended in silence: a proxy that cuts streams now and then is no news. */
const GRACE = 2_500;
/** From then on the words say since when nobody answers. */
const LONG = 15_000;

/** The most alive first: several runs are summed up by the first of these that one of them is in. */
const BY_LIFE = [
  "live", "loading", "quiet", "waiting", "finished", "unreadable", "denied", "not_regular",
];

/** @type {Map<string, {text: string, tone: string}>} */
const PLAIN = new Map([
  ["live", { text: "Live", tone: "live" }],
  ["finished", { text: "Finished", tone: "accent" }],
  ["denied", { text: "No permission to read", tone: "bad" }],
  ["not_regular", { text: "Not a readable log", tone: "bad" }],
  ["unreadable", { text: "Unreadable", tone: "bad" }],
]);

/**
 * Writes a value with four significant figures; a dash for what is no number.
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  if (size >= 1e15 * NEARLY || (size < 1e-3 && size > 0)) return power(value);
  if (size >= 1e6) {
    const [unit, word] = unitOf(size);
    return `${Number((Number(value.toPrecision(4)) / unit).toPrecision(4))} ${word}`;
  }
  if (size >= 1000) return grouped(Math.sign(value) * Math.floor(size + 0.5));
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

/**
 * Writes how many there are: `12,345` in full, `1.2 M` from a million on.
 * @param {number} many
 */
export function count(many) {
  if (many < 1e6) return grouped(Math.round(many));
  const [unit, word] = unitOf(many);
  return `${(Math.floor(many / (unit / 10) + 0.5) / 10).toFixed(1)} ${word}`;
}

const MOST_SERIES = 2000;
const COUNTED = 10_000;

/**
 * Says `2,000 of 5,000 series shown` where a run has more than are kept; "" where it has not.
 * @param {number} [leftOut] 10,000 are so many or more.
 */
export function beyond(leftOut = 0) {
  if (!leftOut) return "";
  const all = grouped(MOST_SERIES + Math.min(leftOut, COUNTED));
  return `${grouped(MOST_SERIES)} of ${leftOut >= COUNTED ? "at least " : ""}${all} series shown`;
}

/** @param {number} value */
function power(value) {
  const [digits, exponent] = value.toExponential(3).split("e");
  return `${digits.replace(/0{1,2}$/, "")}e${Number(exponent)}`;
}

/**
 * Gives the largest unit that a number from a million on has at least one of.
 * @param {number} size
 */
function unitOf(size) {
  return UNITS.find(([unit]) => size >= unit * NEARLY) ?? MILLION;
}

/** @param {number} value */
function grouped(value) {
  return value.toLocaleString("en-US");
}

/**
 * Writes a span of time as people say it, rounded down: `0.4 s`, `48 s`, `14 min`, `1 h 34 min`, `2 d 3 h`.
 * @param {number} seconds
 */
export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return `${(Math.floor(s * 10) / 10).toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** @param {number} large @param {string} name @param {number} small @param {string} rest */
function pair(large, name, small, rest) {
  return `${large} ${name}${small ? ` ${small} ${rest}` : ""}`;
}

/**
 * Writes how far a file is read: `34 of 90 MB`, both in the unit of the whole.
 * @param {number} done
 * @param {number} whole
 */
export function ofBytes(done, whole) {
  const [unit, name] = whole >= 1e9 ? [1e9, "GB"] : whole >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  const digits = whole / Number(unit) < 10 ? 1 : 0;
  const part = (/** @type {number} */ bytes) => (bytes / Number(unit)).toFixed(digits);
  return `${part(done)} of ${part(whole)} ${name}`;
}

/** @param {number} ms Since the Unix epoch; the reader's own zone. */
export function clock(ms) {
  const time = new Date(ms);
  return [time.getHours(), time.getMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
}

/**
 * Gives the run that speaks for all of them: the most alive, and of those the last heard line.
 * @param {Iterable<Status>} statuses
 * @param {number} now ms
 * @returns {Status | undefined}
 */
export function mostAlive(statuses, now) {
  /** @param {Status} s */
  const rank = (s) => (BY_LIFE.indexOf(s.state) + 1 || BY_LIFE.length + 1);
  return [...statuses].sort(
    (a, b) => rank(a) - rank(b) || (lineAge(a, now) ?? Infinity) - (lineAge(b, now) ?? Infinity),
  )[0];
}

/**
 * Says in words how things are: the link to the server first, then the run.
 * @param {Status | undefined} status
 * @param {{link: Link, since: number, before?: Link}} link `since` in ms, when it became so; what it was before.
 * @param {number} now ms
 * @returns {Headline}
 */
export function headline(status, { link, since, before = "open" }, now) {
  if (link === "reconnecting" && now - since < GRACE) return headline(status, { link: before, since }, now);
  if (link === "stopped") return { kind: "stopped", text: `Server stopped at ${clock(since)}`, tone: "bad" };
  if (link === "reconnecting") {
    const long = now - since < LONG ? "" : ` since ${clock(since)}`;
    return { kind: "reconnecting", text: `Reconnecting${long}…`, tone: "warn" };
  }
  if (link === "denied") {
    return { kind: "no access", text: "Access expired: open the link with its token", tone: "bad" };
  }
  if (link === "refused") return { kind: "refused", text: "Nothing to show", tone: "muted" };
  const told = status ? ofRun(status, now) : { kind: "connecting", text: "Connecting…", tone: "muted" };
  return link === "polling" ? { ...told, text: `${told.text} (polling)` } : told;
}

/** @param {Status} status @param {number} now @returns {Headline} */
function ofRun(status, now) {
  const kind = status.state;
  if (kind === "loading") {
    const part = status.size ? ` ${ofBytes(status.offset ?? 0, status.size)}` : "…";
    return { kind, text: `Loading${part}`, tone: "accent" };
  }
  if (kind === "quiet") {
    const age = lineAge(status, now);
    return { kind, text: age === null ? "Quiet" : `Quiet for ${duration(age)}`, tone: "warn" };
  }
  if (kind === "waiting") {
    // "Waiting for train.log (…). It is …": for what is enough here, the rest is on the page.
    const short = /^Waiting for .+?(?=\.? \(|\. |\.?$)/.exec(status.text ?? "");
    return { kind, text: short ? short[0] : "Waiting", tone: "muted" };
  }
  return { kind, ...(PLAIN.get(kind) ?? { text: kind, tone: "muted" }) };
}

/** @param {Status} status @param {number} now ms @returns {number | null} seconds */
export function lineAge(status, now) {
  const age = status.last_line_age;
  return age === null || age === undefined ? null : age + (now - status.heard) / 1000;
}

/**
 * Lists what is known of the run's progress, each as [words, number, words].
 * @param {Status | undefined} status
 * @param {number} now ms
 * @returns {[string, string, string][]}
 */
export function facts(status, now) {
  if (!status) return [];
  /** @type {[string, string, string][]} */
  const told = [];
  const age = lineAge(status, now);
  if (age !== null) told.push(["last line ", duration(age), " ago"]);
  if (status.rate) told.push(pace(status.rate));
  if (typeof status.step === "number") {
    told.push(["step ", count(status.step), status.total ? ` of ${count(status.total)}` : ""]);
  }
  if (typeof status.eta === "number" && status.state === "live") {
    told.push(["done in about ", duration(status.eta), ""]);
  }
  return told;
}

/**
 * Lists what is known of several runs together, in the form of `facts`.
 * @param {Status[]} statuses
 * @param {number} now ms
 * @returns {[string, string, string][]}
 */
export function factsOfAll(statuses, now) {
  if (statuses.length < 2) return facts(statuses[0], now);
  const live = statuses.filter(({ state }) => state === "live").length;
  const newest = facts(mostAlive(statuses, now), now).filter(([words]) => words === "last line ");
  return [...newest, ["", String(live), ` of ${statuses.length} live`]];
}

/**
 * Says what is folded away: `System: lr, step time, memory (5)`.
 * @param {string[]} titles
 */
export function systemWords(titles) {
  const first = titles.slice(0, 3).join(", ");
  return `System: ${first}${titles.length > 3 ? ` (${titles.length})` : ""}`;
}

/** @param {number} rate @returns {[string, string, string]} */
function pace(rate) {
  return rate < 0.5
    ? ["", Number((1 / rate).toPrecision(2)).toLocaleString("en-US"), " s/step"]
    : ["", rate < 10 ? rate.toFixed(1) : count(rate), " steps/s"];
}

/**
 * Gives how far the run (or the reading of its log) is, 0 to 1; null where nobody knows.
 * @param {Status | undefined} status
 */
export function progress(status) {
  if (!status) return null;
  const [done, whole] = status.state === "loading"
    ? [status.offset, status.size]
    : [status.step, status.total];
  return whole && typeof done === "number" ? Math.min(1, Math.max(0, done / whole)) : null;
}
