// The map of cases by position. A canvas as high as the window on it is drawn anew when it is scrolled,
// so that a thousand cases take no more memory than thirty.

const AXIS_HEIGHT = 20;
const STRIPE = 8;
const GAP = 10;

const labels = page.cases.map(labelOf);

const map = {
  layer: "distance",
  cursor: { row: 0, column: 0 },
  hovered: null,
  focused: false,
  ranges: {},
};

function startMap() {
  const place = document.getElementById("map-place");
  if (page.cases.length === 0) {
    place.replaceChildren(element("p", null, "No case was planned."));
    return;
  }
  map.columns = 0;
  map.steps = 0;
  for (const one of page.cases) {
    const cells = cellsOf(one);
    if (!cells) continue;
    const positions = one.receipt.cells.positions;
    map.columns = Math.max(map.columns, positions);
    map.steps = Math.max(map.steps, cells.kl.length - positions);
  }
  map.canvas = element("canvas", { "aria-hidden": "true" });
  map.rest = element("div");
  map.window = element("div", {
    id: "map-window", tabindex: "0", role: "application", "aria-roledescription": "heat map",
    "aria-label": `${page.cases.length} cases by position, the worst first. Arrow keys move, Enter opens the case.`,
    "aria-describedby": "map-readout",
  }, map.canvas, map.rest);
  map.readout = element("p", { id: "map-readout", "aria-live": "polite" });
  map.legend = element("div", { id: "map-legend" });
  place.replaceChildren(layerButtons(), map.window, map.readout, map.legend);
  if (page.left_out > 0) {
    place.append(element("p", { class: "fine" }, `${page.left_out} cases that are less bad are not shown here.`));
  }
  findRanges();
  listen();
  layOut();
}

function layerButtons() {
  const group = element("div", { role: "group", "aria-label": "What the map shows", class: "layers" });
  const measures = new Set(page.comparisons.map((it) => it.measure));
  const names = { excess: "excess over the floor", nmse: "NMSE" };
  const distance = [...measures].map((it) => names[it]).join(" or ") || "distance";
  for (const [layer, label] of [["distance", `Distance: ${distance}`], ["kl", "KL divergence"]]) {
    const button = element("button", { type: "button", "aria-pressed": String(layer === map.layer) }, label);
    button.addEventListener("click", () => {
      map.layer = layer;
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      draw();
      drawLegend();
      say();
    });
    group.append(button);
  }
  return group;
}

// The smallest and the largest byte of each measure: shades are spread over what is there.
function findRanges() {
  for (const one of page.cases) {
    const cells = cellsOf(one);
    if (!cells) continue;
    for (const layer of ["distance", "kl"]) {
      const key = layer === "kl" ? "kl" : page.comparisons[one.comparison].measure;
      const range = (map.ranges[key] ||= { low: 255, high: 0 });
      for (const byte of cells[layer]) {
        if (byte < 2 || byte === 255) continue;
        range.low = Math.min(range.low, byte);
        range.high = Math.max(range.high, byte);
      }
    }
  }
}

function rangeOf(one) {
  const key = map.layer === "kl" ? "kl" : page.comparisons[one.comparison].measure;
  return map.ranges[key] || { low: 2, high: 3 };
}

function listen() {
  const redraw = () => requestAnimationFrame(draw);
  map.window.addEventListener("scroll", redraw);
  map.window.addEventListener("keydown", onKey);
  map.window.addEventListener("focus", () => { map.focused = true; say(); draw(); });
  map.window.addEventListener("blur", () => { map.focused = false; draw(); });
  map.canvas.addEventListener("mousemove", (event) => { map.hovered = cellUnder(event); say(); draw(); });
  map.canvas.addEventListener("mouseleave", () => { map.hovered = null; say(); draw(); });
  map.canvas.addEventListener("click", (event) => {
    const cell = cellUnder(event);
    if (!cell) return;
    map.cursor = cell;
    openCase(page.cases[cell.row]);
  });
  new ResizeObserver(layOut).observe(map.window.parentElement);
}

