//! How the report looks: light and dark, on paper, on a phone.

/// The style sheet. Colours keep a contrast of at least 4.5 to 1 for text (WCAG AA).
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#fbfaf6;--card:#fff;--ink:#1d2522;--soft:#55605b;--line:#d9ddd6;\
--green:#16724a;--pale:#bfe3cf;--left:#8d968f;--faint:#e7eae3}\
@media(prefers-color-scheme:dark){:root{--paper:#131716;--card:#1b211f;--ink:#e9eee9;--soft:#a7b2ab;\
--line:#343d39;--green:#5fce98;--pale:#235640;--left:#7b8680;--faint:#262e2a}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,\
'Noto Sans',sans-serif;overflow-wrap:anywhere}\
main{max-width:66rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}\
h1{font-size:2.1rem;line-height:1.2;margin:0 0 .3rem;text-wrap:balance}\
h2{font-size:1.35rem;line-height:1.3;margin:3rem 0 .6rem}\
p{max-width:44rem;margin:.6rem 0}.soft,figcaption,caption,dt{color:var(--soft)}.lead{font-size:1.15rem}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1px;margin:1.8rem 0 0;\
background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden}\
.tiles div{background:var(--card);padding:1.1rem 1.2rem}.tiles dt{font-size:.92rem}\
.tiles dd{margin:.1rem 0 0;font-size:1.6rem;font-weight:650;line-height:1.35;font-variant-numeric:tabular-nums}\
.tiles dd.long{font-size:1.3rem;line-height:1.7}.tiles dd.longer{font-size:1rem;line-height:2.2}\
.tiles .main dd{color:var(--green)}.tiles small{display:block;line-height:1.35;font-size:.92rem;font-weight:400;color:var(--soft)}\
figure{margin:1rem 0 0}figcaption{font-size:.95rem;max-width:44rem;margin-top:.6rem}\
svg{display:block;width:100%;height:auto}.bar{height:1.25rem}.bar.big{height:2.1rem}\
.fill{fill:var(--green)}.pale{fill:var(--pale)}.rest{fill:var(--left)}.track{fill:var(--faint)}\
.bars{display:grid;gap:.35rem 1rem;grid-template-columns:fit-content(20rem) minmax(6rem,1fr) max-content;\
grid-auto-flow:row dense;align-items:center;margin:0;padding:0}\
.bars dt{grid-column:1}.bars .draw{grid-column:2}.bars .num{grid-column:3}\
.bars>div{display:contents}.bars dt{color:var(--ink)}.bars dd{margin:0;font-variant-numeric:tabular-nums}\
.bars .num{text-align:right}\
.rings{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.5rem}\
.rings h3{text-align:center;font-size:1.05rem;margin:0}\
.ring text{font-size:20px;fill:var(--ink)}.ring .few{display:none}.ring circle{fill:var(--ink)}\
.ring path{fill:none;stroke-linecap:round}.ring .gone{stroke:var(--green);stroke-opacity:.65}\
.ring .stay{stroke:var(--left);stroke-opacity:.5}\
.circles{list-style:none;margin:.8rem 0 0;padding:0;max-width:none;display:grid;gap:.7rem;\
grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}\
.circles li{margin:0;display:grid;grid-template-columns:3.4rem 1fr;gap:1rem;align-items:center;background:var(--card);\
border:1px solid var(--line);border-radius:12px;padding:.8rem 1rem}\
.circles circle{fill:var(--green)}.circles path{fill:none;stroke:var(--green);stroke-width:2}\
.wide{overflow-x:auto;margin-top:.8rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}\
.wide:focus-visible{outline:3px solid var(--green)}\
table{border-collapse:collapse;width:100%;font-size:.95rem;font-variant-numeric:tabular-nums}\
caption{text-align:left;padding:.8rem .9rem;font-size:.95rem}\
th,td{padding:.4rem .75rem;text-align:right;border-top:1px solid var(--line);white-space:nowrap}\
thead th{font-weight:600;white-space:normal;overflow-wrap:normal;color:var(--soft);vertical-align:bottom}\
tbody th{font-weight:500;text-align:left;white-space:normal;min-width:11rem}th.name{text-align:left}thead th:first-child{white-space:nowrap}\
td.good{color:var(--green);font-weight:600}\
code{font:.92em ui-monospace,'DejaVu Sans Mono',monospace;background:var(--faint);padding:.1em .35em;border-radius:4px}\
ol,ul{max-width:44rem;padding-left:1.3rem}li{margin:.3rem 0}\
.files{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.2rem;margin:.8rem 0}.files dd{margin:0}\
@media(max-width:38rem){body{font-size:16px}main{padding-top:1.5rem}h1{font-size:1.7rem}\
.tiles{grid-template-columns:1fr 1fr}.tiles div{padding:.8rem}.tiles dd{font-size:1.25rem}\
.tiles dd.long{font-size:1.02rem}.tiles dd.longer{font-size:.8rem}\
.bars{grid-template-columns:1fr max-content;gap:.1rem 1rem}.bars .num{grid-column:2}\
.bars .draw{grid-column:1/-1;margin-bottom:.5rem}\
.ring .names{display:none}.ring .few{display:block;font-size:21px}\
.rings>div{overflow:hidden}.ring{width:156%;margin:-28%}\
.rings h3{position:relative}\
th,td{padding:.35rem .55rem}.files{grid-template-columns:1fr;gap:.1rem}.files dd{margin-bottom:.5rem}\
.circles li{grid-template-columns:1fr}.circles svg{width:3.4rem}}\
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--green:#16724a;--pale:#bfe3cf;\
--left:#8d968f;--faint:#e7eae3}body{font-size:10.5pt}main{max-width:none;padding:0}h2{break-after:avoid}\
figure,.tiles,.circles li,tr{break-inside:avoid}.wide{overflow:visible;border:0}.tiles{grid-template-columns:repeat(4,1fr)}\
@page{margin:16mm}}";
