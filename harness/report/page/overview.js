/* The three answers that stand first: is the release fine, what changed, what is wrong and why. */

function overview() {
  return h("div", { class: "overview" }, fineCard(), changedCard(), wrongCard());
}

function answerCard(question, headline, tone, ...details) {
  const sign = { good: "✓", bad: "✕", open: "•" }[tone];
  return h(
    "section",
    { class: `answer ${tone}` },
    h("h2", null, question),
    h("p", { class: "headline" }, h("span", { class: "sign", "aria-hidden": "true" }, sign), headline),
    ...details,
  );
}

/** What is wrong and not known to be: texts with links, empty when all is well. */
function alarms() {
  const found = [];
  const tally = P.findings && P.findings.tally;
  const fresh = tally ? tally.failed + tally.errors : 0;
  if (fresh)
    found.push(link("findings", { kind: "new" }, plural(fresh, "check failed", "checks failed"), " unexpectedly"));
  const doubtful = implausibleCount();
  if (doubtful)
    found.push(
      link("matrix", { plausibility: "implausible", versions: "all" }, plural(doubtful, "implausible estimate")),
    );
  if (P.run.crashes.length) found.push(link("run", {}, plural(P.run.crashes.length, "crashed cell")));
  const worse = P.changes && P.changes.regressions;
  if (worse) found.push([link("changes", {}, plural(worse, "regression")), ` since ${shortPath(P.changes.old.name)}`]);
  return found;
}

function implausibleCount() {
  if (!P.matrix) return 0;
  const column = P.matrix.estimates.plausibility;
  const code = column.values.indexOf("implausible");
  return column.codes.filter((each) => each === code).length;
}

function listed(items) {
  return items.flatMap((item, place) => (place === 0 ? [item] : [place === items.length - 1 ? " and " : ", ", item]));
}

function fineCard() {
  const found = alarms();
  const nothingJudged = !P.matrix && !P.findings;
  const headline = nothingJudged ? "Nothing was judged" : found.length ? listed(found) : "Nothing unexpected";
  return answerCard(
    "Is the release fine?",
    headline,
    nothingJudged ? "open" : found.length ? "bad" : "good",
    P.matrix ? statusSummary() : nothing("The results hold no matrix."),
    P.findings ? checksLine(P.findings.tally) : null,
  );
}

function statusSummary() {
  const numbers = statusNumbers();
  const total = P.matrix.model.length;
  const answered = (numbers.PASS || 0) + (numbers.HYBRID_PASS || 0);
  return [
    statusBar(numbers, total),
    h(
      "p",
      null,
      h("b", null, percent(answered, total)),
      ` of ${count(total)} `,
      term("cell", "cells"),
      " answered, ",
      h("b", null, percent(numbers.PASS || 0, total)),
      " from measured rows; ",
      h("b", null, count(numbers.FAIL || 0)),
      " ",
      link("matrix", { status: "FAIL", versions: "all" }, "fail"),
      ".",
    ),
  ];
}

function statusNumbers() {
  const numbers = {};
  const { values, codes } = P.matrix.status;
  codes.forEach((code) => (numbers[values[code]] = (numbers[values[code]] || 0) + 1));
  return numbers;
}

function statusBar(numbers, total) {
  const bar = h("div", { class: "stack", role: "group", "aria-label": "Cells by status" });
  for (const [status, { sign, className, short }] of Object.entries(STATUSES)) {
    if (!numbers[status]) continue;
    const label = `${short} ${count(numbers[status])}`;
    const part = h(
      "a",
      {
        class: `part ${className}`,
        href: address("matrix", { status, versions: "all" }),
        title: `${status}: ${count(numbers[status])}`,
        "aria-label": label,
      },
      h(
        "span",
        { "aria-hidden": "true" },
        sign,
        h("span", { class: numbers[status] < total / 6 ? "thin" : null }, ` ${count(numbers[status])}`),
      ),
    );
    part.style.setProperty("flex-grow", String(numbers[status] / total));
    bar.append(part);
  }
  return bar;
}

function checksLine(tally) {
  const all = tally.passed + tally.known + tally.failed + tally.errors + tally.skipped;
  return h(
    "p",
    null,
    `${count(all)} checks: `,
    h("b", null, count(tally.passed)),
    " pass, ",
    link("findings", { kind: "known" }, `${count(tally.known)} wrong as known`),
    ", ",
    link("findings", { kind: "new" }, `${count(tally.failed + tally.errors)} new`),
    ", ",
    link("findings", { kind: "skip" }, `${count(tally.skipped)} skipped`),
    ".",
  );
}

function changedCard() {
  const question = "What changed?";
  if (!P.changes) {
    return answerCard(
      question,
      "No earlier run was given",
      "open",
      h("p", null, "Name one to compare with: ", h("code", null, "aic-harness report RESULTS --out DIR --against OLD")),
    );
  }
  const { regressions, statuses, values, findings, old } = P.changes;
  const headline = regressions ? link("changes", {}, plural(regressions, "regression")) : "Nothing got worse";
  return answerCard(
    question,
    headline,
    regressions ? "bad" : "good",
    h(
      "p",
      { class: "quiet" },
      "Against ",
      h("b", { title: old.name }, shortPath(old.name)),
      old.subject && old.subject !== old.name ? ` (${old.subject})` : "",
    ),
    h(
      "ul",
      { class: "facts" },
      statusFacts(statuses),
      findingFacts(findings),
      values && fact(values.total, "values", `figures differ in ${count(values.cells)} cells`),
    ),
  );
}

function fact(number, list, text) {
  return h("li", null, h("b", null, count(number)), " ", link("changes", { list }, text));
}

function statusFacts(statuses) {
  if (!statuses) return [];
  const of = (direction) => rowsWith(statuses.direction, direction).length;
  return [
    fact(of("worse"), "worse", "statuses worse"),
    fact(of("better"), "better", "statuses better"),
    fact(of("added") + of("removed"), "cells", "cells added or removed"),
  ];
}

function findingFacts(findings) {
  if (!findings) return [];
  return [
    fact(rowsWith(findings.list, "new").length, "new", "findings new"),
    fact(rowsWith(findings.list, "fixed").length, "fixed", "findings fixed"),
  ];
}

/** Rows of a column of words that have a word. */
function rowsWith(column, wanted) {
  const code = column.values.indexOf(wanted);
  return column.codes.flatMap((each, row) => (each === code ? [row] : []));
}

function wrongCard() {
  const question = "What is wrong, and why?";
  if (!P.findings) return answerCard(question, "Nothing was checked", "open", nothing("The results hold no findings."));
  const { issues } = P.findings;
  const bugs = issues.filter((issue) => issue.kind === "bug").length;
  const headline = issues.length ? link("findings", {}, plural(issues.length, "known issue")) : "No known issue";
  return answerCard(
    question,
    [headline, bugs ? `, ${plural(bugs, "of them a bug", "of them bugs")}` : ""],
    issues.length ? "open" : "good",
    h(
      "ol",
      { class: "facts" },
      issues
        .slice(0, 4)
        .map((issue) =>
          h(
            "li",
            null,
            h("b", null, count(issue.targets)),
            " ",
            link("findings", { issue: issue.id }, issue.id),
            h("span", { class: "why" }, ` ${issue.reason}`),
          ),
        ),
    ),
  );
}