function layOut() {
  const width = map.window.parentElement.clientWidth;
  const count = page.cases.length;
  map.rowHeight = count <= 40 ? 20 : count <= 200 ? 15 : 6;
  const all = AXIS_HEIGHT + count * map.rowHeight;
  map.height = Math.min(all, 500);
  map.width = width;
  map.labels = map.rowHeight < 12 ? 0 : Math.min(260, Math.round(width * 0.3));
  const room = width - map.labels - STRIPE - 4 - (map.steps ? GAP : 0) - 16;
  map.cell = Math.min(16, room / Math.max(1, map.columns + map.steps));
  map.left = map.labels + STRIPE + 4;
  map.stepsLeft = map.left + map.columns * map.cell + GAP;
  const ratio = window.devicePixelRatio || 1;
  map.canvas.width = Math.round(width * ratio);
  map.canvas.height = Math.round(map.height * ratio);
  map.canvas.style.width = `${width}px`;
  map.canvas.style.height = `${map.height}px`;
  map.window.style.height = `${map.height}px`;
  map.rest.style.height = `${all - map.height}px`;
  draw();
  drawLegend();
  say();
}

function xOf(one, index) {
  const positions = one.receipt.cells.positions;
  return index < positions ? map.left + index * map.cell : map.stepsLeft + (index - positions) * map.cell;
}

function firstBadIndex(one) {
  if (!one.first_bad) return null;
  if ("position" in one.first_bad) return Math.floor(one.first_bad.position / page.binning.positions);
  return one.receipt.cells.positions + Math.floor(one.first_bad.step / page.binning.steps);
}

function cellUnder(event) {
  const box = map.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const row = Math.floor((y - AXIS_HEIGHT + map.window.scrollTop) / map.rowHeight);
  if (y < AXIS_HEIGHT || row < 0 || row >= page.cases.length) return null;
  const cells = cellsOf(page.cases[row]);
  if (!cells) return { row, column: 0 };
  const positions = page.cases[row].receipt.cells.positions;
  const inSteps = x >= map.stepsLeft && map.steps > 0;
  const column = inSteps ? positions + Math.floor((x - map.stepsLeft) / map.cell) : Math.floor((x - map.left) / map.cell);
  const most = (inSteps ? cells.kl.length : positions || cells.kl.length) - 1;
  return { row, column: Math.min(Math.max(column, 0), most) };
}

function onKey(event) {
  const far = event.shiftKey ? 10 : 1;
  const moves = {
    ArrowLeft: [0, -far], ArrowRight: [0, far], ArrowUp: [-far, 0], ArrowDown: [far, 0],
    PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -1e9], End: [0, 1e9],
  };
  const { row, column } = map.cursor;
  if (event.key === "Enter") {
    openCase(page.cases[row]);
  } else if (moves[event.key]) {
    const [down, right] = moves[event.key];
    const to = Math.min(Math.max(row + down, 0), page.cases.length - 1);
    const cells = cellsOf(page.cases[to]);
    const most = cells ? cells.kl.length - 1 : 0;
    map.cursor = { row: to, column: Math.min(Math.max(column + right, 0), most) };
    const top = to * map.rowHeight;
    const seen = map.height - AXIS_HEIGHT - map.rowHeight;
    if (top < map.window.scrollTop) map.window.scrollTop = top;
    if (top > map.window.scrollTop + seen) map.window.scrollTop = top - seen;
  } else {
    return;
  }
  event.preventDefault();
  map.hovered = null;
  say();
  draw();
}

// What is at the cell that is pointed at, in words.
function say() {
  const at = map.hovered || (map.focused ? map.cursor : null);
  if (!at) {
    map.readout.textContent = "Point at a cell, or go there with the arrow keys; a click or Enter opens the case.";
    return;
  }
  const one = page.cases[at.row];
  const cells = cellsOf(one);
  const words = [element("strong", null, element("bdi", null, labels[at.row])), ` ${one.verdict}`];
  if (!cells) words.push(`: ${one.reason}`);
  else words.push(...cellInWords(one, cells, at.column));
  map.readout.replaceChildren(...words);
}

function cellInWords(one, cells, index) {
  const positions = one.receipt.cells.positions;
  const isStep = index >= positions;
  const per = isStep ? page.binning.steps : page.binning.positions;
  const from = (isStep ? index - positions : index) * per;
  const upTo = Math.min(from + per, isStep ? one.receipt.steps : one.receipt.positions) - 1;
  const range = upTo > from ? `s ${from} to ${upTo}, worst` : ` ${from}`;
  const measure = page.comparisons[one.comparison].measure;
  const byte = cells.verdicts[index];
  const words = [` · ${isStep ? "greedy step" : "position"}${range} `];
  words.push(tokenChip(one, cells.tokens[index]));
  words.push(` ${ROW_VERDICTS[byte & 15]} · ${measure} ${figureOf(cells.distance[index])} · KL ${figureOf(cells.kl[index])}`);
  if (byte & FLIP) words.push(" · the likeliest token is another one");
  return words;
}
