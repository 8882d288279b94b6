/* Charts as inline SVG; each has a text or a table that says the same. */

const OP_GROUPS = {
  gemm: "gemm",
  moe: "moe",
  elementwise: "elementwise",
  embedding: "embedding",
  hyper: "gemm",
  dispatch: "communication",
  all_reduce: "communication",
  p2p: "communication",
  attention: "attention",
  mla: "attention",
  dsa: "attention",
  compressed: "attention",
  block_sparse: "attention",
  gdn: "attention",
  kda: "attention",
  mamba2: "attention",
};

/** Parameters by component: bars on one scale, and how far the subject is off. */
function componentTable(components) {
  const most = Math.max(1, ...components.flatMap((each) => [each.reference || 0, each.subject || 0]));
  const total = sum(components.map((each) => each.reference || 0));
  const rows = components.map((each) => {
    const off = deviation(each.subject, each.reference);
    const matters =
      each.subject !== null && each.reference !== null && Math.abs(each.subject - each.reference) > total / 1000;
    const oracle =
      each.oracle === null
        ? "–"
        : each.oracle === each.reference
          ? `✓ ${large(each.oracle)}`
          : `✕ ${large(each.oracle)}`;
    return [
      each.name,
      large(each.reference),
      oracle,
      large(each.subject),
      pairOfBars(each, most),
      h("span", { class: matters ? "wrong" : "quiet" }, matters ? "✕ " : "", off),
    ];
  });
  return table(
    "Parameters by component",
    ["component", "reference", "oracle", "subject", "reference above, subject below", "subject is off by"],
    rows,
    { numeric: [1, 2, 3], className: "components" },
  );
}

function pairOfBars(each, most) {
  const bar = (value, className, y) =>
    value
      ? s("rect", { class: className, y, width: `${Math.max(0.5, (100 * value) / most)}%`, height: 6, rx: 1 })
      : null;
  return s(
    "svg",
    { class: "pair", width: "100%", height: 15, "aria-hidden": "true" },
    bar(each.reference, "reference", 0),
    bar(each.subject, "subject", 8),
  );
}

const CURVE = { width: 520, height: 250, left: 64, right: 84, top: 12, bottom: 34 };

/** Bytes over tokens, both on logarithmic scales. */
function cacheCurve(cache) {
  const points = (values) =>
    values.map((value, place) => [cache.lengths[place], value]).filter(([, value]) => value > 0);
  const lines = [
    ["reference", points(cache.reference)],
    ["subject", points(cache.subject)],
  ].filter(([, line]) => line.length);
  if (!lines.length) return nothing("A sequence keeps nothing, or nobody says what.");
  const all = lines.flatMap(([, line]) => line.map(([, value]) => value));
  const decades = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  if (decades[0] === decades[1]) decades[1] += 1;
  const x = scale(
    Math.log10(cache.lengths[0]),
    Math.log10(cache.lengths[cache.lengths.length - 1]),
    CURVE.left,
    CURVE.width - CURVE.right,
  );
  const y = scale(decades[0], decades[1], CURVE.height - CURVE.bottom, CURVE.top);
  const place = ([length, value]) => [x(Math.log10(length)), y(Math.log10(value))];
  return s(
    "svg",
    {
      class: "curve",
      viewBox: `0 0 ${CURVE.width} ${CURVE.height}`,
      role: "img",
      "aria-label": "Bytes that one sequence keeps, by its length; the table below has the figures",
    },
    yAxis(decades, y),
    xAxis(cache.lengths, x),
    lines.map(([name, line]) => curveLine(name, line.map(place), line)),
    endLabels(lines, place),
  );
}

function scale(from, to, low, high) {
  const span = to - from || 1;
  return (value) => low + ((value - from) / span) * (high - low);
}

function yAxis([from, to], y) {
  const step = Math.max(1, Math.round((to - from) / 5));
  const marks = [];
  for (let power = from; power <= to; power += step) {
    marks.push(
      s("line", { class: "rule", x1: CURVE.left, x2: CURVE.width - CURVE.right, y1: y(power), y2: y(power) }),
      s("text", { x: CURVE.left - 8, y: y(power) + 4, "text-anchor": "end" }, bytes(10 ** power)),
    );
  }
  return marks;
}

function xAxis(lengths, x) {
  const shown = lengths.map((length) =>
    s(
      "text",
      { x: x(Math.log10(length)), y: CURVE.height - 16, "text-anchor": "middle" },
      length >= 1024 ? `${Math.round(length / 1024)}k` : String(length),
    ),
  );
  return [
    shown,
    s(
      "text",
      { x: (CURVE.left + CURVE.width - CURVE.right) / 2, y: CURVE.height - 2, "text-anchor": "middle" },
      "tokens of the sequence",
    ),
  ];
}

