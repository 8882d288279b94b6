/* The view of coverage: which databases have measurements of their own, by family of ops and by table. */

const COVERAGE_VIEW = { title: "Coverage", build: buildCoverage };

function buildCoverage(root) {
  if (!P.coverage) {
    fill(
      root,
      nothing(
        "No result says which tables a database answers from. Make one: ",
        h("code", null, "aic-harness describe --all --out models.jsonl"),
        ", and name the file too.",
      ),
    );
    return () => {};
  }
  const systems = [...new Set(P.databases.map((database) => database.system))];
  const backends = [...new Set(P.databases.map((database) => database.backend))].sort();
  const place = h("div", { class: "grid-scroll", tabindex: "0", role: "region", "aria-label": "Coverage table" });
  const readout = h("p", { class: "readout" });
  place.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("td[aria-label]");
    if (cell) fill(readout, cell.getAttribute("aria-label"));
  });
  fill(
    root,
    h(
      "p",
      null,
      "Each database answers from tables of measurements. ",
      term("own data", "Own"),
      " rows were measured for its very version; ",
      term("inherited data", "inherited"),
      " ones come from another version.",
    ),
    coverageTiles(),
    h(
      "section",
      { class: "card flush", "aria-label": "Coverage" },
      h(
        "div",
        { class: "toolbar" },
        h(
          "div",
          null,
          ticks(
            "System",
            "system",
            systems.map((name) => [name, name]),
          ),
          ticks(
            "Backend",
            "backend",
            backends.map((name) => [name, name]),
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
          choice(
            "Rows",
            "rows",
            [
              ["families", "families"],
              ["tables", "every table"],
            ],
            "families",
          ),
          h(
            "p",
            { class: "legend" },
            h("span", null, h("i", { class: "swatch pass" }), "2/2 all tables own"),
            h("span", null, h("i", { class: "swatch hybrid" }), "1/2 some own"),
            h("span", null, h("i", { class: "swatch implausible" }), "0/2 all inherited"),
            h("span", null, "blank: no rows"),
          ),
        ),
      ),
      place,
      readout,
    ),
  );
  const draw = () => fill(place, coverageTable(coverageColumns()));
  draw();
  return draw;
}

function coverageTiles() {
  const newest = P.coverage.databases.filter((each) => P.databases[each.database].newest);
  const own = newest.filter((each) => each.inherited.length === 0).length;
  const none = newest.filter((each) => each.own.length === 0).length;
  const tile = (title, value) => h("div", { class: "tile" }, h("span", null, title), h("b", null, count(value)));
  return h(
    "div",
    { class: "tiles" },
    tile("newest databases", newest.length),
    tile("with own data only", own),
    tile("with some inherited", newest.length - own - none),
    tile("with inherited data only", none),
    tile("op tables", P.coverage.tables.length),
  );
}

/** Databases that the address asks for, each with where every table's rows come from. */
function coverageColumns() {
  const [systems, backends] = [listParam("system"), listParam("backend")];
  return P.coverage.databases
    .filter(({ database }) => {
      const each = P.databases[database];
      return (
        (STATE.params.versions === "all" || each.newest) &&
        (!systems.length || systems.includes(each.system)) &&
        (!backends.length || backends.includes(each.backend))
      );
    })
    .map((each) => ({ database: each.database, own: new Set(each.own), inherited: new Map(each.inherited) }));
}

function coverageTable(columns) {
  if (!columns.length) return nothing("No database is left by these filters.");
  const families = new Map();
  P.coverage.tables.forEach((each, place) => pushTo(families, each.family, place));
  const every = STATE.params.rows === "tables";
  const opened = listParam("open");
  const rows = [...families].flatMap(([family, tables]) => [
    h(
      "tr",
      { class: "family" },
      h("th", { scope: "row" }, familyButton(family, tables, every || opened.includes(family), every)),
      columns.map((column, at) => familyCell(family, tables, columns, column, at)),
    ),
    ...(every || opened.includes(family)
      ? tables.map((place) =>
          h(
            "tr",
            null,
            h("th", { scope: "row", class: "inner" }, P.coverage.tables[place].name),
            columns.map((column, at) => tableCell(place, columns, column, at)),
          ),
        )
      : []),
  ]);
  const result = h(
    "table",
    { class: "grid coverage" },
    h("caption", { class: "unseen" }, "Whose rows each database answers from"),
    h(
      "colgroup",
      null,
      h("col", { class: "model" }),
      columns.map(() => h("col")),
    ),
    coverageHead(columns),
    h("tbody", null, rows),
  );
  result.style.setProperty("--columns", String(columns.length * 1.7));
  return result;
}

function familyButton(family, tables, open, fixed) {
  const said = [h("b", null, family), h("span", { class: "quiet" }, ` ${plural(tables.length, "table")}`)];
  if (fixed) return said;
  return h(
    "button",
    { type: "button", class: "row-link", "aria-expanded": String(open), onclick: () => toggleFamily(family) },
    open ? "▾ " : "▸ ",
    said,
  );
}

function toggleFamily(family) {
  toggleParam("open", family);
  [...document.querySelectorAll(".family button")].find((button) => button.textContent.includes(family))?.focus();
}

function coverageHead(columns) {
  const system = (column) => P.databases[column.database].system;
  const backend = (column) => `${system(column)} ${P.databases[column.database].backend}`;
  const edge = (run, name) => (startsSystem(columns, run.start) ? `${name} edge` : name);
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      h("th", { rowspan: 3, class: "corner", scope: "col" }, "Family of ops"),
      runs(columns, system).map((run) => headCell(run, run.key, "system edge")),
    ),
    h(
      "tr",
      null,
      runs(columns, backend).map((run) => headCell(run, P.databases[run.first.database].backend, edge(run, "backend"))),
    ),
    h(
      "tr",
      null,
      runs(columns, (column) => String(column.database)).map((run) =>
        headCell(run, versionLabel(run.first), edge(run, "version")),
      ),
    ),
  );
}

function familyCell(family, tables, columns, column, at) {
  const own = tables.filter((place) => column.own.has(place)).length;
  const inherited = tables.filter((place) => column.inherited.has(place)).length;
  const edge = startsSystem(columns, at) ? "edge " : "";
  if (own + inherited === 0)
    return h("td", { class: `${edge}none`, "aria-label": `${family} on ${databaseName(column.database)}: no rows` });
  const className = inherited === 0 ? "pass" : own === 0 ? "implausible" : "hybrid";
  return h(
    "td",
    {
      class: edge + className,
      "aria-label": `${family} on ${databaseName(column.database)}: ${own} of ${own + inherited} tables are its own`,
    },
    h("span", { "aria-hidden": "true" }, `${own}/${own + inherited}`),
  );
}

function tableCell(place, columns, column, at) {
  const edge = startsSystem(columns, at) ? "edge " : "";
  const said = `${P.coverage.tables[place].name} on ${databaseName(column.database)}`;
  if (column.own.has(place)) return h("td", { class: `${edge}pass`, "aria-label": `${said}: own rows` }, "●");
  if (!column.inherited.has(place)) return h("td", { class: `${edge}none`, "aria-label": `${said}: no rows` });
  return h("td", { class: `${edge}implausible`, "aria-label": `${said}: rows of ${column.inherited.get(place)}` }, "○");
}
