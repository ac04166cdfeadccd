//! Repositories to deploy.

use aether_testkit::{GitRepo, GitServer};

/// A static page that says `text`.
pub fn static_site(server: &GitServer, name: &str, text: &str) -> GitRepo {
    let repo = server.create_repo(name).unwrap();
    change_page(&repo, text);
    repo
}

pub fn change_page(repo: &GitRepo, text: &str) {
    repo.commit_files(&[("index.html", &page(text)), ("style.css", "body { color: teal }")])
        .unwrap();
}

/// A Node app without dependencies that says `text`, counts its visitors in its log, and stops in order.
pub fn node_app(server: &GitServer, name: &str, text: &str) -> GitRepo {
    let repo = server.create_repo(name).unwrap();
    change_app(&repo, text);
    repo
}

pub fn change_app(repo: &GitRepo, text: &str) {
    let program = format!(
        r#"const server = require("node:http").createServer((request, response) => {{
    console.log("visit", request.url);
    response.end({text:?});
}});
server.listen(process.env.PORT, process.env.HOST);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
"#
    );
    let package = r#"{"name":"app","private":true,"scripts":{"start":"node server.js"}}"#;
    repo.commit_files(&[("server.js", &program), ("package.json", package)])
        .unwrap();
}

fn page(text: &str) -> String {
    format!("<!doctype html><title>test</title><p>{text}</p>")
}
