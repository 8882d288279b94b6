/* Findings in groups that open: by known issue, by check, or by model. */

const SHOWN_AT_ONCE = 60;

/** Rows of findings in groups, in the order in which the groups first occur. */
function groupedFindings(rows, by) {
  const groups = new Map();
  rows.forEach((row) => pushTo(groups, groupKey(row, by), row));
  return h(
    "div",
    { class: "groups" },
    [...groups].map(([key, members]) => findingGroup(key, members, by, groups.size === 1)),
  );
}

function groupKey(row, by) {
  const f = P.findings;
  if (by === "check") return f.check[row];
  if (by === "model") return f.model[row] >= 0 ? f.model[row] : word(f.system, row) || "the release";
  return f.issue[row] >= 0 ? `issue ${f.issue[row]}` : `check ${f.check[row]} ${word(f.outcome, row)}`;
}

function findingGroup(key, rows, by, open) {
  const first = findingOf(rows[0]);
  const heads = { issue: issueHead, check: checkHead, model: modelHeadLine };
  return disclosure(heads[by](first, rows), () => groupBody(first, rows, by), { open, className: "group" });
}

function issueHead(first, rows) {
  const targets = [...new Set(rows.map((row) => findingOf(row).target))];
  const where = targets.length === 1 ? targets[0] : plural(targets.length, "target");
  return [
    outcomeBadge(first),
    h("b", null, first.issue ? first.issue.id : first.check.id),
    h(
      "span",
      { class: "quiet" },
      `${first.issue && first.issue.kind ? `${first.issue.kind}, ` : ""}${plural(rows.length, "finding")} on ${where}`,
    ),
    first.issue ? h("span", { class: "why" }, first.issue.reason) : h("span", { class: "why" }, first.check.text),
  ];
}

function checkHead(first, rows) {
  const fresh = rows.filter((row) => !findingOf(row).issue && findingOf(row).outcome !== "skip").length;
  return [
    fresh ? h("span", { class: "badge fail" }, `✕ ${count(fresh)} new`) : null,
    h("b", null, first.check.id),
    h("span", { class: "quiet" }, `phase ${first.check.phase}, ${plural(rows.length, "finding")}`),
    h("span", { class: "why" }, first.check.text),
  ];
}

function modelHeadLine(first, rows) {
  const issues = new Set(
    rows
      .map((row) => findingOf(row).issue)
      .filter(Boolean)
      .map((issue) => issue.id),
  );
  const fresh = rows.filter((row) => !findingOf(row).issue && findingOf(row).outcome !== "skip").length;
  return [
    fresh ? h("span", { class: "badge fail" }, `✕ ${count(fresh)} new`) : null,
    h("b", null, first.model ? first.model.id : first.target),
    h("span", { class: "quiet" }, plural(rows.length, "finding")),
    h("span", { class: "why" }, [...issues].join(", ")),
  ];
}

function groupBody(first, rows, by) {
  const list = h("div");
  let shown = 0;
  const more = h("button", { type: "button", class: "quiet", onclick: () => showMore() });
  const showMore = () => {
    list.append(...rows.slice(shown, shown + SHOWN_AT_ONCE).map((row) => findingItem(findingOf(row), by)));
    shown = Math.min(rows.length, shown + SHOWN_AT_ONCE);
    more.hidden = shown >= rows.length;
    fill(more, `Show more (${count(rows.length - shown)} left)`);
  };
  showMore();
  return [
    by === "issue" && first.issue ? issueText(first.issue) : null,
    by === "model" && first.model ? h("p", null, link("model", { id: first.model.id }, "The model")) : null,
    list,
    more,
  ];
}

function issueText(issue) {
  return h(
    "div",
    { class: "issue" },
    h("p", null, issue.reason),
    h(
      "dl",
      { class: "pairs" },
      pair("check", h("code", null, issue.check)),
      pair("releases", issue.subjects),
      pair("upstream", issue.upstream),
    ),
  );
}

function pair(name, value) {
  return value ? [h("dt", null, name), h("dd", null, value)] : null;
}

/** One finding: what it says in a line, the arithmetic and how to reproduce it inside. */
function findingItem(finding, by) {
  const where = by === "model" ? finding.check.id : finding.target;
  const said = [
    h("span", { class: "where" }, where),
    h("code", null, finding.about),
    h("span", { class: "actual" }, finding.actual),
  ];
  return disclosure([by === "issue" ? null : outcomeBadge(finding), ...said], () => findingBody(finding), {
    className: "finding",
  });
}

function findingBody(finding) {
  return [
    h(
      "dl",
      { class: "pairs" },
      pair("expected", multiline(finding.expected)),
      pair("actual", multiline(finding.actual)),
      pair("arithmetic", multiline(finding.arithmetic)),
      pair("check", [h("code", null, finding.check.id), ` ${finding.check.text}`]),
      pair("known issue", finding.issue && link("findings", { issue: finding.issue.id }, finding.issue.id)),
      pair("model", finding.model && link("model", { id: finding.model.id }, finding.model.id)),
    ),
    command(finding.reproduce),
    finding.snippet ? [h("p", { class: "quiet" }, "With the subject alone"), command(finding.snippet)] : null,
  ];
}

function multiline(text) {
  return text ? h("span", { class: "lines" }, text) : null;
}
