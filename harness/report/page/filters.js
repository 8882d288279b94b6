/* Which cells the filters leave, and how many each choice would leave. */

const NO_MODEL = 1;
const NO_COLUMN = 2;
const NO_STATUS = 4;
const NO_PLAUSIBILITY = 8;

/** Cells, rows (models) and columns (database and mode) that the address asks for. */
function filtered() {
  const wanted = wantedNow();
  const m = P.matrix;
  const size = m.model.length;
  const fails = new Uint8Array(size);
  const counts = { status: {}, plausibility: {}, shown: 0, total: size };
  const matching = new Int32Array(P.models.length);
  for (let row = 0; row < size; row += 1) {
    const status = m.status.values[m.status.codes[row]];
    const plausibility = plausibilityOf(row);
    let fail = wanted.models[m.model[row]] ? 0 : NO_MODEL;
    if (!wanted.columns[m.database[row] * 2 + (m.mode.codes[row] === wanted.aggCode ? 0 : 1)]) fail |= NO_COLUMN;
    if (wanted.status.size && !wanted.status.has(status)) fail |= NO_STATUS;
    if (wanted.plausibility.size && !wanted.plausibility.has(plausibility)) fail |= NO_PLAUSIBILITY;
    fails[row] = fail;
    if ((fail & ~NO_STATUS) === 0) counts.status[status] = (counts.status[status] || 0) + 1;
    if ((fail & ~NO_PLAUSIBILITY) === 0)
      counts.plausibility[plausibility] = (counts.plausibility[plausibility] || 0) + 1;
    if (fail === 0) {
      counts.shown += 1;
      matching[m.model[row]] += 1;
    }
  }
  const narrowed = wanted.status.size + wanted.plausibility.size > 0;
  const models = INDEX.judgedModels.filter((place) => wanted.models[place] && (!narrowed || matching[place] > 0));
  return { fails, counts, models: sortedModels(models, fails), columns: columnsOf(wanted.columns), narrowed };
}

function plausibilityOf(row) {
  const estimate = P.matrix.estimate[row];
  return estimate < 0 ? "" : word(P.matrix.estimates.plausibility, estimate);
}

function wantedNow() {
  const params = STATE.params;
  const words = (params.q || "").toLowerCase().split(/\s+/).filter(Boolean);
  const [families, systems, backends] = [listParam("family"), listParam("system"), listParam("backend")];
  const models = P.models.map((model) => {
    const text = `${model.id} ${model.architecture}`.toLowerCase();
    return words.every((each) => text.includes(each)) && (!families.length || families.includes(model.architecture));
  });
  const columns = P.databases.flatMap((database) => {
    const wanted =
      (params.versions === "all" || database.newest) &&
      (!systems.length || systems.includes(database.system)) &&
      (!backends.length || backends.includes(database.backend));
    return MODES.map((mode) => wanted && (!params.mode || params.mode === mode));
  });
  const status = new Set(listParam("status"));
  const plausibility = new Set(listParam("plausibility"));
  return { models, columns, status, plausibility, aggCode: P.matrix.mode.values.indexOf("agg") };
}

/** Columns in the order of databases: place of the database and of the mode. */
function columnsOf(wanted) {
  const columns = [];
  wanted.forEach((is, place) => {
    if (is) columns.push({ database: place >> 1, mode: place & 1 });
  });
  return columns;
}

/** Models in the order that the address asks for. */
function sortedModels(models, fails) {
  const order = STATE.params.sort || "name";
  const name = (place) => P.models[place].id.toLowerCase();
  const byName = (a, b) => (name(a) < name(b) ? -1 : 1);
  if (order === "name") return models.sort(byName);
  if (order === "family") {
    const family = (place) => P.models[place].architecture;
    return models.sort((a, b) => (family(a) < family(b) ? -1 : family(a) > family(b) ? 1 : byName(a, b)));
  }
  const rank = order === "findings" ? findingRanks() : order === "doubt" ? doubtRanks(fails) : supportRanks(fails);
  const sign = order === "least" ? 1 : -1;
  return models.sort((a, b) => sign * ((rank.get(a) || 0) - (rank.get(b) || 0)) || byName(a, b));
}

/** For each model, the part of its cells that is answered. */
function supportRanks(fails) {
  return new Map([...supportOf(fails)].map(([place, each]) => [place, each.answered / each.cells]));
}

/** For each model, how many of the columns' cells there are, and how many are answered. */
function supportOf(fails) {
  const found = new Map();
  const m = P.matrix;
  const passes = m.status.values.map((status) => status === "PASS" || status === "HYBRID_PASS");
  for (let row = 0; row < fails.length; row += 1) {
    if (fails[row] & (NO_COLUMN | NO_MODEL)) continue;
    const each = found.get(m.model[row]) || { cells: 0, answered: 0 };
    each.cells += 1;
    each.answered += passes[m.status.codes[row]] ? 1 : 0;
    found.set(m.model[row], each);
  }
  return found;
}

function doubtRanks(fails) {
  const found = new Map();
  for (let row = 0; row < fails.length; row += 1) {
    if (!(fails[row] & (NO_COLUMN | NO_MODEL)) && plausibilityOf(row) === "implausible") {
      found.set(P.matrix.model[row], (found.get(P.matrix.model[row]) || 0) + 1);
    }
  }
  return found;
}

/** For each model, how many pairs of a check and it went wrong, new ones far before known ones. */
function findingRanks() {
  const tallies = P.findings ? P.findings.tallies : [];
  return new Map(
    tallies.map((tally, place) => [place, tally ? (tally.failed + tally.errors) * 1000 + tally.known : 0]),
  );
}
