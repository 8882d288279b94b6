/* Cells as a list with their figures, to sort by them. */

function placeList(place) {
  const list = longList("Cells", cellColumns(), { orderParam: "order", open: openCell });
  fill(place, list.element);
  return (view) => list.show([...view.fails.keys()].filter((row) => view.fails[row] === 0));
}

function cellColumns() {
  const m = P.matrix;
  const e = m.estimates;
  const database = (row) => P.databases[m.database[row]];
  const of = (column) => (row) => (m.estimate[row] < 0 ? null : column[m.estimate[row]]);
  const ratio = (value, bound) => (row) => (of(bound)(row) === null ? null : of(value)(row) / of(bound)(row));
  const number = (title, value, width, text = figure) => ({
    title,
    width,
    numeric: true,
    value,
    text: (row) => text(value(row)),
  });
  return [
    {
      title: "Model",
      width: 290,
      text: (row) => P.models[m.model[row]].id,
      value: (row) => P.models[m.model[row]].id.toLowerCase(),
    },
    { title: "System", width: 120, text: (row) => database(row).system, value: (row) => database(row).system },
    {
      title: "Backend",
      width: 130,
      text: (row) => `${database(row).backend} ${database(row).version}`,
      value: (row) => `${database(row).backend} ${database(row).version}`,
    },
    { title: "Mode", width: 64, text: (row) => word(m.mode, row), value: (row) => word(m.mode, row) },
    {
      title: "Status",
      width: 190,
      node: (row) => [
        statusBadge(word(m.status, row)),
        plausibilityOf(row) === "implausible" ? plausibilityBadge({ plausibility: "implausible" }) : null,
      ],
      value: (row) => Object.keys(STATUSES).indexOf(word(m.status, row)),
    },
    number("TTFT ms", of(e.ttft_ms), 80),
    number("÷ bound", ratio(e.ttft_ms, e.ttft_bound_ms), 74, times),
    number("TPOT ms", of(e.tpot_ms), 80),
    number("÷ bound", ratio(e.tpot_ms, e.tpot_bound_ms), 74, times),
    number("tokens/s/GPU", of(e.rate), 104),
    number("GPUs", of(e.gpus), 56),
    { title: "Data", width: 80, text: (row) => word(m.data, row), value: (row) => word(m.data, row) || null },
    { title: "First cause", width: 420, text: (row) => word(m.error, row), value: (row) => word(m.error, row) || null },
  ];
}
