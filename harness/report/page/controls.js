/* Controls that several views have. */

/** A button that copies a text, beside the text. */
function command(text) {
  if (!text) return null;
  const said = h("span", { class: "copied", role: "status" });
  const button = h("button", { type: "button", class: "copy", onclick: () => copy(text, said) }, "Copy");
  return h("div", { class: "command" }, h("pre", { tabindex: "0" }, h("code", null, text)), button, said);
}

async function copy(text, said) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyOldWay(text);
  }
  fill(said, done ? "Copied" : "Select and copy by hand");
  window.setTimeout(() => fill(said), 2000);
}

/** For pages that are opened from a file, which some browsers give no clipboard. */
function copyOldWay(text) {
  const area = h("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

/** Buttons of which one is pressed. */
function choice(label, name, options, fallback) {
  const group = h("div", { class: "choice", role: "group", "aria-label": label });
  const buttons = options.map(([value, text]) =>
    h(
      "button",
      { type: "button", "data-value": value, onclick: () => update({ [name]: value === fallback ? "" : value }) },
      text,
    ),
  );
  group.append(...buttons);
  return synced(group, () => {
    const now = STATE.params[name] || fallback;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.value === now)));
  });
}

/** A list of which one is chosen. */
function select(label, name, options, fallback) {
  const list = h(
    "select",
    { onchange: () => update({ [name]: list.value === fallback ? "" : list.value }) },
    options.map(([value, text]) => h("option", { value }, text)),
  );
  return synced(h("label", { class: "field" }, h("span", null, label), list), () => {
    list.value = STATE.params[name] || fallback;
  });
}

/** A button that opens a list of boxes to tick; nothing ticked stands for all. */
function ticks(label, name, options) {
  const summary = h("summary", null);
  const boxes = options.map(([value, text]) => {
    const box = h("input", { type: "checkbox", value, onchange: () => toggleParam(name, value) });
    return h("label", null, box, text);
  });
  const all = h("button", { type: "button", class: "quiet", onclick: () => update({ [name]: "" }) }, "All");
  const details = h("details", { class: "ticks" }, summary, h("div", { class: "panel" }, all, boxes));
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
  });
  return synced(details, () => {
    const now = listParam(name);
    boxes.forEach((each) => (each.firstChild.checked = now.includes(each.firstChild.value)));
    fill(summary, label, h("b", null, now.length === 0 ? " all" : now.length === 1 ? ` ${now[0]}` : ` ${now.length}`));
    details.classList.toggle("on", now.length > 0);
  });
}

/** A search field; every keystroke counts. */
function searchField(label, name) {
  const input = h("input", {
    type: "search",
    placeholder: label,
    "aria-label": label,
    "data-search": true,
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => update({ [name]: input.value }),
  });
  return synced(input, () => {
    if (document.activeElement !== input || !STATE.params[name]) input.value = STATE.params[name] || "";
  });
}

/** Chips that switch on the values to show; none pressed stands for all. */
function chips(label, name, options) {
  const buttons = options.map((option) => {
    const number = h("span", { class: "number" });
    const props = {
      type: "button",
      class: `chip ${option.className || ""}`,
      title: option.text,
      onclick: () => toggleParam(name, option.value),
    };
    const button = h(
      "button",
      props,
      h("span", { class: "sign", "aria-hidden": "true" }, option.sign),
      option.label,
      number,
    );
    return { button, number, value: option.value };
  });
  const group = h(
    "div",
    { class: "chips", role: "group", "aria-label": label },
    buttons.map((each) => each.button),
  );
  const sync = () => {
    const now = listParam(name);
    buttons.forEach((each) => each.button.setAttribute("aria-pressed", String(now.includes(each.value))));
  };
  group.show = (numbers) => buttons.forEach((each) => fill(each.number, count(numbers[each.value] || 0)));
  return synced(group, sync);
}

/** Keep a control in step with the address for as long as it is in the document. */
function synced(element, sync) {
  element.classList.add("synced");
  element.sync = sync;
  sync();
  return element;
}

function syncControls(root) {
  root.querySelectorAll(".synced").forEach((element) => element.sync());
}

/** A part that is opened and closed, its content built when it is opened first. */
function disclosure(summary, build, { open = false, className = "" } = {}) {
  const body = h("div", { class: "body" });
  const details = h("details", { class: `disclosure ${className}` }, h("summary", null, summary), body);
  const fillOnce = () => {
    if (details.open && !body.hasChildNodes()) fill(body, build());
  };
  details.addEventListener("toggle", fillOnce);
  if (open) {
    details.open = true;
    fillOnce();
  }
  return details;
}

const PRINTED = [];

/** Draw a part with all its rows before printing, and as before afterwards. */
function onPrint(element, draw) {
  PRINTED.splice(0, PRINTED.length, ...PRINTED.filter((each) => each.element.isConnected), { element, draw });
}

function drawForPrint(margin) {
  PRINTED.filter((each) => each.element.isConnected).forEach((each) => each.draw(margin));
}

/** What stands where a part has nothing to show. */
function nothing(...text) {
  return h("p", { class: "nothing" }, ...text);
}
