/* The matrix as a grid: models down, databases and modes across. Only the rows in sight are in the document. */

const ROW_HEIGHT = 24;
const MARGIN_ROWS = 8;
/** Pixels of the window that the grid never fills with rows: what the style leaves, and its own head. */
const LEFT_FOR_OTHERS = 200;

/** A grid; `show` takes what `filtered` gives. */
function matrixGrid() {
  const grid = {
    head: h("thead"),
    columnWidths: h("colgroup"),
    body: h("tbody"),
    readout: h("p", { class: "readout", "aria-live": "off" }),
    rows: new Map(),
    view: null,
    at: { row: 0, column: 0 },
    signature: "",
  };
  grid.table = h(
    "table",
    { class: "grid", role: "grid", "aria-label": "Support matrix" },
    grid.columnWidths,
    grid.head,
    grid.body,
  );
  grid.scroller = h("div", { class: "grid-scroll" }, grid.table);
  grid.element = h("div", { class: "grid-frame" }, grid.scroller, grid.readout);
  grid.scroller.addEventListener("scroll", () => drawRows(grid), { passive: true });
  grid.body.addEventListener("click", (event) => clickedGrid(grid, event));
  grid.body.addEventListener("keydown", (event) => pressedGrid(grid, event));
  grid.body.addEventListener("mouseover", (event) => readOut(grid, event.target.closest("td")));
  grid.body.addEventListener("focusin", (event) => focusedGrid(grid, event.target));
  onPrint(grid.element, (margin) => drawRows(grid, margin));
  return grid;
}

function showGrid(grid, view) {
  const columns = view.columns.map((each) => each.database * 2 + each.mode).join();
  const signature = `${columns};${STATE.params.status || ""};${STATE.params.plausibility || ""}`;
  if (signature !== grid.signature) grid.rows.clear();
  if (!grid.signature.startsWith(`${columns};`)) drawHead(grid, view.columns);
  grid.signature = signature;
  grid.view = view;
  grid.support = supportOf(view.fails);
  grid.at.row = Math.min(grid.at.row, Math.max(0, view.models.length - 1));
  grid.at.column = Math.min(grid.at.column, view.columns.length);
  grid.table.setAttribute("aria-rowcount", String(view.models.length + 4));
  grid.table.setAttribute("aria-colcount", String(view.columns.length + 1));
  grid.drawn = "";
  drawRows(grid, 0);
  // Rows out of sight may come after the paint.
  window.clearTimeout(grid.later);
  grid.later = window.setTimeout(() => drawRows(grid), 150);
}

/** Put the rows that are in sight into the document, with room for those above and below. */
function drawRows(grid, margin = MARGIN_ROWS) {
  if (!grid.view) return;
  const total = grid.view.models.length;
  const seen = window.innerHeight - LEFT_FOR_OTHERS;
  const first = Math.max(0, Math.floor(grid.scroller.scrollTop / ROW_HEIGHT) - margin);
  const last = Math.min(total, first + Math.ceil(seen / ROW_HEIGHT) + 2 * margin);
  const drawn = `${first}-${last}-${total}`;
  if (drawn === grid.drawn) return;
  grid.drawn = drawn;
  const focused = grid.body.contains(document.activeElement);
  const rows = [];
  for (let place = first; place < last; place += 1) rows.push(gridRow(grid, place));
  patch(grid.body, parts([spacer(grid, first), rows, spacer(grid, total - last)]));
  markPlace(grid);
  if (focused) elementAt(grid, grid.at)?.focus({ preventScroll: true });
}

/** Make these the children; those that are there already in this order are not touched, which spares their layout. */
function patch(parent, children) {
  const kept = new Set(children);
  [...parent.children].forEach((child) => kept.has(child) || child.remove());
  let at = parent.firstChild;
  children.forEach((child) => {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  });
}

function spacer(grid, rows) {
  if (!rows) return null;
  const cell = h("td", { colspan: grid.view.columns.length + 1 });
  cell.style.setProperty("height", `${rows * ROW_HEIGHT}px`);
  return h("tr", { class: "spacer", "aria-hidden": "true" }, cell);
}

function gridRow(grid, place) {
  const model = grid.view.models[place];
  if (!grid.rows.has(model)) grid.rows.set(model, newRow(grid, model));
  const row = grid.rows.get(model);
  row.setAttribute("aria-rowindex", String(place + 5));
  row.dataset.place = place;
  return row;
}

