//! Why a command failed, for people: its exit code, what its last lines say, and what to do next.

use std::path::Path;

use aether_detect::{DiskTree, Tree};
use aether_models::{BuildPlan, ProjectSettings, Step, UserError};

use super::missing_import::MissingImport;
use crate::runtime::{ExitReport, WORKSPACE};

/// Lines quoted of an app that does not start; the log has them all.
const QUOTED: usize = 10;
/// Lines quoted of a command that failed: those from the cause on.
const QUOTED_OF_CAUSE: usize = 4;
/// What a package manager says about a script that failed, which is never the cause.
const ABOUT_SCRIPTS: &[&str] = &[
    "npm error",
    "npm ERR!",
    "npm warn",
    "npm WARN",
    "npm notice",
    "error: script",
];
/// In a line that tells what is wrong.
const COMPLAINTS: &[&str] = &[
    "error",
    "Error",
    "ERROR",
    "fatal",
    "panic",
    "Could not",
    "Cannot",
    "failed",
    "Failed",
];

/// A sign in the output and the advice that goes with it.
struct Sign {
    any_of: &'static [&'static str],
    hint: &'static str,
}

/// Looked for in the last lines, the first that matches wins.
const SIGNS: &[Sign] = &[
    Sign {
        any_of: &[
            "JavaScript heap out of memory",
            "Reached heap limit",
            "MemoryError",
            "Cannot allocate memory",
        ],
        hint: "The build ran out of memory. Raise the memory limit in Settings > Build.",
    },
    Sign {
        any_of: &[
            "Missing script:",
            "Missing script \"",
            "ERR_PNPM_NO_SCRIPT",
            "Couldn't find a script named",
        ],
        hint: "package.json has no script of that name. Add it, or change the command in Settings > Build.",
    },
    Sign {
        any_of: &[
            "can only install packages when your package.json and package-lock.json",
            "ERR_PNPM_OUTDATED_LOCKFILE",
            "The lockfile would have been modified",
            "Your lockfile needs to be updated",
        ],
        hint: "The lockfile does not fit package.json. Run the install command on your machine and commit the lockfile.",
    },
    Sign {
        any_of: &["ERESOLVE"],
        hint: "Two packages want different versions of a third. Fix the versions in package.json, or set the install command to `npm ci --legacy-peer-deps`.",
    },
    Sign {
        any_of: &["error TS", "Type error:"],
        hint: "TypeScript found errors in the code. Fix them; the same command fails on your machine too.",
    },
    Sign {
        any_of: &[
            "Cannot find module",
            "Module not found",
            "ERR_MODULE_NOT_FOUND",
            "ModuleNotFoundError",
            "Could not resolve",
        ],
        hint: "A module is missing. Check that it is a dependency and that the letter case of its path is right: this machine tells cases apart.",
    },
    Sign {
        any_of: &[
            "EAI_AGAIN",
            "ENOTFOUND",
            "ECONNREFUSED",
            "ETIMEDOUT",
            "Temporary failure in name resolution",
            "Network is unreachable",
        ],
        hint: "A server could not be reached. If it is a package registry, deploy again; if it is a service of yours, builds cannot reach private addresses.",
    },
    Sign {
        any_of: &[
            "401 Unauthorized",
            "E401",
            "403 Forbidden",
            "E403",
            "npm error code E404",
            "npm ERR! code E404",
        ],
        hint: "A package could not be downloaded. If it is a private one, add the registry's token as a variable and use it in .npmrc or pip's settings.",
    },
    Sign {
        any_of: &[
            "Unsupported engine",
            "EBADENGINE",
            "requires Node",
            "Node.js version",
        ],
        hint: "The code wants another version of Node.js. Set it in Settings > Build, or change \"engines\" in package.json.",
    },
    Sign {
        any_of: &["No space left on device", "ENOSPC"],
        hint: "The build used up its disk space. Raise the disk limit in Settings > Build.",
    },
    Sign {
        any_of: &[
            "No matching distribution found",
            "Could not find a version that satisfies",
        ],
        hint: "A Python package has no release that fits. Check its name and version, and the Python version in Settings > Build.",
    },
];

