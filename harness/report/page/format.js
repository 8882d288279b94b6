/* Figures and names in words. */

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
const SCALES = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];
const BYTES = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
];

function count(value) {
  return GROUPED.format(value);
}

/** Three significant digits, all digits before the point; a dash for none. */
function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return Math.abs(value) >= 1000 ? GROUPED.format(value) : SHORT.format(value);
}

function scaled(value, scales) {
  if (value === null || value === undefined) return "–";
  const [size, unit] = scales.find(([least]) => Math.abs(value) >= least) || [1, ""];
  return unit ? `${SHORT.format(value / size)} ${unit}` : figure(value);
}

/** A large number, such as `30.5 B`. */
function large(value) {
  return scaled(value, SCALES);
}

/** A number of bytes, such as `30.5 GB`. */
function bytes(value) {
  return Math.abs(value) < 1000 ? `${figure(value)} B` : scaled(value, BYTES);
}

function ms(value) {
  return value === null || value === undefined ? "–" : `${figure(value)} ms`;
}

function percent(part, whole) {
  return whole ? `${SHORT.format((100 * part) / whole)} %` : "–";
}

function times(ratio) {
  return ratio === null || ratio === undefined || !Number.isFinite(ratio) ? "–" : `${SHORT.format(ratio)}×`;
}

/** How far a figure is from another, such as `+3.2 %` or `equal`. */
function deviation(value, from) {
  if (value === null || from === null || value === undefined || from === undefined) return "";
  if (value === from) return "equal";
  if (!from) return "differs";
  const part = (100 * (value - from)) / from;
  return `${part > 0 ? "+" : "−"}${Math.abs(part) < 0.01 ? "<0.01" : SHORT.format(Math.abs(part))} %`;
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 120) return `${SHORT.format(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function plural(number, noun, many) {
  return `${count(number)} ${number === 1 ? noun : many || `${noun}s`}`;
}

/** A time as `2026-11-24 16:00 UTC`. */
function moment(iso) {
  const found = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(iso || "");
  return found ? `${found[1]} ${found[2]} UTC` : iso || "";
}

/** An id as two parts, the organisation and the name. */
function splitId(id) {
  const at = id.indexOf("/");
  return at < 0 ? ["", id] : [id.slice(0, at + 1), id.slice(at + 1)];
}

/** A model's id with its organisation in the background. */
function modelName(id) {
  const [org, name] = splitId(id);
  return [h("span", { class: "org" }, org), name];
}
