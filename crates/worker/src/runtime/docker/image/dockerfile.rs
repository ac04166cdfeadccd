//! Reading a Dockerfile before the engine does: what it needs, and what it must not ask for.
//!
//! The engine fetches base images and remote files with the machine's own network, and some flags take walls of the
//! sandbox down. So those are refused here, with the line they stand in.
//! Source: <https://docs.docker.com/reference/dockerfile/>.

use std::collections::{BTreeMap, BTreeSet};

use aether_models::UserError;

use super::instructions::{Instruction, parse, split};
use super::refusals::{check_base, in_kernel_folder, refused, remote_add, unquoted, volume_of_root};

/// More instructions than this are no Dockerfile that somebody wrote; the engine ends at 127 layers.
const INSTRUCTIONS_MAX: usize = 1000;
/// Every instruction there is. A line that begins with something else may be the rest of one for the engine.
const KEYWORDS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];
/// The frontend that the engine has built in; its directive is taken out, so that nothing is fetched for it.
const OWN_FRONTENDS: &[&str] = &["docker/dockerfile", "docker.io/docker/dockerfile"];
/// Flags that only BuildKit knows.
const BUILDKIT_FLAGS: &[&str] = &[
    "--mount",
    "--network",
    "--security",
    "--link",
    "--chmod",
    "--parents",
    "--exclude",
    "--checksum",
    "--device",
];
/// Arguments that only BuildKit sets.
const PLATFORM_ARGS: &[&str] = &[
    "BUILDPLATFORM",
    "TARGETPLATFORM",
    "TARGETARCH",
    "TARGETOS",
    "TARGETVARIANT",
    "BUILDARCH",
    "BUILDOS",
];

/// A Dockerfile that may be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dockerfile {
    /// Its text, without a directive that names a frontend.
    pub(super) text: String,
    /// What of it only BuildKit can do.
    pub(super) needs_buildkit: Option<&'static str>,
    /// Names of its arguments.
    pub(super) args: BTreeSet<String>,
    /// Lines after which a stage begins, counted from 1.
    stage_lines: Vec<usize>,
    /// Whether it has here-documents, which older engines take for instructions.
    pub(super) here_documents: bool,
}

impl Dockerfile {
    /// The text with labels at the head of every stage, so that also the steps of a failed build are known as ours.
    pub(super) fn with_labels(&self, labels: &[(&str, &str)]) -> String {
        let label: String = labels
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        let mut lines = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            lines.push(line.to_owned());
            if self.stage_lines.contains(&(number + 1)) {
                lines.push(format!("LABEL{label}"));
            }
        }
        lines.join("\n") + "\n"
    }
}

/// Reads and checks a Dockerfile. `given` are the arguments of the build, which may choose base images.
pub(super) fn check(text: &str, given: &BTreeMap<String, String>) -> Result<Dockerfile, UserError> {
    let text = text.trim_start_matches('\u{feff}');
    let (text, escape) = without_frontend(text)?;
    let instructions = parse(&text, escape);
    if instructions.len() > INSTRUCTIONS_MAX {
        return Err(refused(0, "It has more than 1000 instructions."));
    }
    let mut checker = Checker {
        given,
        args: BTreeMap::new(),
        names: BTreeSet::new(),
        stages: BTreeSet::new(),
        in_stage: false,
        escape,
        needs: None,
    };
    let mut stage_lines = Vec::new();
    for instruction in &instructions {
        checker.check(instruction)?;
        if instruction.keyword == "FROM" {
            stage_lines.push(instruction.lines.1);
        }
    }
    if stage_lines.is_empty() {
        return Err(refused(0, "It has no FROM."));
    }
    Ok(Dockerfile {
        text,
        needs_buildkit: checker.needs,
        args: checker.names,
        here_documents: instructions.iter().any(|instruction| instruction.body.is_some()),
        stage_lines,
    })
}

/// Takes the `syntax` directive out, and reads the `escape` one. Directives stand at the top only.
fn without_frontend(text: &str) -> Result<(String, char), UserError> {
    let mut escape = '\\';
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (number, line) in lines.iter_mut().enumerate() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix('#')
            .and_then(|comment| comment.split_once('='))
        else {
            break;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == "escape" && value == "`" {
            escape = '`';
        } else if name == "syntax" {
            let image = value.split(['@']).next().unwrap_or_default();
            let image = image.rsplit_once(':').map_or(image, |(image, _)| image);
            if !OWN_FRONTENDS.contains(&image) {
                return Err(refused(
                    number + 1,
                    "It names a frontend of its own, a program that would build in place of the engine.",
                ));
            }
            // The line stays, so that later ones keep their numbers.
            "#".clone_into(line);
        } else if name != "escape" {
            // A comment, and directives end with the first.
            break;
        }
    }
    Ok((lines.join("\n") + "\n", escape))
}

