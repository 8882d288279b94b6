/* One cell, in a drawer beside the view: what it answers, on what evidence, whether to believe it. */

let RETURN_TO = null;

function openCell(row) {
  if (!STATE.params.cell) RETURN_TO = document.activeElement;
  update({ cell: cellOf(row).key });
}

function closeCell() {
  update({ cell: "" });
  if (RETURN_TO && RETURN_TO.isConnected) RETURN_TO.focus({ preventScroll: true });
  else document.querySelector('.grid [tabindex="0"]')?.focus({ preventScroll: true });
}

/** Show the cell that the address names, or nothing. */
function showDrawer(state, before) {
  const drawer = document.getElementById("drawer");
  const key = state.params.cell || "";
  if (before && key === (before.params.cell || "")) return;
  const row = key && P.matrix ? rowOfKey(key) : -1;
  drawer.hidden = !key;
  document.body.classList.toggle("beside", Boolean(key));
  if (!key) return;
  drawer.setAttribute("tabindex", "-1");
  fill(drawer, row < 0 ? unknownCell(key) : cellParts(cellOf(row)));
  drawer.scrollTop = 0;
}

function closeButton() {
  return h(
    "button",
    { type: "button", class: "quiet close", onclick: closeCell, "aria-label": "Close the cell (Esc)" },
    "✕",
  );
}

function unknownCell(key) {
  return [
    h("header", null, h("h2", null, "Unknown cell"), closeButton()),
    nothing("These results have no cell ", h("code", null, key), "."),
  ];
}

function cellParts(cell) {
  return [
    h(
      "header",
      null,
      h(
        "div",
        null,
        h("h2", null, link("model", { id: cell.model.id }, modelName(cell.model.id))),
        h(
          "p",
          { class: "quiet" },
          `${databaseName(cell.databasePlace)} · `,
          term(cell.mode),
          cell.model.architecture ? ` · ${cell.model.architecture}` : "",
        ),
      ),
      closeButton(),
    ),
    verdictPart(cell),
    cell.estimate ? [figuresPart(cell.estimate), evidencePart(cell.estimate)] : null,
    dataPart(cell),
    cellChanges(cell),
    neighbours(cell),
    findingsNearby(cell),
    h(
      "section",
      null,
      h("h3", null, "Reproduce"),
      h("p", { class: "quiet" }, "Judge this cell alone"),
      command(cell.reproduce),
      cell.command ? [h("p", { class: "quiet" }, "Ask the subject itself"), command(cell.command)] : null,
    ),
  ];
}

function verdictPart(cell) {
  const doubtful = cell.estimate && cell.estimate.plausibility;
  return h(
    "section",
    null,
    h("p", { class: "verdict" }, statusBadge(cell.status), doubtful ? plausibilityBadge(cell.estimate) : null),
    h("p", null, (STATUSES[cell.status] || STATUSES[""]).text),
    cell.estimate && cell.estimate.doubt ? h("p", { class: "cause implausible" }, cell.estimate.doubt) : null,
    cell.error ? [h("h3", null, "First cause"), h("p", { class: "cause" }, cell.error)] : null,
  );
}

function plausibilityBadge(estimate) {
  const { sign } = PLAUSIBILITIES[estimate.plausibility] || PLAUSIBILITIES.unjudged;
  return h(
    "span",
    { class: `badge ${estimate.plausibility}` },
    h("span", { "aria-hidden": "true" }, sign),
    estimate.plausibility,
  );
}

function figuresPart(e) {
  return h(
    "section",
    null,
    h("h3", null, "Estimate against the ", term("roofline")),
    boundRow("TTFT", e.ttft_ms, e.ttft_bound_ms, e.ttft_limit),
    boundRow("TPOT", e.tpot_ms, e.tpot_bound_ms, e.tpot_limit),
    h(
      "p",
      null,
      h("b", null, figure(e.rate)),
      " tokens/s/GPU on ",
      plural(e.gpus, "GPU"),
      `; ${count(e.isl)} tokens in`,
      e.prefix ? ` (${count(e.prefix)} cached)` : "",
      `, ${count(e.osl)} out.`,
    ),
  );
}

/** A latency as a bar, with the part of it that physics asks for. */
function boundRow(name, value, bound, limit) {
  const most = Math.max(value || 0, bound || 0) || 1;
  const below = bound !== null && value < bound;
  const said =
    bound === null
      ? `${ms(value)}; no bound is known`
      : `${ms(value)}, ${times(value / bound)} the bound of ${ms(bound)} (${limit})`;
  const width = (part) => `${(100 * part) / most}%`;
  return h(
    "div",
    { class: "bound" },
    h("span", null, term(name)),
    s(
      "svg",
      { class: below ? "bar below" : "bar", role: "img", "aria-label": `${name}: ${said}`, height: 18, width: "100%" },
      s("rect", { class: "whole", width: width(value), height: 18, rx: 2 }),
      bound === null ? null : s("rect", { class: "floor", width: width(bound), height: 18, rx: 2 }),
      bound === null ? null : s("line", { class: "mark", x1: width(bound), x2: width(bound), y1: 0, y2: 18 }),
    ),
    h("span", { class: "said" }, said),
  );
}

