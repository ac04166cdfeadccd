//! Whatever a repository holds, detection answers: with plans or with an explanation, never with a panic, and never
//! with a path that leaves the repository.

use aether_detect::{DetectOptions, Detection, MemoryTree, detect, normalize_path};
use proptest::prelude::*;

/// Names that mean something to detection, so that random trees reach its corners.
const NAMES: [&str; 40] = [
    "package.json",
    "pnpm-workspace.yaml",
    "pnpm-lock.yaml",
    "yarn.lock",
    "turbo.json",
    "nx.json",
    "project.json",
    "next.config.js",
    "nuxt.config.ts",
    "astro.config.mjs",
    "svelte.config.js",
    "vite.config.ts",
    "angular.json",
    "app.json",
    "deno.json",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "manage.py",
    "main.py",
    "setup.py",
    "go.mod",
    "go.work",
    "main.go",
    "Cargo.toml",
    "Gemfile",
    "config.ru",
    "_config.yml",
    "composer.json",
    "index.php",
    "pom.xml",
    "mix.exs",
    "Dockerfile",
    "compose.yaml",
    "index.html",
    "Procfile",
    "vercel.json",
    "netlify.toml",
    "aether.toml",
    ".tool-versions",
];

/// Fragments of the formats those files are written in.
const FRAGMENTS: [&str; 36] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "'",
    "\n",
    "  ",
    "\\",
    "\u{feff}",
    "\0",
    "/*",
    "//",
    "`",
    "=",
    "dependencies",
    "scripts",
    "workspaces",
    "apps/*",
    "**",
    "../..",
    "next",
    "vite",
    "output",
    "export",
    "packageManager",
    "engines",
    "node",
    ">=999",
    "app = Flask(",
    "[project]",
    "gem 'rails'",
    "FROM",
    "é",
];

fn contents() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(&FRAGMENTS[..]), 0..40)
            .prop_map(|parts| parts.concat()),
        any::<String>(),
        manifest(),
    ]
}

/// Fields of package.json that are read.
const FIELDS: [&str; 8] = [
    "name",
    "scripts",
    "dependencies",
    "workspaces",
    "engines",
    "main",
    "packageManager",
    "volta",
];

/// A package.json that can be parsed, with fields of every type.
fn manifest() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("7".to_owned()),
        Just("[]".to_owned()),
        Just("\"x && next build\"".to_owned()),
        Just(
            "{\"build\": \"npm run build\", \"start\": \"npm run start\", \"next\": \"*\", \"vite\": 1}"
                .to_owned()
        ),
        Just("[\"apps/*\", \"!x\", \"../up\", \"[\", \"**\"]".to_owned()),
    ];
    proptest::collection::vec((proptest::sample::select(&FIELDS[..]), value), 0..8).prop_map(|fields| {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        format!("{{{}}}", fields.join(", "))
    })
}

fn path() -> impl Strategy<Value = String> {
    let folder =
        proptest::sample::select(&["", "apps/web/", "apps/api/", "src/", "docs/", "node_modules/x/"][..]);
    (folder, proptest::sample::select(&NAMES[..])).prop_map(|(folder, name)| format!("{folder}{name}"))
}

fn check(detection: &Detection) {
    assert!(detection.explanation.is_some() || !detection.candidates.is_empty());
    for plan in &detection.candidates {
        assert!(normalize_path(&plan.root_dir).is_some(), "{plan:?}");
        assert!(!plan.evidence.is_empty(), "{plan:?}");
        assert!(!plan.root_dir.contains("node_modules"), "{plan:?}");
        if let Some(output) = &plan.output_directory {
            assert!(normalize_path(output).is_some(), "{plan:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_gives_a_plan_or_an_explanation(files in proptest::collection::btree_map(path(), contents(), 0..12)) {
        let tree = files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text));
        check(&detect(&tree, &DetectOptions::default()));
    }

    #[test]
    fn any_bytes_under_any_name_give_an_answer(name in path(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&detect(&MemoryTree::new().with(&name, bytes), &DetectOptions::default()));
    }

    #[test]
    fn any_root_directory_gives_an_answer(root in any::<String>()) {
        let tree = MemoryTree::new().with("apps/web/package.json", "{}");
        let options = DetectOptions { root_dir: Some(root), ..DetectOptions::default() };
        let detection = detect(&tree, &options);
        prop_assert!(detection.explanation.is_some() || !detection.candidates.is_empty());
    }
}
