/* The view of findings: by issue, check or model; new and known; strongest first. */

const FINDINGS_VIEW = {
  title: "Findings",
  badge: () =>
    P.findings && P.findings.tally.failed + P.findings.tally.errors
      ? count(P.findings.tally.failed + P.findings.tally.errors)
      : null,
  build: buildFindings,
};

function buildFindings(root) {
  if (!P.findings) {
    fill(
      root,
      nothing(
        "The results hold no findings. Make them: ",
        h("code", null, "aic-harness check --all --results findings.jsonl"),
      ),
    );
    return () => {};
  }
  const { checks } = P.findings;
  const place = h("div");
  const shown = h("output", { class: "shown" });
  const phases = [...new Set(checks.map((check) => String(check.phase)))].sort();
  fill(
    root,
    findingsHead(),
    h(
      "section",
      { class: "card flush", "aria-label": "Findings" },
      h(
        "div",
        { class: "toolbar" },
        h(
          "div",
          null,
          searchField("Search findings ( / )", "q"),
          choice(
            "Group",
            "by",
            [
              ["issue", "by issue"],
              ["check", "by check"],
              ["model", "by model"],
            ],
            "issue",
          ),
          choice(
            "Kind",
            "kind",
            [
              ["wrong", "all wrong"],
              ["new", "new"],
              ["known", "known"],
              ["skip", "skipped"],
            ],
            "wrong",
          ),
          ticks(
            "Check",
            "check",
            checks.map((check) => [check.id, check.id]),
          ),
          ticks(
            "Phase",
            "phase",
            phases.map((phase) => [phase, `phase ${phase}`]),
          ),
          h(
            "button",
            {
              type: "button",
              class: "quiet clear",
              onclick: () => update({ q: "", kind: "", check: "", phase: "", issue: "" }),
            },
            "Clear filters",
          ),
          shown,
        ),
      ),
      place,
    ),
  );
  const draw = () => {
    const rows = wantedFindings();
    fill(shown, plural(rows.length, "finding"));
    fill(place, rows.length ? groupedFindings(rows, STATE.params.by || "issue") : noFindings());
  };
  draw();
  return draw;
}

function noFindings() {
  return STATE.params.kind === "new"
    ? nothing("✓ Nothing is wrong that is not known.")
    : nothing("No finding is left by these filters.");
}

function findingsHead() {
  const { tally, issues } = P.findings;
  const kinds = ["bug", "approximation", "engine-dependent"]
    .map((kind) => [kind, issues.filter((issue) => issue.kind === kind).length])
    .filter(([, number]) => number);
  const number = (value, text, kind, className = "") =>
    h(
      "a",
      { class: `tile ${className}`, href: address("findings", { kind }) },
      h("span", null, text),
      h("b", null, count(value)),
    );
  return h(
    "div",
    { class: "tiles" },
    number(tally.failed + tally.errors, "new", "new", tally.failed + tally.errors ? "bad" : "good"),
    number(tally.known, "wrong as known", "known"),
    number(tally.skipped, "skipped", "skip"),
    h("div", { class: "tile" }, h("span", null, "pass"), h("b", null, count(tally.passed))),
    h(
      "div",
      { class: "tile wide" },
      h("span", null, term("known issue", "known issues")),
      h("b", null, count(issues.length)),
      h("span", { class: "more" }, kinds.map(([kind, each]) => `${count(each)} ${kind}`).join(", ")),
    ),
  );
}

/** Rows that the address asks for, in the order of the payload: strongest first. */
function wantedFindings() {
  const f = P.findings;
  const { kind = "wrong", issue } = STATE.params;
  const checks = listParam("check");
  const phases = listParam("phase");
  const words = (STATE.params.q || "").toLowerCase().split(/\s+/).filter(Boolean);
  const fits =
    {
      wrong: (skip) => !skip,
      new: (skip, known) => !skip && !known,
      known: (skip, known) => !skip && known,
      skip: (skip) => skip,
    }[kind] || (() => true);
  const texts = words.length ? findingTexts() : null;
  return [...f.check.keys()].filter((row) => {
    const check = f.checks[f.check[row]];
    return (
      fits(word(f.outcome, row) === "skip", f.issue[row] >= 0) &&
      (!issue || (f.issue[row] >= 0 && f.issues[f.issue[row]].id === issue)) &&
      (!checks.length || checks.includes(check.id)) &&
      (!phases.length || phases.includes(String(check.phase))) &&
      (!texts || words.every((each) => texts[row].includes(each)))
    );
  });
}

/** What is searched of each finding, put together once. */
function findingTexts() {
  if (!INDEX.findingTexts) {
    const texts = (row) => {
      const finding = findingOf(row);
      return [
        finding.check.id,
        finding.target,
        finding.about,
        finding.expected,
        finding.actual,
        finding.arithmetic,
        finding.issue ? finding.issue.id : "",
      ]
        .join(" ")
        .toLowerCase();
    };
    INDEX.findingTexts = [...P.findings.check.keys()].map(texts);
  }
  return INDEX.findingTexts;
}