function curveLine(name, places, line) {
  const dots = places.map(([cx, cy], at) =>
    s(
      "circle",
      { cx, cy, r: name === "reference" ? 4.5 : 2.5 },
      s("title", null, `${name}: ${bytes(line[at][1])} at ${count(line[at][0])} tokens`),
    ),
  );
  return s(
    "g",
    { class: `series ${name}` },
    s("polyline", { points: places.map((each) => each.join()).join(" ") }),
    dots,
  );
}

function endLabels(lines, place) {
  const ends = lines.map(([name, line]) => ({ name, at: place(line[line.length - 1]) }));
  if (ends.length === 2 && Math.abs(ends[0].at[1] - ends[1].at[1]) < 14) {
    const lower = ends[0].at[1] >= ends[1].at[1] ? 0 : 1;
    const middle = (ends[0].at[1] + ends[1].at[1]) / 2;
    ends[lower].at[1] = middle + 8;
    ends[1 - lower].at[1] = middle - 7;
  }
  return ends.map(({ name, at }) => s("text", { class: `label ${name}`, x: at[0] + 9, y: at[1] + 4 }, name));
}

function cacheTable(cache) {
  const rows = cache.lengths.map((length, place) => [
    count(length),
    bytes(cache.reference[place]),
    cache.subject.length ? bytes(cache.subject[place]) : "–",
    deviation(cache.subject[place], cache.reference[place]),
  ]);
  return table("Bytes that one sequence keeps", ["tokens", "reference", "subject", "subject is off by"], rows, {
    numeric: [0, 1, 2, 3],
  });
}

/** One phase of an estimate: a bar of its ops by group, with a mark at what physics allows. */
function phaseBar(title, ops, said, bound) {
  const groups = groupedOps(ops);
  const total = sum(groups.map((group) => group.ms));
  const floor = bound ? Math.max(bound.compute, bound.memory, bound.links) : null;
  const most = Math.max(total, floor || 0) || 1;
  let at = 0;
  const boxes = groups
    .filter((group) => group.ms > 0)
    .map((group) => {
      const [x, width] = [(100 * at) / most, (100 * group.ms) / most];
      at += group.ms;
      return s(
        "g",
        { class: `op op-${group.name}` },
        s("title", null, `${group.name}: ${ms(group.ms)}, ${percent(group.ms, total)}`),
        s("rect", { x: `${x}%`, width: `${width}%`, height: 26 }),
        width > 11 ? s("text", { x: `${x + width / 2}%`, y: 17, "text-anchor": "middle" }, group.name) : null,
      );
    });
  const mark =
    floor === null
      ? null
      : [s("line", { class: "mark", x1: `${(100 * floor) / most}%`, x2: `${(100 * floor) / most}%`, y1: -3, y2: 29 })];
  const against =
    floor === null ? "no bound is known" : `${times(said / floor)} the bound of ${ms(floor)} (${largestPart(bound)})`;
  return h(
    "div",
    { class: "phase" },
    h("p", null, h("b", null, title), ` ${ms(said)}, ${against}`),
    s(
      "svg",
      {
        class: "ops",
        role: "img",
        width: "100%",
        height: 26,
        "aria-label": `${title} by kind of op; the table below has the figures`,
      },
      boxes,
      mark,
    ),
  );
}

function largestPart(bound) {
  return Object.keys(bound).reduce((best, name) => (bound[name] > bound[best] ? name : best));
}

/** Ops by group, dearest first. */
function groupedOps(ops) {
  const found = new Map();
  ops.forEach((op) => found.set(groupOf(op), (found.get(groupOf(op)) || 0) + op.ms));
  return [...found].map(([name, time]) => ({ name, ms: time })).sort((a, b) => b.ms - a.ms);
}

function groupOf(op) {
  return OP_GROUPS[op.kind] || "other";
}

function opTable(title, ops) {
  const total = sum(ops.map((op) => op.ms));
  const most = Math.max(...ops.map((op) => op.ms), 1e-12);
  const rows = [...ops]
    .sort((a, b) => b.ms - a.ms)
    .map((op) => [
      h("code", null, op.name),
      op.kind,
      figure(op.ms),
      percent(op.ms, total),
      s(
        "svg",
        { width: "100%", height: 8, "aria-hidden": "true" },
        s("rect", { class: `fill-${groupOf(op)}`, width: `${(100 * op.ms) / most}%`, height: 8, rx: 1 }),
      ),
    ]);
  return table(title, ["op", "kind", "ms", "share", unseen("time as a bar")], rows, {
    numeric: [2, 3],
    className: "op-table",
  });
}
