//! Inputs 55 and 56 of the threat list that need more than a fixture, and the order of precedence.

use aether_detect::{DetectOptions, DiskTree, MemoryTree, detect};
use aether_models::{BuildOverrides, Confidence, PlanKind};

fn options() -> DetectOptions {
    DetectOptions::default()
}

#[test]
fn input_55_a_manifest_of_50_mb_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("{\"name\": \"");
    text.push_str(&"x".repeat(50 * 1024 * 1024));
    text.push_str("\"}");
    std::fs::write(folder.path().join("package.json"), text).unwrap();
    let detection = detect(&DiskTree::open(folder.path()).unwrap(), &options());
    assert!(detection.candidates.is_empty());
    let problem = &detection.chosen().unwrap_err().problems[0];
    assert_eq!(
        (problem.file.as_str(), problem.says.as_str()),
        ("package.json", "is larger than 1 MiB and was not read")
    );
}

#[test]
fn input_55_deep_nesting_is_refused_with_its_reason() {
    for text in ["[".repeat(1_000_000), "{\"a\":".repeat(100_000)] {
        let detection = detect(&MemoryTree::new().with("package.json", text), &options());
        assert!(
            detection.chosen().unwrap_err().problems[0]
                .says
                .contains("recursion limit"),
            "{detection:?}"
        );
    }
    let yaml = "services: &a [*a, *a]\n".to_owned() + &"- [".repeat(10_000);
    assert!(
        detect(&MemoryTree::new().with("compose.yaml", yaml), &options())
            .chosen()
            .is_err()
    );
    let toml = format!("x = {}", "[".repeat(100_000));
    assert!(
        detect(&MemoryTree::new().with("pyproject.toml", toml), &options())
            .chosen()
            .is_err()
    );
}

#[test]
fn input_55_no_version_reaches_the_plan_that_the_table_does_not_hold() {
    for wish in [
        ">=999",
        "; rm -rf /",
        "$(id)",
        "file:/x",
        "latest || 999",
        "../../etc",
    ] {
        let package = serde_json::json!({"scripts": {"start": "node a.js"}, "engines": {"node": wish}});
        let detection = detect(
            &MemoryTree::new().with("package.json", package.to_string()),
            &options(),
        );
        let plan = &detection.candidates[0];
        let version = plan.runtime_version.get("node").map(String::as_str);
        assert!(version.is_none() || version == Some("26"), "{wish}: {version:?}");
        assert_eq!(version.is_none(), plan.confidence == Confidence::Low, "{wish}");
    }
}

#[test]
fn a_version_in_the_settings_settles_what_the_repository_cannot() {
    let tree = MemoryTree::new().with(
        "package.json",
        r#"{"scripts": {"start": "node a.js"}, "engines": {"node": ">=999"}}"#,
    );
    let mut overrides = BuildOverrides::default();
    overrides
        .runtime_version
        .insert("node".to_owned(), "22".to_owned());
    let detection = detect(
        &tree,
        &DetectOptions {
            overrides,
            ..options()
        },
    );
    assert_eq!(detection.chosen().unwrap().runtime_version["node"], "22");
}

#[test]
fn own_file_wins_over_settings_over_hints_over_detection() {
    let tree = MemoryTree::new()
        .with(
            "package.json",
            r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#,
        )
        .with(
            "vercel.json",
            r#"{"buildCommand": "hint", "outputDirectory": "hint", "installCommand": "npm install --omit=dev"}"#,
        )
        .with("aether.toml", "[build]\nbuild_command = 'own'\n");
    let overrides = BuildOverrides {
        build_command: Some("settings".to_owned()),
        output_directory: Some("settings".to_owned()),
        ..BuildOverrides::default()
    };
    let detection = detect(
        &tree,
        &DetectOptions {
            overrides,
            ..options()
        },
    );
    let plan = detection.chosen().unwrap();
    assert_eq!(plan.build_command.as_deref(), Some("own"));
    assert_eq!(plan.output_directory.as_deref(), Some("settings"));
    assert_eq!(plan.install_command.as_deref(), Some("npm install --omit=dev"));
    let files: Vec<&str> = plan
        .evidence
        .iter()
        .map(|evidence| evidence.file.as_str())
        .collect();
    assert_eq!(files[..2], ["aether.toml", "project settings"]);
}

