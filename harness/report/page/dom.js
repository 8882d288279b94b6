/* Building the document: every text becomes a text node, so that markup in it stays text. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; `props` are attributes, `on*` listeners, `class`; children are nodes, texts, or lists of them. */
function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** An SVG element. */
function s(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...parts(children));
  return element;
}

function parts(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put children in place of what is there. */
function fill(element, ...children) {
  element.replaceChildren(...parts(children));
  return element;
}

/** Text for screen readers only. */
function unseen(text) {
  return h("span", { class: "unseen" }, text);
}

/** A link into this page. */
function link(view, params, ...children) {
  return h("a", { href: address(view, params) }, ...children);
}

/** A table with a caption for screen readers; cells are nodes or texts, numeric columns are named by place. */
function table(caption, head, rows, { numeric = [], className = "" } = {}) {
  const right = (place) => (numeric.includes(place) ? "num" : null);
  const titles = head.map((title, place) => h("th", { scope: "col", class: right(place) }, title));
  const body = rows.map((row) =>
    h(
      "tr",
      null,
      row.map((cell, place) => bodyCell(cell, place, right(place))),
    ),
  );
  return h(
    "div",
    { class: "scroll-x", tabindex: "0", role: "group", "aria-label": caption },
    h(
      "table",
      { class: `plain ${className}` },
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, titles)),
      h("tbody", null, body),
    ),
  );
}

function bodyCell(cell, place, className) {
  return place === 0 ? h("th", { scope: "row", class: className }, cell) : h("td", { class: className }, cell);
}

/** A section with a heading. */
function section(title, ...children) {
  return h("section", { class: "card" }, h("h2", null, title), ...children);
}
