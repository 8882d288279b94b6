/* The view of models: all of them, or one with what reference, oracle and subject make of it. */

const MODEL_VIEW = { title: "Models", build: (root) => (STATE.params.id ? buildModel(root) : buildModels(root)) };

function buildModel(root) {
  const place = INDEX.models.get(STATE.params.id);
  if (place === undefined) {
    fill(
      root,
      nothing(
        "These results speak of no model ",
        h("code", null, STATE.params.id),
        ". ",
        link("model", {}, "All models"),
      ),
    );
    return () => {};
  }
  const model = P.models[place];
  const { description } = model;
  fill(
    root,
    modelHead(model, place),
    description
      ? describedParts(model, description)
      : nothing(
          "No result describes this model. Make one: ",
          h("code", null, "aic-harness describe --all --out models.jsonl"),
          ", and name the file too.",
        ),
    modelMatrix(place),
    modelFindings(place),
  );
  if (STATE.params.at === "findings") root.querySelector("#findings-of-model")?.scrollIntoView();
  return () => {};
}

function modelHead(model, place) {
  const { description } = model;
  const near = [P.models[place - 1], P.models[place + 1]];
  const step = (other, text, said) =>
    other
      ? h(
          "a",
          {
            class: "step",
            href: address("model", { id: other.id }),
            title: other.id,
            "aria-label": `${said}: ${other.id}`,
          },
          text,
        )
      : null;
  return h(
    "div",
    { class: "page-head" },
    h(
      "div",
      null,
      h("p", null, link("model", {}, "Models"), " / "),
      h("h2", { class: "title" }, modelName(model.id)),
      h(
        "span",
        { class: "steps" },
        step(near[0], "‹ previous", "Previous model"),
        step(near[1], "next ›", "Next model"),
      ),
    ),
    description ? tiles(model, description) : h("p", { class: "quiet" }, model.architecture),
  );
}

function tiles(model, description) {
  const verdicts = { equal: ["✓ equal", "good"], differs: ["✕ differs", "bad"], unavailable: ["? unavailable", ""] };
  const [verdict, tone] = verdicts[description.oracle] || [description.oracle, ""];
  const tile = (name, value, more, className = "") =>
    h(
      "div",
      { class: `tile ${className}` },
      h("span", null, name),
      h("b", null, value),
      more ? h("span", { class: "more" }, more) : null,
    );
  const outside = description.outside.map(([name, number]) => `${name} ${large(number)}`).join(", ");
  return h(
    "div",
    { class: "tiles" },
    tile(
      "architecture",
      h("span", { class: "long-name" }, model.architecture || "–"),
      description.family ? `family ${description.family}` : "unknown to the subject",
      "wide",
    ),
    tile("layers", count(description.layers)),
    tile(
      "parameters",
      large(description.total),
      description.active !== description.total
        ? `${large(description.active)} active`
        : outside && `beside it: ${outside}`,
    ),
    tile("stored as", description.stored_as, description.weight_bytes === null ? "" : bytes(description.weight_bytes)),
    tile(term("reference", "reference against oracle"), verdict, description.oracle_reason, tone),
  );
}

function describedParts(model, description) {
  return [
    section(
      "Layers: what the reference reads, and what the subject prices",
      description.refusal
        ? h("p", { class: "wrong" }, `✕ The subject refuses to build it: ${description.refusal}`)
        : null,
      layerStrips(description),
      h("p", { class: "quiet" }, "How the layers were read"),
      command(description.explain),
    ),
    h(
      "div",
      { class: "columns" },
      section("Parameters by component", componentTable(description.components), command(description.count)),
      section(
        "KV cache and state of one sequence",
        h("p", { class: "quiet" }, "16 bits, one GPU; both axes are logarithmic."),
        cacheCurve(description.cache),
        disclosure("Figures", () => cacheTable(description.cache)),
      ),
    ),
    breakdownPart(description),
    needsPart(description),
  ];
}

