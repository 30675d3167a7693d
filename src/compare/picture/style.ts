/**
 * The look of the page: colours that are told apart in light and dark, and dashes for those who
 * cannot, and for paper.
 */
export const STYLE = `
:root{--ink:#1c1e21;--soft:#5c6470;--paper:#fff;--grid:#dfe3e8;--ok:#0b6b2e;--bad:#a3181f;--c0:#0b62c4;--c1:#b34700;--c2:#0a7a4b;--c3:#8a2bb0;--c4:#6b5b00;--c5:#b0005c;--c6:#3d4a57;--none:#cfd4da}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a3abb6;--paper:#14171a;--grid:#2f353c;--ok:#6fdc97;--bad:#ff9a94;--c0:#6cb0ff;--c1:#ffa25c;--c2:#5fd6a0;--c3:#d69bf2;--c4:#dcc84f;--c5:#ff86bd;--c6:#b8c4d0;--none:#3a4149}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.4rem;line-height:1.3;margin:0}h2{font-size:1.05rem;margin:1.2rem 0 .4rem}
.method{color:var(--soft);margin:.3rem 0 1rem}
.table{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{padding:.35rem .5rem;text-align:right;border-bottom:1px solid var(--grid)}
th:first-child{text-align:left}thead th{color:var(--soft);font-weight:500;vertical-align:bottom}
tbody th{font-weight:600;min-width:8rem;overflow-wrap:anywhere}small{color:var(--soft);font-weight:400;white-space:nowrap}.taken{background:color-mix(in srgb,var(--c0) 12%,transparent)}
.fits{color:var(--ok)}.misses{color:var(--bad)}
h2,li{overflow-wrap:anywhere}ul{margin:.2rem 0;padding-left:1.2rem}
.parts{columns:2 26rem;column-gap:2rem;margin-top:1.2rem}.parts h2{margin-top:0}.parts section{padding-bottom:1.2rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem;margin:.2rem 0}dt{font-weight:600}dd{margin:0}.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 2rem}
figure{margin:0}figure>svg{width:100%;height:auto;display:block}
svg text{fill:var(--soft);font:13px system-ui,sans-serif}.grid{stroke:var(--grid)}
rect{shape-rendering:crispEdges}
.line{fill:none;stroke-width:2.2}
.line-0{stroke:var(--c0)}.line-1{stroke:var(--c1);stroke-dasharray:7 3}.line-2{stroke:var(--c2);stroke-dasharray:2 3}.line-3{stroke:var(--c3);stroke-dasharray:9 3 2 3}.line-4{stroke:var(--c4);stroke-dasharray:4 2}.line-5{stroke:var(--c5);stroke-dasharray:12 4}.line-6{stroke:var(--c6);stroke-dasharray:1 2}
.line-7{stroke:var(--c0);stroke-dasharray:1 3;stroke-width:3}.line-8{stroke:var(--c1);stroke-width:1.3}.line-9{stroke:var(--c2);stroke-dasharray:14 2 2 2;stroke-width:1.3}.line-10{stroke:var(--c3);stroke-dasharray:3 6;stroke-width:3}.line-11{stroke:var(--c4);stroke-dasharray:16 3;stroke-width:1.3}.line-12{stroke:var(--c5);stroke-dasharray:2 2;stroke-width:3}.line-13{stroke:var(--c6);stroke-dasharray:10 3 2 3 2 3;stroke-width:1.3}
.line-ink{stroke:var(--ink);stroke-width:1.6}.line-soft{stroke:var(--soft);stroke-dasharray:5 3}
.area-0{fill:var(--c0)}.area-1{fill:var(--c1)}.area-2{fill:var(--c2)}.area-3{fill:var(--c3)}.area-4{fill:var(--c4)}.area-5{fill:var(--c5)}.area-6{fill:var(--c6)}.area-7{fill:var(--c0)}.area-8{fill:var(--c1)}.area-9{fill:var(--c2)}.area-10{fill:var(--c3)}.area-11{fill:var(--c4)}.area-12{fill:var(--c5)}.area-13{fill:var(--c6)}.area-7,.area-8,.area-9,.area-10,.area-11,.area-12,.area-13{fill-opacity:.45}
.area-none{fill:var(--none)}
.here{fill:var(--paper);stroke:var(--ink);stroke-width:2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:0;font-size:.85rem}.legend svg{width:28px;height:10px;margin-right:.4rem}
section{break-inside:avoid}
@media screen and (max-width:600px){svg text{font-size:18px}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media screen and (max-width:940px){table{display:block}tbody{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:.6rem}thead{display:none}tr{display:block;border:1px solid var(--grid);border-radius:8px;padding:.2rem .4rem}th,td{display:flex;justify-content:space-between;gap:1rem;border:0}td::before{content:attr(data-label);color:var(--soft)}}
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--grid:#ccc}body{font-size:11px}h1{font-size:16px}h2{font-size:12px;margin:.6rem 0 .2rem}.legend{font-size:10px}main{max-width:none;padding:0}table{font-size:9px}dl{font-size:10px}th,td{padding:2px 4px}.pictures{grid-template-columns:1fr 1fr}}
`