function newRow(grid, model) {
  const { id } = P.models[model];
  const support = grid.support.get(model) || { cells: 0, answered: 0 };
  const said = `${support.answered}/${support.cells}`;
  const meter = h(
    "span",
    { class: "meter", title: `${said} cells in sight are answered` },
    h("i"),
    h("span", null, said),
  );
  meter.firstChild.style.setProperty("width", `${support.cells ? (100 * support.answered) / support.cells : 0}%`);
  const head = h(
    "th",
    { scope: "row" },
    h("div", null, h("a", { href: address("model", { id }), tabindex: "-1", title: id }, modelName(id)), meter),
  );
  return h(
    "tr",
    null,
    head,
    grid.view.columns.map((column, at) => gridCell(grid, model, column, at)),
  );
}

function gridCell(grid, model, column, at) {
  const row = cellRow(model, column.database, column.mode);
  const edge = startsSystem(grid.view.columns, at) ? "edge " : "";
  if (row < 0) return h("td", { class: `${edge}none`, tabindex: "-1", "aria-label": "no cell" });
  const status = word(P.matrix.status, row);
  const { sign, className } = STATUSES[status];
  const doubtful = plausibilityOf(row) === "implausible";
  const dim = grid.view.fails[row] & (NO_STATUS | NO_PLAUSIBILITY) ? " dim" : "";
  const label = `${status || "not judged"}${doubtful ? ", implausible" : ""}, ${MODES[column.mode]}, ${databaseName(column.database)}`;
  return h(
    "td",
    {
      class: `${edge}${className}${dim}${doubtful ? " doubt" : ""}`,
      "data-row": row,
      tabindex: "-1",
      "aria-label": label,
    },
    doubtful ? "!" : sign,
  );
}

function startsSystem(columns, at) {
  return at === 0 || P.databases[columns[at].database].system !== P.databases[columns[at - 1].database].system;
}

/** Header: systems, backends, versions, modes. */
function drawHead(grid, columns) {
  fill(
    grid.columnWidths,
    h("col", { class: "model" }),
    columns.map(() => h("col")),
  );
  grid.table.style.setProperty("--columns", String(columns.length));
  const system = (column) => P.databases[column.database].system;
  const backend = (column) => `${system(column)} ${P.databases[column.database].backend}`;
  fill(
    grid.head,
    h(
      "tr",
      { "aria-rowindex": "1" },
      h(
        "th",
        { rowspan: 4, class: "corner", scope: "col" },
        h("div", null, "Model", h("span", null, "a ", term("agg"), ", d ", term("disagg"))),
      ),
      runs(columns, system).map((run) => headCell(run, run.key, "system edge")),
    ),
    h(
      "tr",
      { "aria-rowindex": "2" },
      runs(columns, backend).map((run) =>
        headCell(run, P.databases[run.first.database].backend, edged(columns, run, "backend")),
      ),
    ),
    h(
      "tr",
      { "aria-rowindex": "3" },
      runs(columns, (column) => String(column.database)).map((run) =>
        headCell(run, versionLabel(run.first), edged(columns, run, "version")),
      ),
    ),
    h(
      "tr",
      { "aria-rowindex": "4" },
      columns.map((column, at) =>
        h(
          "th",
          { scope: "col", class: startsSystem(columns, at) ? "mode edge" : "mode", title: MODES[column.mode] },
          h("span", { "aria-hidden": "true" }, MODES[column.mode][0]),
          unseen(MODES[column.mode]),
        ),
      ),
    ),
  );
}

function versionLabel(column) {
  return h("span", null, P.databases[column.database].version);
}

function edged(columns, run, name) {
  return startsSystem(columns, run.start) ? `${name} edge` : name;
}

/** Neighbours with the same key. */
function runs(columns, keyOf) {
  const found = [];
  columns.forEach((column, start) => {
    const key = keyOf(column);
    const last = found[found.length - 1];
    if (last && last.key === key) last.length += 1;
    else found.push({ key, first: column, start, length: 1 });
  });
  return found;
}

function headCell(run, text, className) {
  return h(
    "th",
    {
      scope: "colgroup",
      colspan: run.length,
      class: className,
      title: typeof text === "string" ? text : databaseName(run.first.database),
    },
    text,
  );
}
