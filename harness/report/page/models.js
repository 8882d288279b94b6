/* All models in one table. */

function buildModels(root) {
  const field = searchField("Search models ( / )", "q");
  const place = h("div");
  fill(
    root,
    h(
      "section",
      { class: "card flush", "aria-label": "Models" },
      h("div", { class: "toolbar" }, h("div", null, field, h("output", { class: "shown" }))),
      place,
    ),
  );
  const draw = () => {
    const words = (STATE.params.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = P.models.flatMap((model, at) =>
      words.every((each) => `${model.id} ${model.architecture}`.toLowerCase().includes(each)) ? [at] : [],
    );
    found.sort((a, b) => (P.models[a].id.toLowerCase() < P.models[b].id.toLowerCase() ? -1 : 1));
    fill(root.querySelector(".shown"), plural(found.length, "model"));
    fill(place, found.length ? modelsTable(found) : nothing("No model has that in its name or architecture."));
  };
  draw();
  return draw;
}

function modelsTable(places) {
  const described = P.models.some((model) => model.description);
  const head = [
    "model",
    "architecture",
    ...(described ? ["layers: mixers above, feed-forwards below", "parameters", "active", "oracle"] : []),
    "new",
    "known",
    "answered",
  ];
  const rows = places.map((place) => {
    const model = P.models[place];
    return [
      h("a", { href: address("model", { id: model.id }) }, modelName(model.id)),
      h("span", { class: "quiet small" }, model.architecture),
      ...(described ? describedCells(model.description) : []),
      ...tallyCells(place),
      answeredCell(place),
    ];
  });
  const numeric = described ? [3, 4, 6, 7, 8] : [2, 3, 4];
  return table("Models", head, rows, { numeric, className: "models" });
}

function describedCells(description) {
  if (!description) return ["–", "–", "–", "–"];
  const signs = { equal: "✓ equal", differs: "✕ differs", unavailable: "? unavailable" };
  return [
    h("div", { class: "mini-layers" }, miniStrip(description), h("span", { class: "quiet small" }, description.layers)),
    large(description.total),
    large(description.active),
    h("span", { title: description.oracle_reason }, signs[description.oracle] || description.oracle),
  ];
}

function tallyCells(place) {
  const tally = P.findings && P.findings.tallies[place];
  if (!tally) return ["–", "–"];
  const fresh = tally.failed + tally.errors;
  return [
    fresh ? h("span", { class: "wrong" }, `✕ ${count(fresh)}`) : "0",
    tally.known ? link("model", { id: P.models[place].id, at: "findings" }, count(tally.known)) : "0",
  ];
}

function answeredCell(place) {
  if (!P.matrix || !INDEX.judgedModels.includes(place)) return "–";
  let [cells, answered] = [0, 0];
  P.databases.forEach((database, at) =>
    MODES.forEach((_, mode) => {
      const row = cellRow(place, at, mode);
      if (row < 0 || !database.newest) return;
      cells += 1;
      answered += /PASS$/.test(word(P.matrix.status, row)) ? 1 : 0;
    }),
  );
  return h("a", { href: address("matrix", { q: P.models[place].id }) }, `${answered}/${cells}`);
}