function breakdownPart(description) {
  const b = description.breakdown;
  if (!b)
    return section(
      "Latency by op",
      nothing(description.no_breakdown || "No result has an estimate of this model op by op."),
    );
  const memory = sum(b.memory_gib.map(([, size]) => size));
  return section(
    "Latency by op",
    h(
      "p",
      { class: "quiet" },
      `${databaseName(b.database)}, ${b.layout} on ${plural(b.gpus, "GPU")}, batch ${b.batch}, ${count(b.isl)} tokens in, ${count(b.osl)} out, ${b.data_mode} data. The line marks the `,
      term("roofline"),
      ".",
    ),
    phaseBar("Prefill", b.prefill, b.ttft_ms, b.prefill_bound),
    b.tpot_ms === null ? null : phaseBar("One decode step", b.decode, b.tpot_ms, b.decode_bound),
    opLegend([...b.prefill, ...b.decode]),
    h(
      "p",
      null,
      "Memory of one GPU: ",
      h("b", null, `${figure(memory)} GiB`),
      ` (${b.memory_gib.map(([name, size]) => `${name} ${figure(size)}`).join(", ")})`,
    ),
    disclosure("Every op", () =>
      h(
        "div",
        { class: "columns" },
        h("div", null, h("h3", null, "Prefill"), opTable("Ops of prefill", b.prefill)),
        h("div", null, h("h3", null, "One decode step"), opTable("Ops of a decode step", b.decode)),
      ),
    ),
    disclosure("Reproduce with the subject alone", () => command(b.reproduce)),
  );
}

function opLegend(ops) {
  const names = groupedOps(ops)
    .filter((group) => group.ms > 0)
    .map((group) => group.name);
  return h(
    "p",
    { class: "legend" },
    names.map((name) => h("span", null, h("i", { class: `swatch fill-${name}` }), name)),
  );
}

function needsPart(description) {
  if (!description.needs.length) return null;
  const newest = P.databases.map((database, place) => (database.newest ? place : -1)).filter((place) => place >= 0);
  const rows = description.needs.map((need) => {
    const missing = newest.filter((place) => !need.databases.includes(place));
    const said = !need.known
      ? h("span", { class: "wrong" }, "✕ no table of the release knows this kind of layer")
      : missing.length === 0
        ? "✓ everywhere"
        : missing.length === newest.length
          ? h("span", { class: "wrong" }, "✕ nowhere")
          : `not on ${missing.map(databaseName).join(", ")}`;
    return [need.kind, need.sizes, need.known ? `${newest.length - missing.length} of ${newest.length}` : "–", said];
  });
  return section(
    "Where its layers were measured",
    table("Measured shapes", ["layer", "dimensions", "newest databases", "measured"], rows),
  );
}

/** The model's own rows of the matrix. */
function modelMatrix(place) {
  if (!P.matrix || !INDEX.judgedModels.includes(place)) return null;
  const systems = [...new Set(P.databases.map((database) => database.system))];
  const backends = [...new Set(P.databases.map((database) => database.backend))].sort();
  const button = (database, mode) => {
    const row = cellRow(place, database, mode);
    if (row < 0) return null;
    const { sign, className } = STATUSES[word(P.matrix.status, row)];
    return h(
      "button",
      {
        type: "button",
        class: `mini ${className}`,
        "aria-label": `${word(P.matrix.status, row)}, ${databaseName(database)} ${MODES[mode]}`,
        title: `${databaseName(database)} ${MODES[mode]}`,
        onclick: () => openCell(row),
      },
      sign,
    );
  };
  const cellsOf = (system, backend) =>
    P.databases.flatMap((database, at) =>
      database.system === system && database.backend === backend
        ? [h("div", { class: "versions" }, h("span", null, database.version), button(at, 0), button(at, 1))]
        : [],
    );
  const rows = systems.map((system) => [system, ...backends.map((backend) => cellsOf(system, backend))]);
  return section(
    "Support: agg and disagg, newest version first",
    table("Statuses of this model", ["system", ...backends], rows),
    h("p", null, link("matrix", { q: P.models[place].id, versions: "all" }, "In the matrix")),
  );
}

function modelFindings(place) {
  if (!P.findings) return null;
  const rows = INDEX.findingsByModel.get(place) || [];
  const tally = P.findings.tallies[place];
  const wrong = rows.filter((row) => word(P.findings.outcome, row) !== "skip");
  const skipped = rows.filter((row) => word(P.findings.outcome, row) === "skip");
  return h(
    "section",
    { class: "card", id: "findings-of-model" },
    h("h2", null, "Findings"),
    tally ? h("p", null, tallyText(tally)) : null,
    wrong.length ? groupedFindings(wrong, "issue") : nothing("The checks found nothing wrong with this model."),
    skipped.length
      ? disclosure(`${plural(skipped.length, "check")} skipped, with the reason`, () =>
          h(
            "ul",
            null,
            skipped.map((row) => h("li", null, h("code", null, findingOf(row).check.id), ` ${findingOf(row).actual}`)),
          ),
        )
      : null,
  );
}

function tallyText(tally) {
  return `${plural(tally.passed, "check passes", "checks pass")}, ${count(tally.known)} wrong as known, ${count(tally.failed + tally.errors)} new, ${count(tally.skipped)} skipped.`;
}
