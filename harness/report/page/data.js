/* The payload, and short ways to it. */

const P = JSON.parse(document.getElementById("payload").textContent);
const MODES = ["agg", "disagg"];

/** Text of a row in a column of words. */
function word(column, row) {
  const code = column.codes[row];
  return code === undefined || code < 0 ? "" : column.values[code];
}

/** Text of a row in a column of templates; `coordinates` are model, system, backend, version, mode. */
function templated(column, row, coordinates) {
  const code = column.codes[row];
  if (code === undefined || code < 0) return "";
  return column.values[code].map((piece) => (typeof piece === "number" ? coordinates[piece] : piece)).join("");
}

function databaseName(place) {
  const { system, backend, version } = P.databases[place];
  return `${system} ${backend} ${version}`;
}

/** Everything about one cell of the matrix. */
function cellOf(row) {
  const m = P.matrix;
  const database = P.databases[m.database[row]];
  const model = P.models[m.model[row]];
  const mode = word(m.mode, row);
  const coordinates = [model.id, database.system, database.backend, database.version, mode];
  return {
    row,
    model,
    modelPlace: m.model[row],
    database,
    databasePlace: m.database[row],
    mode,
    coordinates,
    key: coordinates.join("|"),
    status: word(m.status, row),
    source: word(m.source, row),
    error: word(m.error, row),
    command: templated(m.command, row, coordinates),
    reproduce: templated(m.reproduce, row, coordinates),
    data: word(m.data, row),
    inherited: word(m.inherited, row),
    seconds: m.seconds[row],
    tries: m.tries[row],
    estimate: m.estimate[row] >= 0 ? estimateOf(m.estimate[row]) : null,
  };
}

function estimateOf(row) {
  const e = P.matrix.estimates;
  const figures = {};
  for (const name of ["gpus", "ttft_ms", "tpot_ms", "rate", "isl", "osl", "prefix", "ttft_bound_ms", "tpot_bound_ms"]) {
    figures[name] = e[name][row];
  }
  return {
    ...figures,
    row,
    ttft_limit: word(e.ttft_limit, row),
    tpot_limit: word(e.tpot_limit, row),
    plausibility: word(e.plausibility, row),
    doubt: word(e.doubt, row),
    workers: (INDEX.workers.get(row) || []).map(workerOf),
  };
}

function workerOf(row) {
  const w = P.matrix.estimates.workers;
  return {
    role: word(w.role, row),
    layout: word(w.layout, row),
    replicas: w.replicas[row],
    batch: w.batch[row],
    memory: w.memory_gib[row],
  };
}

/** Everything about one finding. */
function findingOf(row) {
  const f = P.findings;
  const model = f.model[row] >= 0 ? P.models[f.model[row]] : null;
  const database = f.database[row] >= 0 ? P.databases[f.database[row]] : null;
  const system = word(f.system, row);
  const place = database ? [database.system, database.backend, database.version] : [system, "", ""];
  return {
    row,
    check: f.checks[f.check[row]],
    model,
    database,
    target:
      [model && model.id, database ? databaseName(f.database[row]) : system].filter(Boolean).join(" on ") || "release",
    outcome: word(f.outcome, row),
    issue: f.issue[row] >= 0 ? f.issues[f.issue[row]] : null,
    stale: f.stale[row] === 1,
    about: word(f.about, row),
    expected: word(f.expected, row),
    actual: word(f.actual, row),
    arithmetic: word(f.arithmetic, row),
    reproduce: templated(f.reproduce, row, [model ? model.id : "", ...place, ""]),
    snippet:
      f.snippet[row] >= 0 ? f.snippets.texts[f.snippet[row]].map((code) => f.snippets.values[code]).join("\n") : "",
  };
}

/** Indices over the payload, made once. */
const INDEX = buildIndex();

function buildIndex() {
  const index = {
    models: new Map(P.models.map((model, place) => [model.id, place])),
    cells: new Int32Array(P.models.length * P.databases.length * MODES.length).fill(-1),
    judgedModels: [],
    workers: new Map(),
    findingsByModel: new Map(),
  };
  if (P.matrix) indexMatrix(index);
  if (P.findings) P.findings.model.forEach((model, row) => pushTo(index.findingsByModel, model, row));
  return index;
}

function indexMatrix(index) {
  const m = P.matrix;
  const judged = new Set();
  for (let row = 0; row < m.model.length; row += 1) {
    index.cells[cellSlot(m.model[row], m.database[row], MODES.indexOf(word(m.mode, row)))] = row;
    judged.add(m.model[row]);
  }
  index.judgedModels = [...judged].sort((a, b) => a - b);
  m.estimates.workers.estimate.forEach((estimate, row) => pushTo(index.workers, estimate, row));
}

function cellSlot(model, database, mode) {
  return (model * P.databases.length + database) * MODES.length + mode;
}

/** Row of the matrix for a model, a database and a mode, all by place; -1 for none. */
function cellRow(model, database, mode) {
  return INDEX.cells[cellSlot(model, database, mode)];
}

/** Row of the cell with a key such as `model|system|backend|version|mode`; -1 for none. */
function rowOfKey(key) {
  const [model, system, backend, version, mode] = key.split("|");
  const place = P.databases.findIndex((d) => d.system === system && d.backend === backend && d.version === version);
  if (!INDEX.models.has(model) || place < 0 || !MODES.includes(mode)) return -1;
  return cellRow(INDEX.models.get(model), place, MODES.indexOf(mode));
}

function pushTo(map, key, value) {
  if (map.has(key)) map.get(key).push(value);
  else map.set(key, [value]);
}
