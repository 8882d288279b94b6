/* A model's layers as strips: in order as the reference reads them, and counted as the subject prices them. */

const PART_NAMES = { mixer: "mixers", ffn: "feed-forwards" };

/** Both strips of a model, with a table of what they show. */
function layerStrips(description) {
  return [
    h("p", null, h("code", null, description.plan)),
    stripsOf("mixer", description.mixers, description),
    stripsOf("ffn", description.ffns, description),
  ];
}

function stripsOf(part, strip, description) {
  const letters = lettersOf(strip);
  const lines = [
    stripLine("reference", orderedBoxes(strip, letters), strip.codes.length, `${PART_NAMES[part]} in order`),
  ];
  const phases = phasesOf(part, description);
  for (const [name, priced] of phases) {
    const boxes = priced.map((each) => ({
      size: each.actual || 0,
      kind: each.kind,
      letter: each.actual ? `${figure(each.actual)} ${each.kind}` : "",
    }));
    lines.push(
      stripLine(name, boxes, Math.max(strip.codes.length, sum(boxes.map((box) => box.size))), "counted, not in order"),
    );
  }
  const note = phases.length
    ? null
    : h(
        "p",
        { class: "quiet" },
        description.refusal
          ? "The subject does not build this model: "
          : "The subject does not say which layers it prices.",
        description.refusal,
      );
  return h(
    "div",
    { class: "strips" },
    h("h3", null, PART_NAMES[part]),
    lines,
    note,
    stripTable(part, strip, letters, description),
  );
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** The subject's lines; one where both phases price the same. */
function phasesOf(part, description) {
  const of = (phase) =>
    description.priced.filter((each) => each.part === part && each.phase === phase && each.actual !== null);
  const [prefill, decode] = [of("prefill"), of("decode")];
  const said = (priced) => priced.map((each) => `${each.kind} ${each.actual}`).join();
  if (!prefill.length && !decode.length) return [];
  return said(prefill) === said(decode)
    ? [["subject", prefill]]
    : [
        ["subject, prefill", prefill],
        ["subject, decode", decode],
      ];
}

function orderedBoxes(strip, letters) {
  return strip.codes.map((code, place) => ({
    size: 1,
    kind: strip.kinds[code],
    letter: letters[code],
    title: `layer ${place}: ${strip.labels[code]}`,
    variant: variantOf(strip, code),
  }));
}

/** Which of the labels of its kind a label is. */
function variantOf(strip, code) {
  return strip.kinds.slice(0, code).filter((kind) => kind === strip.kinds[code]).length;
}

/** A letter for each label, no two alike. */
function lettersOf(strip) {
  const taken = [];
  strip.kinds.forEach((kind) => {
    const wanted = kind === "none" ? ["·"] : [kind[0].toUpperCase(), ...kind.toUpperCase(), ...kind, ..."123456789"];
    taken.push(wanted.find((letter) => /\S/.test(letter) && letter !== "_" && !taken.includes(letter)) || "?");
  });
  return taken;
}

function stripLine(name, boxes, total, said) {
  let at = 0;
  const drawn = boxes
    .filter((box) => box.size > 0)
    .map((box) => {
      const [x, width] = [at / total, box.size / total];
      at += box.size;
      return s(
        "g",
        { class: `box kind-${box.kind} variant-${Math.min(box.variant || 0, 2)}` },
        box.title ? s("title", null, box.title) : null,
        s("rect", { x: `${100 * x}%`, width: `${100 * width}%`, height: 22 }),
        box.letter ? s("text", { x: `${100 * (x + width / 2)}%`, y: 15, "text-anchor": "middle" }, box.letter) : null,
      );
    });
  const dense = boxes.length > 40 ? " dense" : "";
  return h(
    "div",
    { class: "strip" },
    h("span", null, name),
    s(
      "svg",
      { class: `layers${dense}`, role: "img", height: 22, width: "100%", "aria-label": `${name}: ${said}` },
      drawn,
    ),
  );
}

function stripTable(part, strip, letters, description) {
  const counts = strip.labels.map((_, code) => strip.codes.filter((each) => each === code).length);
  const rows = strip.labels.map((label, code) => [
    [
      h(
        "span",
        {
          class: `key kind-${strip.kinds[code]} variant-${Math.min(variantOf(strip, code), 2)}`,
          "aria-hidden": "true",
        },
        letters[code],
      ),
      " ",
      label,
    ],
    count(counts[code]),
    strip.sizes[code],
  ]);
  const said = wrongCounts(part, description).map((text) => h("li", { class: "wrong" }, `✕ ${text}`));
  return [
    said.length ? h("ul", { class: "facts" }, said) : null,
    table(`Kinds of ${PART_NAMES[part]}`, ["kind", "layers", "dimensions"], rows, { numeric: [1] }),
  ];
}

/** What the subject prices another number of, in words; once where both phases are alike. */
function wrongCounts(part, description) {
  const wrong = description.priced.filter(
    (each) => each.part === part && each.actual !== null && each.actual !== each.expected,
  );
  const texts = new Map();
  wrong.forEach((each) =>
    pushTo(
      texts,
      `the subject prices ${figure(each.actual)} layers of ${each.kind}; the reference has ${count(each.expected)}`,
      each.phase,
    ),
  );
  return [...texts].map(([text, phases]) => `${phases.join(" and ")}: ${text}`);
}

/** Both rows of layers, small, for a list of models. */
function miniStrip(description) {
  return s(
    "svg",
    { class: "mini-strip", role: "img", width: 180, height: 17, "aria-label": description.plan },
    runsOf(description.mixers, 0),
    runsOf(description.ffns, 9),
  );
}

/** Neighbours alike become one box: the same picture from fewer elements. */
function runsOf(strip, y) {
  const total = strip.codes.length;
  const boxes = [];
  strip.codes.forEach((code, place) => {
    const last = boxes[boxes.length - 1];
    if (last && last.code === code) last.size += 1;
    else boxes.push({ code, place, size: 1 });
  });
  return boxes.map((box) =>
    s("rect", {
      class: `kind-${strip.kinds[box.code]} variant-${Math.min(variantOf(strip, box.code), 2)}`,
      x: `${(100 * box.place) / total}%`,
      width: `${(100 * box.size) / total}%`,
      y,
      height: 8,
    }),
  );
}
