/* The view of changes: against another run, statuses, figures and findings, what got worse first. */

const CHANGES_VIEW = {
  title: "Changes",
  badge: () => (P.changes && P.changes.regressions ? count(P.changes.regressions) : null),
  build: buildChanges,
};

function buildChanges(root) {
  if (!P.changes) {
    fill(
      root,
      nothing(
        "This page was made without an earlier run to compare with. Name one: ",
        h("code", null, "aic-harness report RESULTS --out DIR --against OLD"),
      ),
    );
    return () => {};
  }
  const lists = changeLists();
  const tiles = h("nav", { class: "tiles", "aria-label": "Lists of changes" });
  const place = h("section", { class: "card flush" });
  fill(root, changesHead(), tiles, place);
  const draw = () => {
    const chosen =
      lists.find((list) => list.name === STATE.params.list) ||
      lists.find((list) => list.bad && list.rows.length) ||
      lists.find((list) => list.rows.length) ||
      lists[0];
    fill(
      tiles,
      lists.map((list) => changeTile(list, list === chosen)),
    );
    place.setAttribute("aria-label", chosen.title);
    fill(
      place,
      h(
        "h2",
        { class: "list-title" },
        `${chosen.title}: ${count(chosen.rows.length)}`,
        h("span", { class: "quiet" }, chosen.said),
      ),
      chosen.rows.length ? chosen.draw(chosen.rows) : nothing("None."),
    );
  };
  draw();
  return draw;
}

function changesHead() {
  const { old, new: now, notes } = P.changes;
  const side = (info) => [
    h("b", { title: info.name }, shortPath(info.name)),
    info.subject ? ` ${info.subject}` : "",
    info.harness ? h("span", { class: "quiet" }, `, harness ${info.harness}`) : "",
  ];
  return h(
    "div",
    null,
    h("p", null, "From ", side(old), " to ", side(now)),
    notes.length
      ? h(
          "ul",
          { class: "notes" },
          notes.map((note) => h("li", null, note)),
        )
      : null,
  );
}

function changeTile(list, chosen) {
  const tone = list.bad && list.rows.length ? "bad" : "";
  return h(
    "a",
    { class: `tile ${tone}`, href: address("changes", { list: list.name }), "aria-current": chosen ? "true" : null },
    h("span", null, list.title),
    h("b", null, count(list.rows.length)),
  );
}

/** Every list that both sides allow; `draw` shows its rows. */
function changeLists() {
  const { statuses, values, findings } = P.changes;
  return [
    ...(statuses ? statusLists(statuses) : []),
    ...(findings ? findingLists(findings) : []),
    ...(values ? [valueList(values)] : []),
  ];
}

function statusLists(statuses) {
  const draw = (rows) => statusChanges(statuses, rows);
  const of = (direction) => rowsWith(statuses.direction, direction);
  const list = (name, title, rows, said, bad = false) => ({ name, title, rows, said, bad, draw });
  return [
    list("worse", "statuses worse", of("worse"), "cells whose answer got worse", true),
    list("better", "statuses better", of("better"), "cells whose answer got better"),
    list("other", "statuses otherwise", of("other"), "unsupported for another reason"),
    list("cells", "cells added or removed", [...of("added"), ...of("removed")], "cells that one side alone has"),
  ];
}

function statusChanges(statuses, rows) {
  const name = (row) =>
    statuses.cell[row] >= 0 ? cellOf(statuses.cell[row]).coordinates.join(" ") : word(statuses.name, row);
  const badge = (column) => (row) => (word(column, row) ? statusBadge(word(column, row)) : "–");
  const columns = [
    { title: "Cell", width: 520, text: name, value: name },
    { title: "Old", width: 210, node: badge(statuses.old), value: (row) => word(statuses.old, row) },
    { title: "New", width: 210, node: badge(statuses.new), value: (row) => word(statuses.new, row) },
    {
      title: "First cause now",
      text: (row) => (statuses.cell[row] >= 0 ? word(P.matrix.error, statuses.cell[row]) : ""),
    },
  ];
  return shownList(
    "Statuses that changed",
    columns,
    rows,
    (row) => statuses.cell[row] >= 0 && openCell(statuses.cell[row]),
  );
}

function shownList(label, columns, rows, open) {
  const list = longList(label, columns, { orderParam: "order", open });
  list.show(rows);
  return list.element;
}

