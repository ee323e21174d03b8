"use strict";
// What the page does beyond showing itself. Without it everything can be read: it is open text and links.

const ROWS = 50; // of a long table at once

// --- numbers -------------------------------------------------------------------------------------------
const plain = (text) => parseFloat(String(text).replace(/,/g, ""));
const counted = (value, name) => {
  const text = value >= 9.95
    ? Math.round(value).toLocaleString("en-US")
    : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${text === "1" ? name.slice(0, -1) : name}`;
};
const UNITS = [[172800, 86400, "days"], [3600, 3600, "hours"], [60, 60, "minutes"], [0, 1, "seconds"]];
function duration(seconds) {
  const [, unit, name] = UNITS.find(([least]) => seconds >= least);
  return counted(seconds / unit, name);
}
const money = (value) => value.toLocaleString("en-US", {
  minimumFractionDigits: value < 100 ? 2 : 0, maximumFractionDigits: value < 100 ? 2 : 0,
});

// --- hours and money for a pile ------------------------------------------------------------------------
function bindPile(form) {
  const [texts, slider, price, priceSlider, pace] =
    ["texts", "texts-slider", "price", "price-slider", "pace"].map((id) => document.getElementById(id));
  const output = form.querySelector("output");
  const show = () => {
    const count = plain(texts.value), cost = plain(price.value), { speed, low, high } = pace.selectedOptions[0].dataset;
    output.textContent = "";
    if (!(count > 0)) return void output.append("How many texts are there?");
    const seconds = count / speed, strong = document.createElement("strong");
    strong.textContent = duration(seconds);
    const parts = [`for ${count.toLocaleString("en-US")} texts`];
    if (low && high) {
      const [least, most] = [duration(count / high), duration(count / low)];
      const [number, unit] = least.split(" ");
      if (least !== most) parts[0] += ` (${most.endsWith(` ${unit}`) ? number : least} to ${most})`;
    }
    if (cost > 0) parts.push(`costs ${money(seconds / 3600 * form.dataset.gpus * cost)} at ${money(cost)} an hour`);
    output.append(strong, ` ${parts.join("; ")}`);
  };
  const rounded = (value) => Number(value.toPrecision(2));
  slider.addEventListener("input", () => {
    texts.value = rounded(10 ** slider.value).toLocaleString("en-US");
    show();
  });
  texts.addEventListener("input", () => {
    const count = plain(texts.value);
    if (count > 0) slider.value = Math.log10(count);
    show();
  });
  priceSlider.addEventListener("input", () => {
    price.value = Number(priceSlider.value) ? Number(priceSlider.value).toFixed(2) : "";
    show();
  });
  price.addEventListener("input", () => {
    priceSlider.value = plain(price.value) || 0;
    show();
  });
  pace.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

// --- copy buttons --------------------------------------------------------------------------------------
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed here, as in some browsers for a file
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
function addCopyButton(box) {
  const pre = box.querySelector("pre");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  button.setAttribute("aria-label", `Copy: ${pre.getAttribute("aria-label")}`);
  button.addEventListener("click", async () => {
    await copy(pre.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  box.append(button);
}

// --- tables that sort, filter and show a part of many rows ---------------------------------------------
const cellText = (row, index) => row.cells[index]?.textContent.trim() ?? "";
function compare(a, b) {
  const [x, y] = [plain(a), plain(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1; // empty cells last
  return Number.isNaN(x) ? a.localeCompare(b) : x - y;
}
class Rows {
  constructor(table) {
    this.body = table.tBodies[0];
    this.all = [...this.body.rows];
    this.wanted = "";
    this.whole = false;
    if (this.all.length < 2) return;
    this.addSorting(table.tHead.rows[table.tHead.rows.length - 1]);
    if (this.all.length > 8) this.addTools(table);
    this.show();
  }
  addSorting(heads) {
    [...heads.cells].forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads.cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        this.all.sort((a, b) => (up ? 1 : -1) * compare(cellText(a, index), cellText(b, index)));
        this.body.append(...this.all);
        this.show();
      });
    });
  }
  addTools(table) {
    const tools = Object.assign(document.createElement("div"), { className: "tools" });
    const filter = Object.assign(document.createElement("input"), { type: "search", placeholder: "Filter rows" });
    filter.setAttribute("aria-label", "Filter rows");
    filter.addEventListener("input", () => { this.wanted = filter.value.toLowerCase(); this.show(); });
    this.count = Object.assign(document.createElement("span"), { role: "status" });
    this.more = Object.assign(document.createElement("button"), { type: "button", textContent: "Show all" });
    this.more.addEventListener("click", () => { this.whole = true; this.show(); });
    tools.append(filter, this.count, this.more);
    (table.closest(".wide") ?? table).before(tools);
  }
  show() {
    const found = this.all.filter((row) => !this.wanted || row.textContent.toLowerCase().includes(this.wanted));
    const shown = new Set(this.whole ? found : found.slice(0, ROWS));
    for (const row of this.all) row.hidden = !shown.has(row);
    if (!this.count) return;
    this.count.textContent = `${shown.size.toLocaleString("en-US")} of ${this.all.length.toLocaleString("en-US")} rows`;
    this.more.hidden = shown.size === found.length;
  }
  reveal(row) {
    if (!row.hidden) return;
    this.whole = true;
    this.wanted = "";
    this.show();
  }
}
const enhanced = new WeakMap();
function enhance(parent) {
  for (const table of parent.querySelectorAll(".wide table")) {
    if (!enhanced.has(table) && table.tBodies[0]) enhanced.set(table, new Rows(table));
  }
}

// --- links into folded parts ---------------------------------------------------------------------------
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") { part.open = true; enhance(part); }
  }
  for (const row of document.querySelectorAll("tr.here")) row.classList.remove("here");
  if (target.tagName === "TR") {
    enhanced.get(target.closest("table"))?.reveal(target);
    target.classList.add("here");
  }
  target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start" });
  (target.tagName === "DETAILS" ? target.querySelector("summary") : target).focus({ preventScroll: true });
}

for (const form of document.querySelectorAll("form.pile")) bindPile(form);
for (const box of document.querySelectorAll(".code")) addCopyButton(box);
for (const part of document.querySelectorAll("details")) {
  part.addEventListener("toggle", () => part.open && enhance(part), { once: true });
}
addEventListener("hashchange", openTarget);
openTarget();
