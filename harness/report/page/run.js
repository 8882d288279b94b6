/* The view of the run: which files and versions the page is made of, what the run cost, and what crashed. */

const RUN_VIEW = {
  title: "Run",
  badge: () => (P.run.crashes.length ? count(P.run.crashes.length) : null),
  build: buildRun,
};

function buildRun(root) {
  const { parts, costs, crashes, notes } = P.run;
  fill(
    root,
    h(
      "p",
      null,
      "Written ",
      h("b", null, moment(P.written)),
      ` by harness ${P.harness}`,
      P.subject ? [" about ", h("b", null, P.subject)] : "",
      ".",
    ),
    notes.length
      ? section(
          "What to know",
          h(
            "ul",
            { class: "notes" },
            notes.map((note) => h("li", null, note)),
          ),
        )
      : null,
    section("Results that this page shows", parts.length ? partsTable(parts) : nothing("None.")),
    section(
      crashes.length ? `Crashed cells: ${count(crashes.length)}` : "Crashed cells",
      crashes.length
        ? crashList(crashes)
        : h("p", null, "✓ No process came to its end over a cell: none crashed, ran out of time or of memory."),
    ),
    section(
      "Cost of judging, by database",
      costs.length ? costTable(costs) : nothing("Not known without the evidence of a matrix."),
    ),
  );
  return () => {};
}

function partsTable(parts) {
  const rows = parts.map((part) => [
    h("code", null, part.name),
    part.kind,
    count(part.records),
    part.counts.map(([name, number]) => `${name} ${count(number)}`).join(", "),
    h("span", { class: "keep" }, moment(part.started)),
    h("span", { class: "keep" }, duration(part.seconds)),
    part.versions.map(([name, version]) => `${name} ${version}`).join(", "),
  ]);
  return table("Files", ["file", "kind", "records", "outcomes", "started", "took", "versions"], rows, { numeric: [2] });
}

function crashList(crashes) {
  return h(
    "ul",
    { class: "crashes" },
    crashes.slice(0, 200).map((row) => {
      const cell = cellOf(row);
      return h(
        "li",
        null,
        h(
          "button",
          { type: "button", class: "row-link", onclick: () => openCell(row) },
          `${cell.model.id} on ${databaseName(cell.databasePlace)} ${cell.mode}`,
        ),
        h("span", { class: "quiet" }, ` ${cell.error}`),
      );
    }),
  );
}

function costTable(costs) {
  const most = Math.max(...costs.map((cost) => cost.seconds), 1e-9);
  const total = sum(costs.map((cost) => cost.seconds));
  const cells = sum(costs.map((cost) => cost.cells));
  const rows = costs.map((cost) => [
    databaseName(cost.database),
    count(cost.cells),
    duration(cost.seconds),
    s(
      "svg",
      { width: "100%", height: 10, "aria-hidden": "true" },
      s("rect", { class: "fill-gemm", width: `${(100 * cost.seconds) / most}%`, height: 10, rx: 1 }),
    ),
    figure((1000 * cost.seconds) / cost.cells),
    cost.slowest >= 0
      ? h(
          "button",
          { type: "button", class: "row-link", onclick: () => openCell(cost.slowest) },
          `${cellOf(cost.slowest).model.id} ${cellOf(cost.slowest).mode}, ${duration(cellOf(cost.slowest).seconds)}`,
        )
      : "–",
  ]);
  return [
    h("p", null, h("b", null, duration(total)), ` for ${plural(cells, "cell")} with evidence, one after the other.`),
    table(
      "Cost by database",
      ["database", "cells", "time", unseen("time as a bar"), "ms per cell", "slowest cell"],
      rows,
      { numeric: [1, 2, 4], className: "costs" },
    ),
  ];
}
