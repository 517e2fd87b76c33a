// The panel of details: which frame and overlay are shown, and how long each stage takes.

export function drawDetails({ frame, overlay, status }) {
  const rows = [];
  const ms = (value) => `${value.toFixed(1)} ms`;
  if (frame) rows.push(["frame", `${frame.index}, ${frame.width} × ${frame.height}`]);
  if (overlay) {
    rows.push(["overlay", `frame ${overlay.frame_index}, ${ms(overlay.age_ms)} older`]);
    rows.push(["moved by", { depth: "head pose and depth", default_depth: "head pose, distance unknown", none: "nothing (no pose)" }[overlay.moved]]);
    rows.push(["gaze", `${overlay.state} (${overlay.source})`], ["objects", overlay.objects.length]);
  }
  for (const [stage, { p50_ms, p99_ms }] of Object.entries(status?.stages ?? {})) {
    rows.push([stage.replaceAll("_", " "), `${p50_ms.toFixed(1)} / ${ms(p99_ms)}`]);
  }
  for (const [name, rate] of Object.entries(status?.rates_hz ?? {})) rows.push([name, `${rate.toFixed(1)} Hz`]);
  for (const [reason, count] of Object.entries(status?.dropped ?? {})) rows.push([`dropped: ${reason.replaceAll("_", " ")}`, count]);
  if (status?.rss_mb) rows.push(["memory", `${Math.round(status.rss_mb)} MB`]);
  const cells = rows.map(([name, value]) => {
    const row = document.createElement("tr");
    row.append(
      Object.assign(document.createElement("th"), { scope: "row", textContent: name }),
      Object.assign(document.createElement("td"), { textContent: value }),
    );
    return row;
  });
  document.getElementById("panel-rows").replaceChildren(...cells);
}
