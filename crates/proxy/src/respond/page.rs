//! The page people see when the proxy answers itself: one file, no script, nothing loaded from elsewhere.

use super::Wording;

/// The page of a refusal.
pub(super) fn render(wording: &Wording) -> String {
    let refresh = wording.retry_after.map_or(String::new(), |seconds| {
        format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n")
    });
    let progress = if wording.retry_after.is_some() {
        "<div class=\"bar\"><i></i></div>\n"
    } else {
        ""
    };
    let Wording {
        status,
        title,
        detail,
        ..
    } = wording;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n{refresh}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<p class=\"status\">{status}</p>\n<h1>{title}</h1>\n<p>{detail}</p>\n{progress}\
         <footer>Served by Aether</footer>\n</main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#14161a;--soft:#5d6472;--line:#e3e6ec;--paper:#fbfbfd;--accent:#4f5bd5}\
@media(prefers-color-scheme:dark){:root{--ink:#eef0f4;--soft:#9aa2b1;--line:#2a2e37;--paper:#101216;--accent:#8b95ff}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);\
color:var(--ink);font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
main{max-width:34rem;padding:2rem}\
.status{display:inline-block;margin:0 0 1rem;padding:.1rem .6rem;border:1px solid var(--line);border-radius:1rem;\
color:var(--soft);font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,monospace}\
h1{margin:0 0 .5rem;font-size:1.75rem;line-height:1.25;letter-spacing:-.02em}p{margin:0;color:var(--soft)}\
.bar{height:3px;margin:1.5rem 0 0;overflow:hidden;border-radius:2px;background:var(--line)}\
.bar i{display:block;width:40%;height:100%;background:var(--accent);animation:move 1.6s ease-in-out infinite}\
@keyframes move{0%{transform:translateX(-100%)}100%{transform:translateX(250%)}}\
@media(prefers-reduced-motion:reduce){.bar i{animation:none;width:100%}}\
footer{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8rem}";
