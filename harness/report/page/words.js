/* The words of the page, explained in place. */

/** Statuses from best to worst, each with a sign that can be told without colour. */
const STATUSES = {
  PASS: { sign: "✓", className: "pass", short: "pass", text: "Answered from measured rows only." },
  HYBRID_PASS: {
    sign: "≈",
    className: "hybrid",
    short: "hybrid pass",
    text: "Answered, but some rows were transferred from other shapes, data types or ops.",
  },
  FAIL: {
    sign: "✕",
    className: "fail",
    short: "fail",
    text: "No answer: the search found no feasible deployment or raised an error.",
  },
  FRAMEWORK_INCOMPATIBLE: {
    sign: "◇",
    className: "framework",
    short: "framework",
    text: "The serving framework does not run this model here: a known gap, with a rule that says why.",
  },
  HW_INCOMPATIBLE: {
    sign: "–",
    className: "hardware",
    short: "hardware",
    text: "The GPU lacks a data type that the checkpoint needs.",
  },
  "": { sign: "?", className: "unjudged", short: "not judged", text: "The results list the cell without a status." },
};

const PLAUSIBILITIES = {
  plausible: { sign: "✓", text: "The figures are within what physics allows." },
  implausible: { sign: "!", text: "A figure is better than physics allows, or contradicts another one." },
  unjudged: { sign: "?", text: "Nothing is known to hold the figures against." },
};

const WORDS = {
  status:
    "Whether the release answers a cell at all: one of five words, the same as upstream's. It does not say that the answer is right.",
  plausibility:
    "Whether to believe the figures behind a status. Each is held against a lower bound from the GPU's data sheet. Status says “it answered”; plausibility says “believe it”.",
  "own data": "Every op table of the database holds rows measured for this very version of the backend.",
  "inherited data":
    "The database has no rows of its own for some tables and answers from another version's. “Mixed” means some tables are its own and some are not.",
  agg: "Aggregated serving: one pool of workers does prefill and decode.",
  disagg: "Disaggregated serving: separate pools do prefill and decode.",
  cell: "One question of the matrix: a model on a GPU system, a serving backend, its version, and a serving mode.",
  source:
    "Worst provenance that the search touched: silicon is measured; empirical, xshape, xquant, xprofile and xop are transferred, each more remote than the one before.",
  roofline:
    "Lower bound of latency: the largest of the time for the operations at peak, for weights and cache over the memory bus, and for partial sums over the links. No honest estimate is below it.",
  evidence:
    "The deployment that proves a pass: the first feasible one the search met. It is not the best one that a full search would recommend.",
  reference: "Our own reading of the model's config: layers, parameters, cache. It never imports the subject.",
  oracle:
    "An outside authority on the config: the transformers class of the model, built without weights. It proves the reference.",
  subject: "The release under test.",
  "known issue": "A finding that is expected, kept as data with its arithmetic and the releases that have it.",
  finding: "What a check found: the subject says something else than the reference, or raised an error.",
  TTFT: "Time to the first token, in milliseconds.",
  TPOT: "Time per output token after the first, in milliseconds.",
  newest: "The newest version of each system and backend that the results speak of.",
};

/** A word with its explanation one click away. */
function term(name, shown) {
  const button = h(
    "button",
    { type: "button", class: "term", "aria-expanded": "false", onclick: () => explain(button, WORDS[name]) },
    shown || name,
  );
  return button;
}

function explain(button, text) {
  const open = document.querySelector(".explained");
  if (open) closeExplained();
  if (open && open.owner === button) return;
  const bubble = h("span", { class: "explained", role: "status" }, text);
  bubble.owner = button;
  document.body.append(bubble);
  const box = button.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - bubble.offsetWidth - 8));
  bubble.style.setProperty("left", `${left + window.scrollX}px`);
  bubble.style.setProperty("top", `${box.bottom + window.scrollY + 6}px`);
  button.setAttribute("aria-expanded", "true");
}

/** Close the explanation that is open, if any, and say whether there was one. */
function closeExplained() {
  const open = document.querySelector(".explained");
  if (!open) return false;
  open.owner.setAttribute("aria-expanded", "false");
  open.remove();
  return true;
}

/** A status in words with its sign. */
function statusBadge(status) {
  const known = STATUSES[status] || STATUSES[""];
  return h(
    "span",
    { class: `badge ${known.className}` },
    h("span", { class: "sign", "aria-hidden": "true" }, known.sign),
    status || "not judged",
  );
}

/** How a finding stands, in words with a sign. */
function outcomeBadge(finding) {
  if (finding.outcome === "skip") return h("span", { class: "badge hardware" }, "– skipped");
  if (finding.stale) return h("span", { class: "badge fail" }, "✕ stale known issue");
  if (finding.issue) return h("span", { class: "badge known" }, "≡ known");
  return h("span", { class: "badge fail" }, finding.outcome === "error" ? "✕ new error" : "✕ new");
}