struct Checker<'a> {
    given: &'a BTreeMap<String, String>,
    /// Arguments and their values, as far as they stand before the first FROM.
    args: BTreeMap<String, String>,
    names: BTreeSet<String>,
    stages: BTreeSet<String>,
    in_stage: bool,
    escape: char,
    needs: Option<&'static str>,
}

impl Checker<'_> {
    fn check(&mut self, instruction: &Instruction) -> Result<(), UserError> {
        self.check_flags(instruction)?;
        let line = instruction.lines.0;
        if let Some(body) = &instruction.body {
            self.needs = self.needs.or(Some("here-documents"));
            let inner = parse(body, self.escape);
            for mut inner in inner
                .into_iter()
                .filter(|inner| KEYWORDS.contains(&inner.keyword.as_str()))
            {
                inner.lines = instruction.lines;
                self.check(&inner)?;
            }
        }
        if !KEYWORDS.contains(&instruction.keyword.as_str()) {
            return Err(refused(line, "It is no instruction."));
        }
        match instruction.keyword.as_str() {
            "FROM" => self.from(instruction),
            "ARG" => {
                self.arg(&instruction.rest);
                Ok(())
            }
            "ADD" => remote_add(instruction),
            "COPY" => self.copy(instruction),
            "ONBUILD" => {
                let mut inner = split(&instruction.rest);
                inner.lines = instruction.lines;
                self.check(&inner)
            }
            "WORKDIR" if in_kernel_folder(&instruction.rest) => Err(refused(
                line,
                "A working directory in /proc, /sys or /dev is not allowed.",
            )),
            "VOLUME" if volume_of_root(&instruction.rest) => {
                Err(refused(line, "The whole file system cannot be a volume."))
            }
            _ => Ok(()),
        }
    }

    fn check_flags(&mut self, instruction: &Instruction) -> Result<(), UserError> {
        let line = instruction.lines.0;
        for flag in &instruction.flags {
            let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
            if let Some(feature) = BUILDKIT_FLAGS.iter().find(|known| **known == name) {
                self.needs = self.needs.or(Some(feature));
            }
            match name {
                "--security" if value != "sandbox" => {
                    return Err(refused(line, "--security takes the sandbox away."));
                }
                "--network" if !matches!(value, "none" | "default") => {
                    return Err(refused(line, "--network may be none or default."));
                }
                "--device" => return Err(refused(line, "--device reaches for the machine's devices.")),
                "--mount" => self.mount(line, value)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn mount(&self, line: usize, options: &str) -> Result<(), UserError> {
        let option = |name: &str| {
            options
                .split(',')
                .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
                .map(unquoted)
        };
        match option("type").unwrap_or("bind") {
            "cache" | "secret" | "tmpfs" | "bind" => {}
            _ => {
                return Err(refused(
                    line,
                    "--mount may be of type cache, secret, tmpfs or bind.",
                ));
            }
        }
        match option("from") {
            Some(stage) if !self.is_stage(stage) => Err(refused(
                line,
                "--mount may take from stages of this Dockerfile only.",
            )),
            _ => Ok(()),
        }
    }

    fn from(&mut self, instruction: &Instruction) -> Result<(), UserError> {
        let line = instruction.lines.0;
        self.in_stage = true;
        let all = instruction
            .flags
            .iter()
            .map(String::as_str)
            .chain([instruction.rest.as_str()]);
        if all.into_iter().any(|text| {
            PLATFORM_ARGS
                .iter()
                .any(|name| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}")))
        }) {
            self.needs = self.needs.or(Some("arguments for platforms"));
        }
        let mut words = instruction.rest.split_whitespace();
        let image = self.expand(words.next().unwrap_or_default());
        if !self.is_stage(&image) {
            check_base(line, &image)?;
        }
        if let (Some(word), Some(name)) = (words.next(), words.next())
            && word.eq_ignore_ascii_case("as")
        {
            self.stages.insert(name.to_ascii_lowercase());
        }
        Ok(())
    }

    fn copy(&self, instruction: &Instruction) -> Result<(), UserError> {
        let from = instruction
            .flags
            .iter()
            .find_map(|flag| flag.strip_prefix("--from="));
        match from.map(|from| self.expand(unquoted(from))) {
            Some(from) if !self.is_stage(&from) => check_base(instruction.lines.0, &from),
            _ => Ok(()),
        }
    }

    fn arg(&mut self, rest: &str) {
        for word in rest.split_whitespace() {
            let (name, default) = word.split_once('=').unwrap_or((word, ""));
            self.names.insert(name.to_owned());
            // Those of a stage are not known to the next FROM.
            if !self.in_stage {
                let value = self
                    .given
                    .get(name)
                    .cloned()
                    .unwrap_or_else(|| self.expand(unquoted(default)));
                self.args.insert(name.to_owned(), value);
            }
        }
    }

    fn is_stage(&self, name: &str) -> bool {
        // Stages are also known by their number.
        name == "scratch" || self.stages.contains(&name.to_ascii_lowercase()) || name.parse::<u16>().is_ok()
    }

    /// `$name`, `${name}` and `${name:-default}`; what is not known stays and is refused as a name of an image.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = unquoted(text);
        while let Some(start) = rest.find('$') {
            expanded.push_str(&rest[..start]);
            rest = &rest[start + 1..];
            let (name, default, after) = match rest.strip_prefix('{') {
                Some(inner) => {
                    let (inside, after) = inner.split_once('}').unwrap_or((inner, ""));
                    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
                    (name, default, after)
                }
                None => {
                    let end =
                        rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
                    let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
                    (name, "", after)
                }
            };
            let plain = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            match self.args.get(name).filter(|value| !value.is_empty()) {
                Some(value) => expanded.push_str(value),
                None if plain => expanded.push_str(default),
                // Other ways to expand are not known here, so what comes of them cannot be checked.
                None => expanded.push('$'),
            }
            rest = after;
        }
        expanded.push_str(rest);
        expanded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dockerfile, UserError> {
        check(text, &BTreeMap::new())
    }

    fn refusal(text: &str) -> String {
        let error = read(text).expect_err(text);
        assert_eq!(error.code, "dockerfile_refused");
        error.detail
    }

    #[test]
    fn an_ordinary_dockerfile_is_for_the_classic_builder() {
        let text = "ARG V=22\nFROM node:${V}-slim AS build\nARG TOKEN\nWORKDIR /app\nCOPY . .\nRUN npm ci && \\\n  # why\n\n  npm run build\n\
                    FROM nginx\nCOPY --from=build /app/dist /usr/share/nginx/html\nEXPOSE 80\n";
        let dockerfile = read(text).unwrap();
        assert_eq!(dockerfile.needs_buildkit, None);
        assert_eq!(
            dockerfile.args,
            BTreeSet::from(["TOKEN".to_owned(), "V".to_owned()])
        );
        let labelled = dockerfile.with_labels(&[("a", "b")]);
        assert!(labelled.contains("AS build\nLABEL a=b\nARG TOKEN"));
        assert!(labelled.contains("FROM nginx\nLABEL a=b\nCOPY --from"));
    }

    #[test]
    fn what_only_buildkit_can_do_is_seen() {
        let needs = |text: &str| read(text).unwrap().needs_buildkit;
        assert_eq!(
            needs("FROM a\nRUN --mount=type=cache,target=/x npm ci"),
            Some("--mount")
        );
        assert_eq!(
            needs("FROM a\nRUN <<EOF\nFROM somewhere\nnot an instruction\nEOF\nCMD x"),
            Some("here-documents")
        );
        assert_eq!(
            needs("FROM --platform=$BUILDPLATFORM a"),
            Some("arguments for platforms")
        );
        assert_eq!(needs("FROM a\nCOPY --chmod=755 x y"), Some("--chmod"));
        assert_eq!(needs("FROM a\nRUN echo $((1<<2)) <<<word"), None);
    }

    #[test]
    fn input_59_foreign_frontends_and_registries_are_refused() {
        assert!(refusal("# syntax=evil/x\nFROM a").contains("Line 1: It names a frontend"));
        assert!(
            refusal("#escape=`\n# SYNTAX = docker/dockerfile-upstream:master\nFROM a").starts_with("Line 2")
        );
        assert!(
            read("# syntax=docker/dockerfile:1.7\nFROM a")
                .unwrap()
                .text
                .starts_with("#\nFROM a")
        );
        for base in [
            "host:5000/x",
            "127.0.0.1/x",
            "localhost/x",
            "10.0.0.1:80/a/b",
            "registry.internal/x",
            "2130706433./x",
        ] {
            assert!(
                refusal(&format!("FROM {base}")).contains("public registries"),
                "{base}"
            );
            assert!(
                refusal(&format!("FROM a\nCOPY --from={base} /x /y")).contains("public registries"),
                "{base}"
            );
            assert!(
                refusal(&format!("ARG B={base}\nFROM $B")).contains("public registries"),
                "{base}"
            );
        }
        assert!(refusal("FROM $UNKNOWN").contains("cannot be told"));
        assert!(refusal("ARG B=localhost/x\nFROM a\nARG B=node\nFROM $B").contains("public registries"));
        assert!(refusal("ARG X=1\nFROM a${X:+.b:5000/x}").contains("cannot be told"));
        let given = BTreeMap::from([("B".to_owned(), "localhost/x".to_owned())]);
        assert!(
            check("ARG B=node\nFROM ${B}", &given).is_err(),
            "an argument of the build chooses the base"
        );
        assert!(read("FROM ghcr.io/owner/image:1").is_ok());
        assert!(refusal("RUN x").contains("no FROM"));
    }

    #[test]
    fn input_60_flags_that_open_the_sandbox_are_refused() {
        for flag in [
            "--security=insecure",
            "--network=host",
            "--device=/dev/kvm",
            "--mount=type=ssh",
            "--mount=type=bind,from=other/image,target=/x",
            "--mount=from=docker:dind,target=/x",
        ] {
            assert!(
                refusal(&format!("FROM a\nRUN {flag} true")).starts_with("Line 2"),
                "{flag}"
            );
            assert!(
                refusal(&format!("FROM a\nONBUILD RUN {flag} true")).starts_with("Line 2"),
                "{flag}"
            );
            assert!(
                refusal(&format!("FROM a\nRUN \\\n # x\n {flag} true")).starts_with("Line 2"),
                "{flag}"
            );
        }
        assert!(
            read("FROM a AS b\nFROM c\nRUN --mount=type=bind,from=b,target=/x --network=none true").is_ok()
        );
    }

    #[test]
    fn input_61_ways_out_of_the_build_are_refused() {
        for line in [
            "ADD http://169.254.169.254/latest /x",
            "ADD [\"https://example.com/x\", \"/x\"]",
            "ADD git@host:repo /x",
            "ADD $URL /x",
            "WORKDIR /proc/self/fd/8",
            "WORKDIR //proc/self/fd/8",
            "workdir /a/../proc/1",
        ] {
            assert!(
                refusal(&format!("FROM a\n{line}")).starts_with("Line 2"),
                "{line}"
            );
        }
        assert!(read("FROM a\nADD file.tar /x\nWORKDIR /process").is_ok());
    }

    #[test]
    fn input_62_the_whole_file_system_is_no_volume() {
        assert!(refusal("FROM a\nVOLUME /").contains("volume"));
        assert!(refusal("FROM a\nVOLUME [\"/\"]").contains("volume"));
        assert!(read("FROM a\nVOLUME /data").is_ok());
    }

    #[test]
    fn nothing_hides_where_the_engine_may_read_it_otherwise() {
        // Quoted, it is no here-document for the engine, and what follows are instructions.
        refusal("FROM a\nRUN echo \"<<EOF\"\nRUN --network=host true");
        refusal("FROM a\nRUN cat <<EOF\nRUN --security=insecure true\nEOF");
        // The second directive comes after a comment, so it is none, and the backslash goes on.
        refusal("# a comment = none\n# escape=`\nFROM a\nRUN \\\n--network=host true");
        refusal("# x=y\n# escape=`\nFROM a\nRUN \\\n--network=host true");
        refusal("FROM a\nRUN true\n--network=host true");
    }

    #[test]
    fn a_body_of_a_here_document_is_no_instruction_and_what_follows_is() {
        assert!(refusal("FROM a\nRUN <<EOF cat\nx\nEOF\nRUN --network=host true").starts_with("Line 5"));
        assert!(read("FROM a\nCOPY <<-'X' /f\n\tRUN true\n\tX\nRUN true").is_ok());
    }
}
