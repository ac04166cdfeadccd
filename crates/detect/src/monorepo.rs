//! Members of a workspace: dependencies are installed at the root, and what the app needs is built before it.

use std::collections::BTreeSet;

use crate::app::App;
use crate::draft::Draft;
use crate::node::{Manager, PackageJson, PackageManager};
use crate::shell::quote;
use crate::workspaces::{Runner, Workspace};

/// Rewrites the plans of a member: install at the root, build through the task runner or in order.
pub(crate) fn adapt(app: &App<'_>, drafts: &mut [Draft]) {
    let Some(workspace) = &app.workspace else { return };
    for draft in drafts.iter_mut().filter(|draft| draft.plan.language == "node") {
        let manager = crate::node::choose_manager(app, &mut draft.clone());
        let up = workspace.up_from(app.folder.dir());
        draft.plan.install_command = Some(format!("cd {up} && {}", manager.install()));
        build(app, workspace, &manager, &up, draft);
        let root = if workspace.root.dir().is_empty() {
            "the repository's root"
        } else {
            workspace.root.dir()
        };
        draft.say_at(
            workspace.root.path("package.json"),
            format!("workspace; dependencies are installed in {root}"),
        );
    }
}

fn build(app: &App<'_>, workspace: &Workspace<'_>, manager: &Manager, up: &str, draft: &mut Draft) {
    let Some(package) = app.package() else { return };
    let Some(command) = draft.plan.build_command.clone() else {
        return;
    };
    let scripted = package.scripts.contains_key("build") && command.ends_with(&manager.run("build"));
    let Some(name) = package.name.as_deref().filter(|_| scripted) else {
        return;
    };
    let prefix = command.strip_suffix(&manager.run("build")).unwrap_or_default();
    let needed = needed(app, workspace);
    let command = match workspace.runner {
        Some(Runner::Turbo) => manager.exec(&format!("turbo run build --filter={}", quote(name))),
        Some(Runner::Nx) if app.folder.has_file("project.json") || !needed.is_empty() => {
            manager.exec(&format!("nx run {}:build", quote(name)))
        }
        Some(Runner::Lerna) if !needed.is_empty() => manager.exec(&format!(
            "lerna run build --scope={} --include-dependencies",
            quote(name)
        )),
        _ if needed.is_empty() => return,
        _ => in_order(manager, &needed, name),
    };
    draft.plan.build_command = Some(format!("cd {up} && {prefix}{command}"));
    if !needed.is_empty() {
        draft.say(
            "package.json",
            format!("needs {} of the same workspace built first", needed.join(", ")),
        );
    }
}

/// Without a task runner: the package manager's filter, or one command after the other.
fn in_order(manager: &Manager, needed: &[String], name: &str) -> String {
    if manager.kind == PackageManager::Pnpm {
        return format!("pnpm --filter {}... run build", quote(name));
    }
    let one = |name: &str| match manager.kind {
        PackageManager::Yarn => format!("yarn workspace {} run build", quote(name)),
        PackageManager::Bun => format!("bun run --filter {} build", quote(name)),
        _ => format!("npm run build --workspace={}", quote(name)),
    };
    let names = needed.iter().map(String::as_str).chain(std::iter::once(name));
    names.map(one).collect::<Vec<_>>().join(" && ")
}

/// Members this app depends on that have to be built, deepest first.
fn needed(app: &App<'_>, workspace: &Workspace<'_>) -> Vec<String> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(package) = app.package() {
        visit(package, workspace.packages(), &mut seen, &mut order);
    }
    order
}

fn visit(
    package: &PackageJson,
    packages: &[PackageJson],
    seen: &mut BTreeSet<String>,
    order: &mut Vec<String>,
) {
    for other in packages {
        let Some(name) = &other.name else { continue };
        if Some(name) == package.name.as_ref() || !package.depends_on(name) || !seen.insert(name.clone()) {
            continue;
        }
        visit(other, packages, seen, order);
        if other.scripts.contains_key("build") {
            order.push(name.clone());
        }
    }
}
