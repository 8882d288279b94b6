/* A long list as a table of which only the rows in sight are in the document. */

const LINE_HEIGHT = 26;

/** Lines before and after those in sight that go on paper: thousands of them are of no use there. */
const PRINTED_LINES = 1000;

/**
 * A list with sortable columns.
 *
 * `columns`: title, `text(row)` or `node(row)`, `value(row)` to sort by, width in px, numeric. `open(row)` is called for
 * a row that is clicked or entered. `orderParam` names the parameter of the address that holds the order.
 */
function longList(label, columns, { orderParam, open }) {
  const list = { columns, orderParam, open, rows: [], at: 0, drawn: "" };
  list.head = h("thead");
  list.body = h("tbody");
  list.table = h(
    "table",
    { class: "long", "aria-label": label },
    h(
      "colgroup",
      null,
      columns.map((each) => sizedColumn(each.width)),
    ),
    list.head,
    list.body,
  );
  list.element = h(
    "div",
    { class: "grid-scroll list", tabindex: "0", role: "region", "aria-label": label },
    list.table,
  );
  list.element.addEventListener("scroll", () => drawLines(list), { passive: true });
  onPrint(list.element, (margin) => drawLines(list, Math.min(margin, PRINTED_LINES)));
  list.show = (rows) => {
    list.rows = ordered(list, rows);
    list.drawn = "";
    drawListHead(list);
    drawLines(list);
  };
  return list;
}

function sizedColumn(width) {
  const column = h("col");
  if (width) column.style.setProperty("width", `${width}px`);
  return column;
}

/** The order that the address asks for: place of the column, after a minus for falling. */
function orderOf(list) {
  const found = /^(-?)(\d+)$/.exec(STATE.params[list.orderParam] || "");
  const place = found ? Number(found[2]) : -1;
  return list.columns[place] && list.columns[place].value ? { place, falling: found[1] === "-" } : null;
}

function ordered(list, rows) {
  const order = orderOf(list);
  if (!order) return rows;
  const { value } = list.columns[order.place];
  const sign = order.falling ? -1 : 1;
  const keyed = rows.map((row, at) => ({ row, at, key: value(row) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key, sign) || a.at - b.at).map((each) => each.row);
}

/** Rows without a value come last in either order. */
function compareKeys(a, b, sign) {
  const [noA, noB] = [a === null || a === undefined, b === null || b === undefined];
  if (noA || noB) return Number(noA) - Number(noB);
  return a < b ? -sign : a > b ? sign : 0;
}

function drawListHead(list) {
  const order = orderOf(list);
  const focused = list.head.contains(document.activeElement)
    ? [...list.head.querySelectorAll("button")].indexOf(document.activeElement)
    : -1;
  fill(
    list.head,
    h(
      "tr",
      null,
      list.columns.map((column, place) => {
        const mine = order && order.place === place;
        const sorted = mine ? (order.falling ? "descending" : "ascending") : null;
        const sign = mine ? (order.falling ? " ▾" : " ▴") : "";
        const next = mine && !order.falling ? `-${place}` : mine ? "" : String(place);
        const title = column.value
          ? h("button", { type: "button", onclick: () => update({ [list.orderParam]: next }) }, column.title, sign)
          : column.title;
        return h("th", { scope: "col", class: column.numeric ? "num" : null, "aria-sort": sorted }, title);
      }),
    ),
  );
  if (focused >= 0) list.head.querySelectorAll("button")[focused]?.focus();
}

function drawLines(list, margin = MARGIN_ROWS) {
  const total = list.rows.length;
  const seen = Math.max(list.element.clientHeight, window.innerHeight);
  const first = Math.max(0, Math.floor(list.element.scrollTop / LINE_HEIGHT) - margin);
  const last = Math.min(total, first + Math.ceil(seen / LINE_HEIGHT) + 2 * margin);
  const drawn = `${first}-${last}`;
  if (drawn === list.drawn) return;
  list.drawn = drawn;
  const rows = list.rows.slice(first, last).map((row) => line(list, row));
  fill(list.body, gap(list, first), rows, gap(list, total - last));
}

function gap(list, rows) {
  if (rows <= 0) return null;
  const cell = h("td", { colspan: list.columns.length });
  cell.style.setProperty("height", `${rows * LINE_HEIGHT}px`);
  return h("tr", { class: "spacer", "aria-hidden": "true" }, cell);
}

function line(list, row) {
  const cells = list.columns.map((column, place) => {
    const text = column.text ? column.text(row) : null;
    const inner =
      place === 0 && list.open
        ? h("button", { type: "button", class: "row-link", onclick: () => list.open(row) }, text)
        : column.node
          ? column.node(row)
          : text;
    return h("td", { class: column.numeric ? "num" : null, title: text }, inner);
  });
  return h("tr", null, cells);
}