function valueList(values) {
  const said = `of ${count(values.total)} figures that differ, in ${count(values.cells)} cells that both sides have; largest ratio first, no change of a figure is a regression`;
  return {
    name: "values",
    title: "figures",
    said,
    rows: [...values.cell.keys()],
    draw: (rows) => valueChanges(values, rows),
  };
}

function valueChanges(values, rows) {
  const name = (row) => cellOf(values.cell[row]).coordinates.join(" ");
  const most = Math.max(...values.ratio.map((ratio) => (ratio ? Math.abs(Math.log(ratio)) : 0)), 0.01);
  const columns = [
    { title: "Cell", width: 460, text: name, value: name },
    {
      title: "Figure",
      width: 150,
      text: (row) => word(values.quantity, row),
      value: (row) => word(values.quantity, row),
    },
    { title: "Old", width: 90, numeric: true, text: (row) => figure(values.old[row]), value: (row) => values.old[row] },
    { title: "New", width: 90, numeric: true, text: (row) => figure(values.new[row]), value: (row) => values.new[row] },
    {
      title: "Ratio",
      width: 80,
      numeric: true,
      text: (row) => times(values.ratio[row]),
      value: (row) => values.ratio[row],
    },
    { title: "smaller ← | → larger", width: 180, node: (row) => ratioBar(values.ratio[row], most) },
    {
      title: "Deployment",
      width: 100,
      text: (row) => (values.same[row] ? "same" : "another"),
      value: (row) => values.same[row],
    },
    { title: "Data", width: 150, text: (row) => word(values.data, row), value: (row) => word(values.data, row) },
  ];
  return shownList("Figures that changed", columns, rows, (row) => openCell(values.cell[row]));
}

/** From the middle, to the right for larger and to the left for smaller, on a logarithmic scale. */
function ratioBar(ratio, most) {
  if (!ratio) return "–";
  const part = (50 * Math.log(ratio)) / most;
  return s(
    "svg",
    { class: "ratio", width: "100%", height: 10, "aria-hidden": "true" },
    s("rect", { x: `${part < 0 ? 50 + part : 50}%`, width: `${Math.max(0.5, Math.abs(part))}%`, height: 10 }),
    s("line", { x1: "50%", x2: "50%", y1: 0, y2: 10 }),
  );
}

function findingLists(findings) {
  const list = (name, title, said, bad = false) => ({
    name,
    title,
    said,
    bad,
    rows: rowsWith(findings.list, name),
    draw: (rows) => findingChanges(findings, rows),
  });
  return [
    list("new", "findings new", "judged before and not found then", true),
    list("fixed", "findings fixed", "found before, judged now and not found"),
    list("changed", "findings changed", "found on both sides with other values"),
    list("unjudged_before", "not judged before", "found now, and not judged before"),
    list("unjudged_now", "not judged now", "found before, and not judged now"),
  ];
}

function findingChanges(findings, rows) {
  const groups = new Map();
  rows.forEach((row) => pushTo(groups, word(findings.check, row), row));
  return h(
    "div",
    { class: "groups" },
    [...groups].map(([check, members]) =>
      disclosure(
        [
          h("b", null, check),
          h("span", { class: "quiet" }, plural(members.length, "finding")),
          h("span", { class: "why" }, [...new Set(members.map((row) => word(findings.target, row)))].join(", ")),
        ],
        () => members.map((row) => changedFinding(findings, row)),
        { open: groups.size === 1, className: "group" },
      ),
    ),
  );
}

function changedFinding(findings, row) {
  const of = (name) => word(findings[name], row);
  const body = () => [
    h(
      "dl",
      { class: "pairs" },
      pair("expected", multiline(of("expected"))),
      pair("actual", multiline(of("actual"))),
      pair("actual before", multiline(of("before"))),
      pair("arithmetic", multiline(of("arithmetic"))),
      pair("where", of("where")),
      pair("known issue", of("issue") && link("findings", { issue: of("issue") }, of("issue"))),
      pair(
        "model",
        findings.model[row] >= 0 &&
          link("model", { id: P.models[findings.model[row]].id }, P.models[findings.model[row]].id),
      ),
    ),
    command(of("reproduce")),
  ];
  const said = of("before") ? `${of("before")} → ${of("actual")}` : of("actual");
  return disclosure(
    [
      of("issue") ? h("span", { class: "badge known" }, "≡ known") : null,
      h("span", { class: "where" }, of("target")),
      h("code", null, of("about")),
      h("span", { class: "actual" }, said),
    ],
    body,
    { className: "finding" },
  );
}
