// The page's style sheet: one column, system fonts, light and dark by the reader's preference, plain on
// paper. Nothing is loaded from anywhere. Wide tables scroll in their own box, never the page.

import { darkChartRules } from './chart-theme.ts';

const LIGHT = `--paper:#fff;--panel:#f6f8fa;--ink:#1f2933;--muted:#5b6673;--line:#d9dfe6;
--good:#1b6e3c;--good-bg:#e2f4e8;--warn:#8a5200;--warn-bg:#fdf0d8;--bad:#a32020;--bad-bg:#fbe5e5;
--link:#1f5fbf`;
const DARK = `--paper:#171c22;--panel:#1f262e;--ink:#e6eaef;--muted:#a3aebb;--line:#36404b;
--good:#7fd8a2;--good-bg:#193626;--warn:#f2c069;--warn-bg:#3a2d12;--bad:#f59a9a;--bad-bg:#421d1d;
--link:#7fb0ff`;

export const PAGE_STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}${darkChartRules()}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px}
h2{font-size:21px;line-height:1.3;margin:48px 0 12px;padding-top:20px;border-top:1px solid var(--line)}
h3{font-size:16px;margin:26px 0 8px}
p{margin:0 0 10px;max-width:76ch}
.sub{color:var(--muted);font-size:14px;max-width:none;margin-bottom:24px}
.banner{border:2px solid var(--warn);background:var(--warn-bg);color:var(--warn);font-weight:600;
padding:12px 16px;border-radius:6px;margin:0 0 20px;max-width:none}
.cards+p{margin-top:18px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:18px}
.card{border:1px solid var(--line);border-radius:10px;padding:18px 20px;background:var(--panel)}
.card h2{all:unset;display:block;font-size:18px;font-weight:650;line-height:1.3;margin:10px 0 8px}
.card h2 a{color:inherit;text-decoration:none}
.card h2 a:hover{text-decoration:underline}
.id{color:var(--muted);font:13px ui-monospace,SFMono-Regular,Menlo,monospace;margin-left:10px}
h2 .badge{margin-left:8px;vertical-align:2px}
.badge{display:inline-block;border-radius:5px;padding:2px 10px;font-size:14px;font-weight:700;
border:1px solid currentColor}
.good{color:var(--good);background:var(--good-bg)}
.warn{color:var(--warn);background:var(--warn-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}
.pair{display:grid;grid-template-columns:1fr 1.35fr;gap:16px;margin:14px 0 0}
.pair dt{color:var(--muted);font-size:13px}
.pair dd{margin:0;font-size:13px;color:var(--muted)}
.pair dd strong{display:block;font-size:21px;line-height:1.35;color:var(--ink);
font-variant-numeric:tabular-nums}
.interval{font-size:16px;font-weight:500;white-space:nowrap}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:6px 20px;font-size:14px;margin:0 0 18px}
.facts dt{color:var(--muted)}
.facts dd{margin:0;overflow-wrap:anywhere}
figure{margin:16px 0;overflow-x:auto}
figure svg{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:8px}
figcaption{color:var(--muted);font-size:13px;margin-top:6px;max-width:90ch}
.scroll{overflow-x:auto;margin:0 0 18px}
table{border-collapse:collapse;font-size:13px;line-height:1.4;min-width:100%}
caption{text-align:left;font-weight:600;font-size:14px;padding:0 0 6px}
th,td{padding:4px 9px;border-bottom:1px solid var(--line);text-align:left;vertical-align:bottom}
th{font-weight:600;color:var(--muted);border-bottom-width:2px}
td{vertical-align:top}
tbody th{color:var(--ink);border-bottom-width:1px;vertical-align:top;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
.num{text-align:right;font-variant-numeric:tabular-nums}
td.num{white-space:nowrap}
ul{margin:0 0 12px;padding-left:22px;max-width:90ch}
li{margin:3px 0}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:10px 14px;
font:14px/1.45 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.remedy{color:var(--muted)}
summary{cursor:pointer;font-weight:600;color:var(--link)}
footer{margin-top:48px;color:var(--muted);font-size:13px}
@media (max-width:640px){main{padding:20px 14px}.facts{grid-template-columns:1fr;gap:0}
.facts dd{margin-bottom:8px}.pair{grid-template-columns:1fr}}
@media print{main{max-width:none;padding:0}.card,figure{break-inside:avoid}tr{break-inside:avoid}
h2,h3,caption{break-after:avoid}.scroll,figure{overflow:visible}table{font-size:9px}th,td{padding:2px 4px}}
`;