#[test]
fn a_start_command_in_the_settings_makes_a_guess_a_plan() {
    let tree = MemoryTree::new().with("package.json", "{}");
    assert!(detect(&tree, &options()).chosen().is_err());
    let overrides = BuildOverrides {
        start_command: Some("node x.js".to_owned()),
        ..BuildOverrides::default()
    };
    let detection = detect(
        &tree,
        &DetectOptions {
            overrides,
            ..options()
        },
    );
    assert_eq!(
        detection.chosen().unwrap().start_command.as_deref(),
        Some("node x.js")
    );
}

#[test]
fn a_member_of_a_workspace_is_planned_alone_with_the_roots_package_manager() {
    let tree = MemoryTree::new()
        .with(
            "package.json",
            r#"{"workspaces": ["apps/*"], "packageManager": "pnpm@9.1.0"}"#,
        )
        .with("pnpm-lock.yaml", "lockfileVersion: '9.0'")
        .with(
            "apps/a/package.json",
            r#"{"name": "a", "dependencies": {"next": "15"}, "scripts": {"build": "next build"}}"#,
        )
        .with(
            "apps/b/package.json",
            r#"{"name": "b", "dependencies": {"astro": "5"}, "scripts": {"build": "astro build"}}"#,
        );
    let all = detect(&tree, &options());
    assert_eq!(all.chosen().unwrap_err().suggested_roots, ["apps/a", "apps/b"]);
    let one = detect(
        &tree,
        &DetectOptions {
            root_dir: Some("./apps/b/".to_owned()),
            ..options()
        },
    );
    let plan = one.chosen().unwrap();
    assert_eq!((plan.root_dir.as_str(), plan.kind), ("apps/b", PlanKind::Static));
    assert_eq!(
        plan.install_command.as_deref(),
        Some("cd ../.. && pnpm install --frozen-lockfile")
    );
    assert_eq!(plan.runtime_version["pnpm"], "9.1.0");
}

#[test]
fn a_framework_in_the_settings_chooses_its_candidate() {
    let tree = MemoryTree::new()
        .with("composer.json", r#"{"require": {"laravel/framework": "12"}}"#)
        .with("public/index.php", "<?php")
        .with(
            "package.json",
            r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#,
        );
    assert_eq!(
        detect(&tree, &options()).chosen().unwrap().framework.as_deref(),
        Some("laravel")
    );
    let overrides = BuildOverrides {
        framework: Some("vite".to_owned()),
        ..BuildOverrides::default()
    };
    let detection = detect(
        &tree,
        &DetectOptions {
            overrides,
            ..options()
        },
    );
    assert_eq!(detection.chosen().unwrap().framework.as_deref(), Some("vite"));
}

#[test]
fn input_24_names_from_the_repository_stay_one_word_in_every_command() {
    let python = MemoryTree::new()
        .with("requirements.txt", "fastapi\nuvicorn\n")
        .with(
            "a;id/main.py",
            "from fastapi import FastAPI\nfrom . import x\napp = FastAPI()\n",
        );
    let start = detect(&python, &options()).candidates[0]
        .start_command
        .clone()
        .unwrap();
    assert!(start.contains("'a;id.main:app'"), "{start}");
    let router = MemoryTree::new()
        .with(
            "package.json",
            r#"{"devDependencies": {"@react-router/dev": "7", "@react-router/serve": "7"}}"#,
        )
        .with(
            "react-router.config.ts",
            "export default { buildDirectory: 'x$(id)' }",
        );
    let start = detect(&router, &options()).candidates[0]
        .start_command
        .clone()
        .unwrap();
    assert!(start.contains("'./x$(id)/server/index.js'"), "{start}");
    let django = MemoryTree::new()
        .with("requirements.txt", "django\ngunicorn\n")
        .with(
            "manage.py",
            "setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
        )
        .with("shop/settings.py", "WSGI_APPLICATION = 'a;id.wsgi.application'")
        .with("shop/wsgi.py", "");
    let start = detect(&django, &options()).candidates[0]
        .start_command
        .clone()
        .unwrap();
    assert!(!start.contains(";id"), "{start}");
}