function evidencePart(e) {
  const rows = e.workers.map((worker) => [
    worker.role,
    h("code", null, worker.layout),
    count(worker.replicas),
    count(worker.batch),
    `${figure(worker.memory)} GiB`,
  ]);
  return h(
    "section",
    null,
    h("h3", null, term("evidence", "Evidence"), ": the deployment that proves it"),
    table("Pools of workers", ["role", "layout", "workers", "batch", "memory/GPU"], rows, { numeric: [2, 3, 4] }),
  );
}

function dataPart(cell) {
  const tables = cell.inherited ? cell.inherited.split(", ") : [];
  const names = { own: "own data", mixed: "inherited data", inherited: "inherited data" };
  const where = cell.data
    ? h(
        "p",
        null,
        "Answered from ",
        term(names[cell.data], `${cell.data} data`),
        cell.source ? [", worst provenance ", term("source", cell.source)] : "",
        ".",
      )
    : cell.source
      ? h("p", null, "Worst provenance ", term("source", cell.source), ".")
      : nothing("Not known: the results hold no evidence for this cell.");
  const list = () =>
    h(
      "ul",
      { class: "tables" },
      tables.map((each) => {
        const [name, from] = each.split("<-");
        return h("li", null, h("code", null, name), h("span", { class: "quiet" }, ` from ${from}`));
      }),
    );
  const effort =
    cell.seconds === null
      ? null
      : h(
          "p",
          { class: "quiet" },
          `Judged in ${duration(cell.seconds)}`,
          cell.tries === null ? "" : ` with ${plural(cell.tries, "search", "searches")}`,
          ".",
        );
  return h(
    "section",
    null,
    h("h3", null, "Data"),
    where,
    tables.length ? disclosure(`${plural(tables.length, "table")} of other versions`, list) : null,
    effort,
  );
}

/** What changed in the cell since the other run. */
function cellChanges(cell) {
  if (!P.changes) return null;
  const { statuses, values, old } = P.changes;
  const status = statuses ? statuses.cell.indexOf(cell.row) : -1;
  const figures = values ? values.cell.flatMap((row, place) => (row === cell.row ? [place] : [])) : [];
  const added = status >= 0 && word(statuses.direction, status) === "added";
  const moved =
    status < 0
      ? null
      : added
        ? h("p", { class: "quiet" }, "That run does not have this cell.")
        : h(
            "p",
            null,
            statusBadge(word(statuses.old, status)),
            " → ",
            statusBadge(word(statuses.new, status)),
            ` (${word(statuses.direction, status)})`,
          );
  const rows = figures.map((place) => [
    word(values.quantity, place),
    figure(values.old[place]),
    figure(values.new[place]),
    times(values.ratio[place]),
  ]);
  return h(
    "section",
    null,
    h("h3", null, `Since ${shortPath(old.name)}`),
    moved,
    rows.length ? table("Figures that changed", ["figure", "old", "new", "ratio"], rows, { numeric: [1, 2, 3] }) : null,
    moved || rows.length ? null : h("p", { class: "quiet" }, "Nothing that is compared changed."),
  );
}

/** A path without its folders but the last. */
function shortPath(name) {
  return name.split("/").filter(Boolean).pop() || name;
}

/** The same model and system with other backends, versions and modes. */
function neighbours(cell) {
  const places = P.databases.flatMap((database, place) => (database.system === cell.database.system ? [place] : []));
  const button = (place, mode) => {
    const row = cellRow(cell.modelPlace, place, mode);
    if (row < 0) return "–";
    const status = word(P.matrix.status, row);
    const { sign, className } = STATUSES[status];
    const props = {
      type: "button",
      class: `mini ${className}`,
      "aria-pressed": String(row === cell.row),
      "aria-label": `${status || "not judged"}, ${databaseName(place)} ${MODES[mode]}`,
      onclick: () => openCell(row),
    };
    return h("button", props, sign);
  };
  const rows = places.map((place) => [
    `${P.databases[place].backend} ${P.databases[place].version}`,
    button(place, 0),
    button(place, 1),
  ]);
  return h(
    "section",
    null,
    h("h3", null, `This model on ${cell.database.system}`),
    table("Other backends and versions", ["backend and version", "agg", "disagg"], rows),
  );
}

function findingsNearby(cell) {
  if (!P.findings) return null;
  const rows = (INDEX.findingsByModel.get(cell.modelPlace) || []).filter(
    (row) => word(P.findings.outcome, row) !== "skip",
  );
  const here = rows.filter((row) => P.findings.database[row] === cell.databasePlace);
  return h(
    "section",
    null,
    h("h3", null, "Findings"),
    here.length
      ? h(
          "ul",
          null,
          here.slice(0, 20).map((row) => h("li", null, findingLine(findingOf(row)))),
        )
      : null,
    rows.length
      ? h(
          "p",
          null,
          link("model", { id: cell.model.id, at: "findings" }, plural(rows.length, "finding")),
          " on this model, ",
          plural(here.length, "of them on this database", "of them on this database"),
          ".",
        )
      : h("p", { class: "quiet" }, "The checks found nothing wrong with this model."),
  );
}

function findingLine(finding) {
  return [outcomeBadge(finding), " ", h("code", null, finding.check.id), ` ${finding.about}: ${finding.actual}`];
}
