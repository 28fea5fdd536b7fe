// The zoomable chart. The library (4.8 MB) is fetched from beside the page when it is first wanted.
(() => {
  const holder = document.getElementById("chart");
  if (!holder) return;
  const series = JSON.parse(document.getElementById("chart-series").textContent);
  const select = document.getElementById("chart-probe");
  const plot = document.getElementById("chart-plot");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw() {
    const chosen = series[Number(select.value)];
    const at = chosen.at.map((time) => new Date(time).toISOString());
    const axis = { gridcolor: color("--line"), zeroline: false, linecolor: color("--line") };
    const traces = [
      { x: at, y: chosen.total, name: "total", mode: "lines", line: { color: color("--accent"), width: 1.8 } },
      { x: at, y: chosen.server, name: "server (x-runtime)", mode: "lines", fill: "tozeroy",
        fillcolor: color("--server"), line: { color: color("--muted"), width: 1, dash: "dot" } },
    ];
    if (chosen.hours.length) {
      const hours = chosen.hours.map((time) => new Date(time).toISOString());
      const edge = { x: hours, mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
      traces.unshift(
        { ...edge, y: chosen.low, showlegend: false },
        { ...edge, y: chosen.high, name: "usual: nine answers of ten", fill: "tonexty", fillcolor: color("--band") },
        { x: hours, y: chosen.usual, name: "usual", mode: "lines", line: { color: color("--good-bar"), width: 1, dash: "dot" } },
      );
    }
    Plotly.react(plot, traces, {
      height: 320,
      margin: { l: 56, r: 16, t: 12, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: color("--ink"), family: "system-ui, sans-serif", size: 12 },
      hovermode: "x unified",
      hoverlabel: { bgcolor: color("--card"), font: { color: color("--ink") } },
      legend: { orientation: "h", y: 1.12, x: 1, xanchor: "right" },
      xaxis: axis,
      yaxis: { ...axis, title: { text: "milliseconds" }, rangemode: "tozero" },
    }, { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["toImage"] });
  }

  function load() {
    if (window.Plotly) return draw();
    const script = document.createElement("script");
    script.src = "plotly.min.js";
    script.onload = draw;
    script.onerror = () => {
      plot.textContent = "The chart needs plotly.min.js beside this page; the figures are in the tables above.";
    };
    document.head.append(script);
  }

  holder.addEventListener("toggle", () => holder.open && load());
  select.addEventListener("change", () => window.Plotly && draw());
  dark.addEventListener("change", () => window.Plotly && holder.open && draw());
})();