/// The error of a command that ran and failed.
pub(super) fn explain_exit(
    step: Step,
    script: &str,
    report: &ExitReport,
    last_lines: &[String],
    workspace: &Path,
    (plan, settings): (&BuildPlan, &ProjectSettings),
) -> UserError {
    let (code, title) = match step {
        Step::Install => ("install_command_failed", "Installing the dependencies failed"),
        _ => ("build_command_failed", "The build failed"),
    };
    let lines = readable(last_lines);
    let quoted = cause(&lines).join("\n");
    let how = match report {
        ExitReport::Exited(exit) => format!("`{script}` ended with exit code {exit}."),
        ExitReport::Signalled(signal) => format!("`{script}` was ended by signal {signal}."),
        other => format!("`{script}`: {other:?}."),
    };
    let detail = if quoted.is_empty() {
        how
    } else {
        format!("{how} It says:\n{quoted}")
    };
    let tree = DiskTree::open(workspace).ok();
    let tree = tree.as_ref().map(|tree| tree as &dyn Tree);
    let missing = MissingImport::find(&lines)
        .filter(|missing| !tree.is_some_and(|tree| missing.is_there(tree, &plan.root_dir)));
    if let Some(missing) = missing {
        let hint = missing.hint(tree, &plan.root_dir);
        return UserError::new(code, missing.title(), detail).hint(hint);
    }
    let hint = by_signs(&lines)
        .or_else(|| by_exit(report, plan, settings))
        .unwrap_or_else(|| {
            "Read the log above the last lines; the first error there is usually the cause.".to_owned()
        });
    UserError::new(code, title, detail).hint(hint)
}

/// The lines without colours, stack traces and the sandbox's own folder.
fn readable(lines: &[String]) -> Vec<String> {
    let folder = format!("{WORKSPACE}/");
    let in_stack = |line: &str| line.trim_start().starts_with("at ") && line.starts_with(' ');
    lines
        .iter()
        .map(|line| {
            without_colours(line)
                .trim_end()
                .replace(&format!("file://{folder}"), "")
                .replace(&folder, "")
        })
        .filter(|line| !in_stack(line))
        .collect()
}

/// The few lines that tell why: from the first that complains on, or the last ones when none does.
fn cause(lines: &[String]) -> Vec<String> {
    let kept: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !matches!(line.trim(), "" | "npm error" | "npm ERR!"))
        .collect();
    let has_sign = |line: &&str| {
        SIGNS
            .iter()
            .flat_map(|sign| sign.any_of)
            .any(|word| line.contains(word))
    };
    let complains = |line: &&str| {
        COMPLAINTS.iter().any(|word| line.contains(word))
            && !ABOUT_SCRIPTS.iter().any(|start| line.starts_with(start))
    };
    let first = kept
        .iter()
        .position(has_sign)
        .or_else(|| kept.iter().position(complains))
        .unwrap_or_else(|| kept.len().saturating_sub(QUOTED_OF_CAUSE));
    kept.iter()
        .skip(first)
        .take(QUOTED_OF_CAUSE)
        .map(|line| line.chars().take(300).collect())
        .collect()
}

fn by_signs(lines: &[String]) -> Option<String> {
    let seen = |word: &&str| lines.iter().any(|line| line.contains(*word));
    SIGNS
        .iter()
        .find(|sign| sign.any_of.iter().any(seen))
        .map(|sign| sign.hint.to_owned())
}

fn by_exit(report: &ExitReport, plan: &BuildPlan, settings: &ProjectSettings) -> Option<String> {
    let memory = settings.build_limits.memory_mb;
    match report {
        ExitReport::Exited(126) => {
            Some("The command is not executable. Commit it with its executable bit: `git update-index --chmod=+x <file>`.".to_owned())
        }
        ExitReport::Exited(127) => {
            let manager = plan.package_manager.as_deref().unwrap_or("the package manager");
            Some(format!(
                "A program was not found. If it comes from a package, add that to the dependencies so that {manager} installs it; \
                 if it belongs to the system, this machine does not have it."
            ))
        }
        ExitReport::Exited(137) | ExitReport::Signalled(9) => Some(format!(
            "The command was killed, most likely because it used more than the {memory} MiB of memory it may. \
             Raise the memory limit in Settings > Build."
        )),
        ExitReport::Exited(134) | ExitReport::Signalled(6) => {
            Some(format!("The command aborted; with Node.js that is often too little memory ({memory} MiB now). Raise it in Settings > Build."))
        }
        ExitReport::Exited(139) | ExitReport::Signalled(11) => {
            Some("The command crashed (segmentation fault), usually in a native module. Try another version of it.".to_owned())
        }
        _ => None,
    }
}

