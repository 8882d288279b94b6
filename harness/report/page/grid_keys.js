/* Moving through the grid with keys and pointer: one stop for Tab, arrows inside. */

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

function clickedGrid(grid, event) {
  const cell = event.target.closest("td[data-row]");
  if (!cell) return;
  grid.at = placeOf(cell);
  elementAt(grid, grid.at)?.focus({ preventScroll: true });
  openCell(Number(cell.dataset.row));
}

/** Column 0 is the model's name. */
function placeOf(cell) {
  return { row: Number(cell.parentElement.dataset.place), column: cell.cellIndex };
}

function elementAt(grid, { row, column }) {
  const line = grid.rows.get(grid.view.models[row]);
  const cell = line && line.isConnected ? line.children[column] : null;
  return cell && column === 0 ? cell.querySelector("a") : cell;
}

function pressedGrid(grid, event) {
  const step =
    event.ctrlKey && (event.key === "Home" || event.key === "End")
      ? [event.key === "Home" ? -Infinity : Infinity, 0]
      : STEPS[event.key];
  const cell = event.target.closest("td[data-row]");
  if (step && !event.altKey && !event.metaKey) {
    event.preventDefault();
    moveTo(
      grid,
      clamp(grid.at.row + step[0], grid.view.models.length - 1),
      clamp(grid.at.column + step[1], grid.view.columns.length),
    );
  } else if (cell && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    openCell(Number(cell.dataset.row));
    document.getElementById("drawer").focus();
  }
}

function clamp(value, most) {
  return Math.max(0, Math.min(most, value));
}

function moveTo(grid, row, column) {
  grid.at = { row, column };
  intoSight(grid, row);
  drawRows(grid);
  markPlace(grid);
  const element = elementAt(grid, grid.at);
  if (!element) return;
  element.focus({ preventScroll: true });
  sideways(grid, element.closest("td, th"));
  const opened = element.dataset.row;
  if (opened !== undefined && STATE.params.cell) openCell(Number(opened));
}

function intoSight(grid, row) {
  const { scroller } = grid;
  const top = row * ROW_HEIGHT;
  const seen = scroller.clientHeight - grid.head.offsetHeight - ROW_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + seen) scroller.scrollTop = top - seen;
}

function sideways(grid, cell) {
  const { scroller } = grid;
  const stuck = cell.parentElement.firstElementChild.offsetWidth;
  const left = cell.offsetLeft - stuck;
  if (cell.cellIndex === 0) scroller.scrollLeft = 0;
  else if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (cell.offsetLeft + cell.offsetWidth > scroller.scrollLeft + scroller.clientWidth) {
    scroller.scrollLeft = cell.offsetLeft + cell.offsetWidth - scroller.clientWidth;
  }
}

/** Give the one stop for Tab to the place where the reader is, and show which cell is open. */
function markPlace(grid) {
  grid.body.querySelectorAll('[tabindex="0"]').forEach((element) => element.setAttribute("tabindex", "-1"));
  const element = elementAt(grid, grid.at) || grid.body.querySelector("a");
  element?.setAttribute("tabindex", "0");
  const open = STATE.params.cell ? rowOfKey(STATE.params.cell) : -1;
  grid.body.querySelectorAll("td.open").forEach((cell) => cell.classList.remove("open"));
  grid.body.querySelector(`td[data-row="${open}"]`)?.classList.add("open");
}

function focusedGrid(grid, element) {
  const cell = element.closest("td, th");
  if (!cell || cell.parentElement.dataset.place === undefined) return;
  grid.at = placeOf(cell);
  readOut(grid, cell);
}

/** The cell under the pointer, in one line. */
function readOut(grid, cell) {
  if (!cell || cell.dataset.row === undefined) return;
  const it = cellOf(Number(cell.dataset.row));
  const figures = it.estimate
    ? ` · TTFT ${ms(it.estimate.ttft_ms)}, TPOT ${ms(it.estimate.tpot_ms)}, ${figure(it.estimate.rate)} tokens/s/GPU`
    : "";
  fill(
    grid.readout,
    statusBadge(it.status),
    ` ${it.model.id} · ${databaseName(it.databasePlace)} · ${it.mode}`,
    figures || (it.error ? ` · ${it.error}` : ""),
  );
}
