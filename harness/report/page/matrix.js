/* The view of the matrix: the three answers, filters, grid or list. */

const MATRIX_VIEW = { title: "Matrix", build: buildMatrix };

function buildMatrix(root) {
  if (!P.matrix) {
    fill(
      root,
      overview(),
      nothing("The results hold no support matrix. Make one: ", h("code", null, "aic-harness matrix run")),
    );
    return () => {};
  }
  const bar = matrixToolbar();
  const place = h("div", { class: "matrix-place" });
  fill(root, overview(), h("section", { class: "card flush", "aria-label": "Support matrix" }, bar.element, place));
  const shown = { layout: "", show: null };
  const draw = () => {
    const view = filtered();
    bar.show(view);
    const layout = STATE.params.layout || "grid";
    if (layout !== shown.layout) {
      shown.layout = layout;
      shown.show = layout === "list" ? placeList(place) : placeGrid(place);
    }
    shown.show(view);
  };
  draw();
  return draw;
}

function placeGrid(place) {
  const grid = matrixGrid();
  const empty = nothing("No model has a cell that these filters leave. ", clearButton());
  fill(place, grid.element, empty);
  return (view) => {
    const none = view.models.length === 0 || view.columns.length === 0;
    grid.element.hidden = none;
    empty.hidden = !none;
    if (!none) showGrid(grid, view);
  };
}

function clearButton() {
  return h("button", { type: "button", class: "quiet clear", onclick: clearFilters }, "Clear filters");
}

function clearFilters() {
  update(
    Object.fromEntries(
      ["q", "family", "system", "backend", "status", "plausibility", "mode"].map((name) => [name, ""]),
    ),
  );
}

function matrixToolbar() {
  const families = [...new Set(INDEX.judgedModels.map((place) => P.models[place].architecture))].sort();
  const systems = [...new Set(P.databases.map((database) => database.system))];
  const backends = [...new Set(P.databases.map((database) => database.backend))].sort();
  const same = (values) => values.map((value) => [value, value]);
  const status = chips(
    "Status",
    "status",
    Object.entries(STATUSES)
      .filter(([name]) => P.matrix.status.values.includes(name) && name)
      .map(statusChip),
  );
  const belief = chips(
    "Plausibility",
    "plausibility",
    Object.entries(PLAUSIBILITIES).map(([value, each]) => ({ value, label: value, ...each, className: value })),
  );
  const shown = h("output", { class: "shown" });
  const clear = clearButton();
  const element = h(
    "div",
    { class: "toolbar" },
    h(
      "div",
      null,
      searchField("Search models ( / )", "q"),
      ticks("Family", "family", same(families)),
      ticks("System", "system", same(systems)),
      ticks("Backend", "backend", same(backends)),
      choice(
        "Mode",
        "mode",
        [
          ["both", "agg + disagg"],
          ["agg", "agg"],
          ["disagg", "disagg"],
        ],
        "both",
      ),
      choice(
        "Versions",
        "versions",
        [
          ["newest", "newest versions"],
          ["all", "all"],
        ],
        "newest",
      ),
      select(
        "Sort",
        "sort",
        [
          ["name", "by name"],
          ["family", "by family"],
          ["most", "most answered"],
          ["least", "least answered"],
          ["findings", "most findings"],
          ["doubt", "most implausible"],
        ],
        "name",
      ),
      choice(
        "Layout",
        "layout",
        [
          ["grid", "Grid"],
          ["list", "List"],
        ],
        "grid",
      ),
      shown,
      clear,
    ),
    h(
      "div",
      null,
      h("span", { class: "label" }, term("status", "Status")),
      status,
      h("span", { class: "label" }, term("plausibility", "Plausibility")),
      belief,
    ),
  );
  const show = ({ counts, models, narrowed }) => {
    status.show(counts.status);
    belief.show(counts.plausibility);
    fill(shown, `${count(counts.shown)} of ${plural(counts.total, "cell")}, ${plural(models.length, "model")}`);
    clear.hidden = !narrowed && !["q", "family", "system", "backend", "mode"].some((name) => STATE.params[name]);
  };
  return { element, show };
}

function statusChip([value, { sign, className, text }]) {
  return { value, label: value, sign, className, text };
}
