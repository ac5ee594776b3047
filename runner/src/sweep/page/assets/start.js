// Begins everything, and changes between light and dark.

function startTheme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
    redrawMap();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { show(); redrawMap(); });
  show();
}

function redrawMap() {
  if (!map.canvas) return;
  draw();
  drawLegend();
}

startTheme();
startMap();
startCases();
