// The last hour, drawn by uPlot from the samples that Redis keeps.
(() => {
  const frame = document.getElementById("charts");
  if (!frame) return;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
  let drawn = [], tag = "", data = null;

  const series = (label, colour, dash, fill) => ({ label, stroke: css(colour), width: 1.6, dash, fill, points: { show: false } });

  function axes() {
    const grid = { stroke: css("--line"), width: 1 };
    const common = { stroke: css("--soft"), grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return [
      { ...common, grid: { show: false }, size: 24, space: 70, values: (_, ticks) => ticks.map((t) => lastin.clock(t).slice(0, 5)) },
      { ...common, size: 44, space: 28, values: (_, ticks) => ticks.map((n) => short.format(n)) },
    ];
  }

  function chart(title, kinds, columns) {
    const holder = document.createElement("div");
    const legend = document.createElement("p");
    legend.className = "chart-legend";
    holder.append(legend);
    frame.append(holder);
    const say = (plot) => {
      const i = plot.cursor.idx ?? plot.data[0].length - 1;
      const time = plot.cursor.idx == null ? "" : `, ${lastin.clock(plot.data[0][i])}`;
      legend.replaceChildren(Object.assign(document.createElement("b"), { textContent: title + time }),
        ...kinds.map(([label, , dash], n) => {
          const span = document.createElement("span");
          span.textContent = `${dash ? "╌" : "─"} ${label} ${short.format(plot.data[n + 1][i] ?? 0)}`;
          return span;
        }));
    };
    const plot = new uPlot({
      width: Math.max(200, frame.clientWidth), height: 104, padding: [8, 14, 0, 0], legend: { show: false },
      cursor: { y: false, sync: { key: "hour" }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.08)] } },
      axes: axes(), series: [{}, ...kinds.map((kind) => series(...kind))],
      hooks: { setCursor: [say], setData: [say], ready: [say] },
    }, columns, holder);
    return plot;
  }

  function draw() {
    for (const plot of drawn) plot.destroy();
    frame.replaceChildren();
    if (!data || !data.at.length) return;
    const soft = `color-mix(in srgb, ${css("--accent")} 18%, transparent)`;
    drawn = [
      chart("Jobs a second", [["accepted", "--soft", [4, 3]], ["processed", "--accent"], ["rejected", "--bad", [2, 2]]], [data.at, data.accepted, data.processed, data.rejected]),
      chart("Waiting", [["jobs", "--accent", undefined, soft]], [data.at, data.waiting]),
      chart("The oldest of them has waited", [["s", "--accent", undefined, soft]], [data.at, data.oldest_s]),
    ];
  }

  async function load() {
    if (document.hidden) return;
    try {
      const answer = await fetch(frame.dataset.source, { headers: { "HX-Request": "true", ...(tag && { "If-None-Match": tag }) } });
      if (answer.status !== 200) return;
      tag = answer.headers.get("ETag") || "";
      const isFirst = !data;
      data = await answer.json();
      if (isFirst || !drawn.length) draw();
      else {
        drawn[0].setData([data.at, data.accepted, data.processed, data.rejected]);
        drawn[1].setData([data.at, data.waiting]);
        drawn[2].setData([data.at, data.oldest_s]);
      }
    } catch { /* the light in the head says that nobody answers */ }
  }

  new ResizeObserver(() => { for (const plot of drawn) plot.setSize({ width: Math.max(200, frame.clientWidth), height: 104 }); }).observe(frame);
  document.addEventListener("lastin:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  load();
  setInterval(load, 10000);
})();