/// The last lines without colours.
pub(crate) fn quote(lines: &[String]) -> String {
    let plain: Vec<String> = lines.iter().map(|line| without_colours(line)).collect();
    let kept: Vec<&str> = plain
        .iter()
        .map(|line| line.trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    let first = kept.len().saturating_sub(QUOTED);
    kept[first..]
        .iter()
        .map(|line| line.chars().take(300).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Drops escape sequences (ECMA-48 section 5.4) and other control characters.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next_if_eq(&'[').is_some() {
                // Parameters and intermediates, then one final byte.
                while characters.next_if(|next| matches!(next, ' '..='?')).is_some() {}
                characters.next();
            }
        } else if !character.is_control() || character == '\t' {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(report: &ExitReport, lines: &[&str]) -> UserError {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let mut plan = BuildPlan::static_files(".");
        plan.package_manager = Some("npm".to_owned());
        explain_exit(
            Step::Build,
            "npm run build",
            report,
            &lines,
            Path::new("/nonexistent"),
            (&plan, &ProjectSettings::default()),
        )
    }

    #[test]
    fn errors_quote_the_last_lines_without_colours() {
        let error = explain(
            &ExitReport::Exited(1),
            &["\u{1b}[31msrc/a.ts(1,1): error TS2322: no\u{1b}[0m", ""],
        );
        insta::assert_json_snapshot!(error);
    }

    #[test]
    fn exit_codes_have_their_own_advice() {
        let hint = |report| explain(&report, &[]).hint.unwrap();
        assert!(hint(ExitReport::Exited(127)).contains("not found"));
        assert!(hint(ExitReport::Exited(137)).contains("2048 MiB"));
        assert!(hint(ExitReport::Signalled(9)).contains("memory"));
        assert!(hint(ExitReport::Exited(1)).contains("log"));
    }

    #[test]
    fn what_the_output_says_goes_before_the_exit_code() {
        let error = explain(
            &ExitReport::Exited(134),
            &["FATAL ERROR: Reached heap limit Allocation failed"],
        );
        assert!(error.hint.unwrap().starts_with("The build ran out of memory"));
    }

    #[test]
    fn the_lines_that_matter_are_quoted_and_stack_traces_are_not() {
        let error = explain(
            &ExitReport::Exited(1),
            &[
                "vite v7.1.0 building for production...",
                "transforming...",
                "\u{1b}[31merror during build:",
                "Could not resolve \"./redner.js\" from \"src/main.js\"",
                "file: /workspace/src/main.js",
                "    at getRollupError (file:///workspace/node_modules/rollup/dist/es/shared/parseAst.js:397:41)",
                "    at error (file:///workspace/node_modules/rollup/dist/es/shared/parseAst.js:393:42)",
            ],
        );
        assert_eq!(
            error.title,
            "src/main.js imports ./redner.js, which is not in the repository"
        );
        assert_eq!(
            error.detail,
            "`npm run build` ended with exit code 1. It says:\nCould not resolve \"./redner.js\" from \"src/main.js\"\n\
             file: src/main.js"
        );
        assert!(error.hint.unwrap().starts_with("Check the spelling"));
    }

    #[test]
    fn what_the_package_manager_says_about_its_script_is_not_the_cause() {
        let error = explain(
            &ExitReport::Exited(1),
            &[
                "Something odd: error in the setup",
                "one",
                "two",
                "three",
                "four",
                "five",
                "npm error Lifecycle script `build` failed with error:",
                "npm error code 1",
            ],
        );
        assert!(
            error
                .detail
                .ends_with("Something odd: error in the setup\none\ntwo\nthree"),
            "{}",
            error.detail
        );
        let error = explain(&ExitReport::Exited(1), &["a", "b", "c", "d", "e", ""]);
        assert!(error.detail.ends_with("It says:\nb\nc\nd\ne"), "{}", error.detail);
    }
}
