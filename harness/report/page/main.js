/* The page as a whole: its views, its header, its keys. Runs last. */

const VIEWS = {
  matrix: MATRIX_VIEW,
  model: MODEL_VIEW,
  findings: FINDINGS_VIEW,
  changes: CHANGES_VIEW,
  coverage: COVERAGE_VIEW,
  run: RUN_VIEW,
};
const THEMES = { system: "◐ System", light: "☼ Light", dark: "☾ Dark" };

function start() {
  STATE = readState();
  document.getElementById("skip").addEventListener("click", skip);
  fill(document.getElementById("tools"), themeButton());
  let shown = null;
  const show = (state, before) => {
    const same =
      shown && before && state.view === before.view && (state.view !== "model" || state.params.id === before.params.id);
    if (!same) shown = enter(state);
    else shown();
    syncControls(document.body);
    showDrawer(state, before);
  };
  onState(show);
  show(STATE, null);
  window.addEventListener("hashchange", refresh);
  window.addEventListener("beforeprint", () => drawForPrint(Infinity));
  window.addEventListener("afterprint", () => drawForPrint(MARGIN_ROWS));
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", clickedOutside);
  document.documentElement.dataset.ready = "true";
}

function enter(state) {
  const main = document.getElementById("main");
  fill(
    document.getElementById("views"),
    Object.entries(VIEWS).map(([name, view]) => viewLink(name, view, state)),
  );
  document.title = `${VIEWS[state.view].title} – ${document.querySelector("h1").textContent}`;
  main.className = `view-${state.view}`;
  closeExplained();
  window.scrollTo(0, 0);
  return VIEWS[state.view].build(main);
}

function viewLink(name, view, state) {
  const badge = view.badge ? view.badge() : null;
  return h(
    "a",
    { href: address(name, {}), "aria-current": state.view === name ? "page" : null },
    view.title,
    badge ? h("span", { class: "number" }, badge) : null,
  );
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function pressed(event) {
  if (event.key === "Escape") {
    if (closeExplained() || closeTicks()) return;
    if (STATE.params.cell) closeCell();
  } else if (
    event.key === "/" &&
    !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) &&
    !event.ctrlKey &&
    !event.metaKey
  ) {
    const field = document.querySelector("[data-search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  }
}

function closeTicks() {
  const open = document.querySelector("details.ticks[open]");
  if (!open) return false;
  open.open = false;
  open.firstChild.focus();
  return true;
}

function clickedOutside(event) {
  document.querySelectorAll("details.ticks[open]").forEach((each) => {
    if (!each.contains(event.target)) each.open = false;
  });
  if (!event.target.closest(".term, .explained")) closeExplained();
}

function themeButton() {
  const button = h("button", { type: "button", class: "quiet", onclick: () => setTheme(nextTheme()) });
  const setTheme = (name) => {
    document.documentElement.dataset.theme = name;
    fill(button, unseen("Colours: "), THEMES[name]);
    remember(name);
  };
  const nextTheme = () => {
    const names = Object.keys(THEMES);
    return names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  };
  setTheme(remembered());
  return button;
}

/** Some browsers give a page that is opened from a file no storage. */
function remember(name) {
  try {
    window.localStorage.setItem("aic-harness-theme", name);
  } catch {
    // Colours then follow the system at the next visit.
  }
}

function remembered() {
  try {
    const name = window.localStorage.getItem("aic-harness-theme");
    return name in THEMES ? name : "system";
  } catch {
    return "system";
  }
}

start();
