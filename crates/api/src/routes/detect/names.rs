//! What the project of a candidate would be called.

use aether_models::{BuildPlan, RepoUrl};

/// The folder of a whole repository.
const WHOLE: &str = ".";

/// Names the candidates for people: the app of a whole repository like the repository, whatever its manifest calls it
/// (very often "app"), and one in a folder by its own name or the folder's.
pub(super) fn for_projects(mut candidates: Vec<BuildPlan>, repo_url: &RepoUrl) -> Vec<BuildPlan> {
    let mut names: Vec<_> = candidates
        .iter()
        .filter(|plan| plan.root_dir == WHOLE)
        .filter_map(|plan| plan.name.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    // Several apps that are built from the root (of an Nx workspace) are told apart by their names.
    let whole_is_one = names.len() <= 1;
    for plan in &mut candidates {
        let own = plan
            .name
            .as_deref()
            .map(without_scope)
            .filter(|name| !name.is_empty());
        let name = if plan.root_dir == WHOLE {
            own.filter(|_| !whole_is_one)
                .unwrap_or_else(|| repo_url.repository_name())
        } else {
            own.unwrap_or_else(|| plan.root_dir.rsplit('/').next().unwrap_or_default())
        };
        plan.name = Some(name.to_owned()).filter(|name| !name.is_empty());
    }
    candidates
}

/// `@acme/web` is called `web`.
fn without_scope(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plans: &[(&str, Option<&str>)]) -> Vec<Option<String>> {
        let candidates = plans.iter().map(|(root_dir, name)| BuildPlan {
            name: name.map(str::to_owned),
            ..BuildPlan::static_files(*root_dir)
        });
        let repo_url: RepoUrl = "https://git.example.com/mona/portfolio.git".parse().unwrap();
        for_projects(candidates.collect(), &repo_url)
            .into_iter()
            .map(|plan| plan.name)
            .collect()
    }

    #[test]
    fn the_app_of_a_whole_repository_is_called_like_it() {
        assert_eq!(names(&[(".", Some("app"))]), [Some("portfolio".to_owned())]);
        assert_eq!(names(&[(".", None)]), [Some("portfolio".to_owned())]);
    }

    #[test]
    fn apps_in_folders_keep_their_names() {
        let plans = [
            ("apps/web", Some("@acme/web")),
            ("apps/docs", None),
            (".", Some("root")),
        ];
        let wanted = ["web", "docs", "portfolio"].map(|name| Some(name.to_owned()));
        assert_eq!(names(&plans), wanted);
    }

    #[test]
    fn several_apps_built_from_the_root_are_told_apart() {
        let wanted = ["shop", "admin"].map(|name| Some(name.to_owned()));
        assert_eq!(names(&[(".", Some("shop")), (".", Some("admin"))]), wanted);
    }
}
