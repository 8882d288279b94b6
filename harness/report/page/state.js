/* What is shown, kept in the address, so that a view can be shared: `#matrix?q=qwen&status=FAIL`. */

const LISTENERS = [];

/** The view's name and its parameters, as the address has them. */
function readState() {
  const [name, query] = splitAt(window.location.hash.slice(1), "?");
  return { view: name in VIEWS ? name : "matrix", params: Object.fromEntries(new URLSearchParams(query)) };
}

let STATE = { view: "matrix", params: {} };

function splitAt(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Address of a view with parameters; empty ones are left out. */
function address(view, params) {
  const kept = Object.entries(params || {}).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  const query = new URLSearchParams(kept).toString();
  return `#${view}${query ? `?${query}` : ""}`;
}

/** Change parameters of this view in place, without a new entry in the history. */
function update(patch) {
  const params = { ...STATE.params, ...patch };
  window.history.replaceState(null, "", address(STATE.view, params));
  refresh();
}

function refresh() {
  const before = STATE;
  STATE = readState();
  LISTENERS.forEach((listener) => listener(STATE, before));
}

function onState(listener) {
  LISTENERS.push(listener);
}

/** A parameter that is a list of names. */
function listParam(name) {
  const value = STATE.params[name];
  return value ? value.split(",") : [];
}

/** Add a name to a list parameter, or take it out. */
function toggleParam(name, value) {
  const now = listParam(name);
  update({ [name]: (now.includes(value) ? now.filter((each) => each !== value) : [...now, value]).join(",") });
}
