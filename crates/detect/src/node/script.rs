//! What scripts do, told from their words.

use indexmap::IndexMap;

/// Scripts call scripts; three steps cover what people write.
const MAX_EXPANSIONS: usize = 3;

/// What running a `start` script gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartKind {
    /// A program of the repository: the positive proof of a server.
    Program,
    /// A framework's production server (`next start`).
    Framework,
    /// A development server.
    Development,
    /// A server for the finished files (`serve dist`).
    Files,
    /// Another platform's local stand-in (`wrangler dev`): what it runs is no server of its own.
    Platform,
    /// Nothing that is known.
    Unknown,
}

/// The script's text with the scripts it calls put in their place.
pub(crate) fn expand(scripts: &IndexMap<String, String>, name: &str) -> String {
    let mut text = scripts.get(name).cloned().unwrap_or_default();
    for _ in 0..MAX_EXPANSIONS {
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut expanded: Vec<String> = Vec::with_capacity(words.len());
        let mut at = 0;
        let mut changed = false;
        while let Some(word) = words.get(at) {
            match called(&words, at).and_then(|(script, used)| Some((scripts.get(script)?, used))) {
                Some((script, used)) => {
                    expanded.push(script.clone());
                    changed = true;
                    at += used;
                }
                None => {
                    expanded.push((*word).to_owned());
                    at += 1;
                }
            }
        }
        text = expanded.join(" ");
        if !changed || text.len() > 4096 {
            break;
        }
    }
    text
}

/// The script called at `at` (`npm run build`, `yarn build`), and how many words that takes.
fn called<'w>(words: &[&'w str], at: usize) -> Option<(&'w str, usize)> {
    let manager = words.get(at)?;
    let next = words.get(at + 1)?;
    match (*manager, *next) {
        ("npm" | "pnpm" | "yarn" | "bun", "run") => Some((words.get(at + 2)?, 3)),
        ("pnpm" | "yarn", name) => Some((name, 2)),
        ("npm", "start") => Some(("start", 2)),
        ("npm-run-all" | "run-s" | "run-p", name) => Some((name, 2)),
        _ => None,
    }
}

/// The value of the first of `flags` (`--outDir dist`, `--outDir=dist`) in a command line.
pub(crate) fn flag<'s>(script: &'s str, flags: &[&str]) -> Option<&'s str> {
    let mut words = script.split_whitespace();
    while let Some(word) = words.next() {
        for flag in flags {
            if word == *flag {
                return words.next().map(unquoted);
            }
            if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
                return Some(unquoted(value));
            }
        }
    }
    None
}

/// Whether `script` runs `words` one after the other (`next export`).
pub(crate) fn runs(script: &str, words: &str) -> bool {
    let script: Vec<&str> = script.split_whitespace().collect();
    let wanted: Vec<&str> = words.split_whitespace().collect();
    script.windows(wanted.len()).any(|window| window == wanted)
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\'', ';'])
}

/// What a start script gives, by the program its last command runs.
pub(crate) fn start_kind(script: &str) -> StartKind {
    let last = script
        .rsplit(['&', ';', '|'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or(script);
    let mut words = last.split_whitespace().filter(|word| !is_prefix(word)).peekable();
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(program);
    let rest: Vec<&str> = words.collect();
    let first = rest.first().copied().unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    match program {
        "vite" | "rsbuild" if has("preview") => StartKind::Files,
        "astro" if has("preview") => StartKind::Files,
        "serve" | "http-server" | "sirv" | "live-server" | "lite-server" | "browser-sync"
        | "static-server" => StartKind::Files,
        "next" | "nuxt" | "strapi" | "blitz" | "medusa" | "keystone" | "payload" | "waku" | "vinxi"
        | "nuxi" => {
            if has("start") {
                StartKind::Framework
            } else {
                StartKind::Development
            }
        }
        "react-router-serve" | "remix-serve" | "remix-express" | "nest" | "srvx" => StartKind::Framework,
        "vite" | "react-scripts" | "craco" | "react-app-rewired" | "vue-cli-service" | "ng" | "parcel"
        | "webpack" | "webpack-dev-server" | "gatsby" | "astro" | "eleventy" | "vitepress" | "vuepress"
        | "docusaurus" | "hexo" | "ember" | "gulp" | "grunt" | "rollup" | "umi" | "max" | "rsbuild"
        | "expo" | "snowpack" | "wmr" | "preact" | "storybook" | "quasar" | "ionic" | "turbo" | "nx"
        | "stencil" | "sanity" | "svelte-kit" | "remix" | "tsc" => StartKind::Development,
        "node" | "tsx" | "ts-node" | "nodemon" | "ts-node-dev" | "pm2" | "pm2-runtime" | "forever"
        | "esno" | "jiti" | "swc-node" | "babel-node" | "micro" | "fastify" | "sails"
        | "moleculer-runner" | "deno" => StartKind::Program,
        "wrangler" | "func" | "vercel" | "netlify" | "firebase" | "sls" | "serverless" | "partykit"
        | "sam" | "amplify" => StartKind::Platform,
        "bun" if first != "run" || rest.len() > 1 => StartKind::Program,
        _ => StartKind::Unknown,
    }
}

/// Words before the program: settings of the environment and wrappers that only set it.
fn is_prefix(word: &&str) -> bool {
    let assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    });
    assignment
        || matches!(
            *word,
            "cross-env"
                | "env"
                | "npx"
                | "exec"
                | "bunx"
                | "dotenv"
                | "--"
                | "dotenvx"
                | "cross-env-shell"
                | "-y"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_scripts_are_told_apart_by_what_they_run() {
        for (script, kind) in [
            ("cross-env NODE_ENV=production node server", StartKind::Program),
            ("npx tsx src/index.ts", StartKind::Program),
            ("npm run migrate && node ./dist/index.js", StartKind::Program),
            ("next start -p $PORT", StartKind::Framework),
            ("next dev", StartKind::Development),
            ("react-scripts start", StartKind::Development),
            ("vite preview --host", StartKind::Files),
            ("serve -s build", StartKind::Files),
            ("wrangler dev src/index.ts", StartKind::Platform),
            ("./run.sh", StartKind::Unknown),
        ] {
            assert_eq!(start_kind(script), kind, "{script}");
        }
    }

    #[test]
    fn scripts_that_call_scripts_are_followed() {
        let scripts = [
            ("build", "npm run gen && yarn pack"),
            ("gen", "next build"),
            ("pack", "next export -o site"),
            ("loop", "npm run loop"),
        ];
        let scripts = scripts
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        assert_eq!(expand(&scripts, "build"), "next build && next export -o site");
        assert_eq!(expand(&scripts, "loop"), "npm run loop");
        assert_eq!(flag(&expand(&scripts, "build"), &["-o"]), Some("site"));
    }
}
