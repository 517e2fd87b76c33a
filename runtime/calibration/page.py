"""The frame of a report: one HTML page that carries its own style, light or dark as the reader has it, and prints."""

import html

_STYLE = """
:root{--ground:#f5f7f9;--card:#fff;--ink:#10161d;--soft:#5b6875;--line:#dde3e9;--accent:#0b7fa8;--warm:#b06a00}
@media(prefers-color-scheme:dark){:root{--ground:#0b0f14;--card:#121820;--ink:#e2ecf2;--soft:#93a1ae;--line:#222c37;
--accent:#7fe4ff;--warm:#ffb854}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}main{max-width:980px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:28px;margin:0;letter-spacing:-.01em}h2{font-size:17px;margin:0 0 4px}
.source{color:var(--soft);margin:2px 0 20px;overflow-wrap:anywhere}.verdict{font-size:18px;margin:0 0 24px;
padding-left:14px;border-left:3px solid var(--accent)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0}
section>p{color:var(--soft);margin:0 0 12px;max-width:70ch}figure{margin:8px 0 12px}
img{display:block;width:100%;border-radius:6px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
dt{color:var(--soft);font-size:13px}dd{margin:2px 0;font-size:24px;font-weight:600;letter-spacing:-.02em}
.tiles p{margin:0;color:var(--soft);font-size:13px}.advice{border-color:var(--warm)}.advice ul{margin:6px 0 0;
padding-left:20px}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 18px 3px 0;font-weight:400;border-bottom:1px solid var(--line)}
tr:last-child>*{border-bottom:0}th{font-weight:600}td{color:var(--soft)}
.chosen>*{color:var(--accent);font-weight:600}.views,.left-out{width:100%}
.bar{width:50%}.bar i{display:block;height:9px;border-radius:3px;background:var(--accent);min-width:2px}
@media print{section{break-inside:avoid}body{background:#fff}}
"""


def page(title: str, source: str, verdict: str, content: str) -> str:
    """A whole page; ``content`` is HTML, all else is text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(title)}: {html.escape(source)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{html.escape(title)}</h1><p class="source">{html.escape(source)}</p>'
        f'<p class="verdict">{html.escape(verdict)}</p>{content}</main></body></html>\n'
    )
