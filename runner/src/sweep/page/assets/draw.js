// The painting of the map and of its legend.

// Colours come from the style sheet, so that they follow the theme.
function colours() {
  const style = getComputedStyle(map.window);
  const probe = (name) => style.getPropertyValue(name).trim();
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (getComputedStyle(document.documentElement).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  const pick = (name) => probe(`--${name}-${dark ? "dark" : "light"}`);
  return {
    text: pick("text"), ground: pick("ground"), faint: pick("faint"), none: pick("none"), same: pick("same"),
    kept: [pick("kept-low"), pick("kept-high")], beyond: [pick("beyond-low"), pick("beyond-high")],
    good: pick("good"), bad: pick("bad"), tokens: pick("tokens"), failed: pick("failed"),
    unsure: pick("unsure"), missing: pick("missing"),
  };
}

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function mix([low, high], share) {
  const [from, to] = [channels(low), channels(high)];
  return `rgb(${from.map((value, at) => Math.round(value + (to[at] - value) * share)).join(" ")})`;
}

// Hue says whether the row kept its limits, shade how far it is.
function colourOf(one, cells, index, palette) {
  const verdict = cells.verdicts[index] & 15;
  const byte = cells[map.layer][index];
  if (verdict === 0) return palette.none;
  const ramp = verdict === DIVERGED ? palette.beyond : palette.kept;
  if (byte === 1) return verdict === DIVERGED ? ramp[0] : palette.same;
  if (byte === 255) return ramp[1];
  const { low, high } = rangeOf(one);
  return mix(ramp, high > low ? (byte - low) / (high - low) : 1);
}

function draw() {
  const ratio = map.canvas.width / map.width;
  const context = map.canvas.getContext("2d");
  const palette = colours();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, map.width, map.height);
  const scrolled = map.window.scrollTop;
  const first = Math.floor(scrolled / map.rowHeight);
  const last = Math.min(page.cases.length, Math.ceil((scrolled + map.height) / map.rowHeight) + 1);
  for (let row = first; row < last; row += 1) {
    drawRow(context, palette, row, AXIS_HEIGHT + row * map.rowHeight - scrolled);
  }
  context.clearRect(0, 0, map.width, AXIS_HEIGHT);
  drawAxis(context, palette);
  const marked = map.hovered || (map.focused ? map.cursor : null);
  if (marked) outline(context, palette, marked, AXIS_HEIGHT + marked.row * map.rowHeight - scrolled);
}

function drawRow(context, palette, row, top) {
  const one = page.cases[row];
  const cells = cellsOf(one);
  const height = map.rowHeight - (map.rowHeight > 8 ? 2 : 0);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  if (map.labels) {
    context.fillStyle = palette.text;
    fitted(context, labels[row], 0, top + height / 2, map.labels - 8);
  }
  context.fillStyle = palette[one.class];
  context.fillRect(map.labels, top, STRIPE, height);
  if (!cells) {
    fitted(context, `${one.verdict}: ${one.reason}`, map.left, top + height / 2, map.width - map.left - 4);
    return;
  }
  for (let index = 0; index < cells.kl.length; index += 1) {
    context.fillStyle = colourOf(one, cells, index, palette);
    const gap = map.cell > 5 ? 1 : 0;
    context.fillRect(xOf(one, index), top, Math.max(map.cell - gap, 0.6), height);
    if (cells.verdicts[index] & FLIP && map.cell >= 4 && height >= 8) dot(context, xOf(one, index), top, height);
  }
  const firstBad = firstBadIndex(one);
  if (firstBad !== null && height > 8) wedge(context, palette, xOf(one, firstBad) + map.cell / 2, top);
}

function dot(context, x, top, height) {
  context.beginPath();
  context.arc(x + map.cell / 2 - 0.5, top + height / 2, Math.min(2.2, map.cell / 3), 0, 7);
  context.fillStyle = "#ffffff";
  context.strokeStyle = "#000000";
  context.lineWidth = 0.75;
  context.fill();
  context.stroke();
}

// Where it begins to diverge.
function wedge(context, palette, x, top) {
  context.beginPath();
  context.moveTo(x - 6, top);
  context.lineTo(x + 6, top);
  context.lineTo(x, top + 9);
  context.closePath();
  context.fillStyle = palette.text;
  context.strokeStyle = palette.ground;
  context.lineWidth = 1;
  context.fill();
  context.stroke();
}

function outline(context, palette, { row, column }, top) {
  const one = page.cases[row];
  context.strokeStyle = palette.text;
  context.lineWidth = 2;
  if (cellsOf(one)) context.strokeRect(xOf(one, column) - 1, top - 1, map.cell + 2, map.rowHeight);
  else context.strokeRect(map.labels - 1, top - 1, map.width - map.labels, map.rowHeight);
}

function fitted(context, words, x, y, room) {
  let shown = words;
  if (context.measureText(shown).width > room) {
    let [low, high] = [0, shown.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (context.measureText(`${words.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    shown = `${words.slice(0, low)}…`;
  }
  context.fillText(shown, x, y);
}

function drawAxis(context, palette) {
  context.fillStyle = palette.faint;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  const perCell = page.binning.positions;
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];
  const step = steps.find((it) => (it / perCell) * map.cell > 40) || 100000;
  // The last one would run into the word beside it.
  const end = map.columns * perCell - (map.steps ? (40 * perCell) / map.cell : 0);
  for (let position = 0; position <= Math.max(end, 0); position += step) {
    context.fillText(String(position), map.left + (position / perCell) * map.cell, AXIS_HEIGHT / 2);
  }
  if (map.steps) {
    // A few steps are narrower than the word.
    const room = map.width - context.measureText("greedy").width;
    context.fillText("greedy", Math.min(map.stepsLeft, room), AXIS_HEIGHT / 2);
  }
  if (map.labels) context.fillText("position", map.labels - 54, AXIS_HEIGHT / 2);
}

function drawLegend() {
  const palette = colours();
  const swatch = (colour) => {
    const made = element("span", { class: "swatch" });
    made.style.background = colour;
    return made;
  };
  const ramp = ([low, high]) => {
    const made = element("span", { class: "ramp" });
    made.style.background = `linear-gradient(to right, ${low}, ${high})`;
    return made;
  };
  const used = map.layer === "kl" ? ["kl"] : [...new Set(page.comparisons.map((it) => it.measure))];
  const ranges = used.filter((key) => map.ranges[key]?.high).map((key) => {
    const { low, high } = map.ranges[key];
    return `${key} from ${figureOf(low)} to ${figureOf(high)}`;
  });
  const item = (...parts) => element("span", { class: "key" }, ...parts);
  map.legend.replaceChildren(
    item(swatch(palette.same), " no difference"),
    item(ramp(palette.kept), " within its limits"),
    item(ramp(palette.beyond), " diverged"),
    item("▼ begins to diverge"),
    item("● likeliest token differs"),
    item(ranges.length ? `shades: ${ranges.join("; ")}, in powers of ten` : "no distance but 0"),
  );
}
