//! package.json, read tolerantly: a field of the wrong type is reported and left out, the rest counts.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::app::{App, Dependencies, Dependency};
use crate::folder::Folder;

/// The fields of package.json that matter for building.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PackageJson {
    pub(crate) name: Option<String>,
    pub(crate) main: Option<String>,
    /// `packageManager`, as written.
    pub(crate) package_manager: Option<String>,
    pub(crate) scripts: IndexMap<String, String>,
    /// Production, development and optional dependencies together.
    pub(crate) dependencies: BTreeMap<String, String>,
    pub(crate) engines: BTreeMap<String, String>,
    /// `devEngines.packageManager` and `devEngines.runtime` as (name, version).
    pub(crate) dev_manager: Option<(String, String)>,
    pub(crate) dev_runtime: Option<(String, String)>,
    /// `volta.node`.
    pub(crate) volta_node: Option<String>,
    /// Globs of workspace members.
    pub(crate) workspaces: Vec<String>,
    /// Where it is: `package.json`, or the same in JSON5 or YAML, which pnpm reads.
    pub(crate) file: String,
    /// What was left out, and why.
    pub(crate) warnings: Vec<String>,
}

/// Where dependencies stand. Peer dependencies are somebody else's.
const DEPENDENCY_FIELDS: [&str; 3] = ["optionalDependencies", "devDependencies", "dependencies"];
const FILES: [&str; 3] = ["package.json", "package.json5", "package.yaml"];

impl PackageJson {
    pub(crate) fn read(folder: &Folder<'_>) -> Option<Self> {
        let file = folder.first(&FILES)?;
        let value = folder.value(&file)?;
        let Some(fields) = value.as_object() else {
            folder.report(
                &file,
                "is not an object".to_owned(),
                "A package.json starts with `{`.",
            );
            return None;
        };
        let mut package = Self {
            file,
            ..Self::default()
        };
        package.read_fields(fields);
        Some(package)
    }

    fn read_fields(&mut self, fields: &Map<String, Value>) {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        self.name = text("name").filter(|name| !name.is_empty());
        self.main = text("main").filter(|main| !main.is_empty());
        self.package_manager = text("packageManager");
        self.scripts = self.texts(fields, "scripts").into_iter().collect();
        self.engines = self.texts(fields, "engines").into_iter().collect();
        for field in DEPENDENCY_FIELDS {
            let found = self.texts(fields, field);
            self.dependencies.extend(found);
        }
        self.volta_node = fields
            .get("volta")
            .and_then(|volta| volta.get("node")?.as_str().map(str::to_owned));
        let dev_engine = |name: &str| {
            let engine = fields.get("devEngines")?.get(name)?;
            let engine = engine.as_array().and_then(|list| list.first()).unwrap_or(engine);
            let version = engine.get("version").and_then(Value::as_str).unwrap_or_default();
            Some((engine.get("name")?.as_str()?.to_owned(), version.to_owned()))
        };
        self.dev_manager = dev_engine("packageManager");
        self.dev_runtime = dev_engine("runtime");
        let members = fields.get("workspaces");
        let members = members
            .and_then(|value| value.get("packages").or(Some(value)))
            .and_then(Value::as_array);
        self.workspaces = members
            .into_iter()
            .flatten()
            .filter_map(|glob| glob.as_str().map(str::to_owned))
            .collect();
    }

    /// An object of texts; empty texts are dropped (an empty script does nothing, and would hide that).
    fn texts(&mut self, fields: &Map<String, Value>, name: &str) -> Vec<(String, String)> {
        let Some(value) = fields.get(name).filter(|value| !value.is_null()) else {
            return Vec::new();
        };
        let Some(object) = value.as_object() else {
            self.warnings.push(format!(
                "`{name}` in package.json is not an object and was ignored."
            ));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, value) in object {
            match value.as_str().map(str::trim) {
                Some("") => self.warnings.push(format!(
                    "`{name}.{key}` in package.json is empty and was ignored."
                )),
                Some(text) => found.push((key.clone(), text.to_owned())),
                None => self.warnings.push(format!(
                    "`{name}.{key}` in package.json is not a text and was ignored."
                )),
            }
        }
        found
    }

    pub(crate) fn depends_on(&self, name: &str) -> bool {
        self.dependencies.contains_key(name)
    }

    /// Major version of a dependency, as far as its range starts with one.
    pub(crate) fn major(&self, name: &str) -> Option<u32> {
        major_of(self.dependencies.get(name)?)
    }
}

/// The first number in a version range.
pub(crate) fn major_of(range: &str) -> Option<u32> {
    let range = range.trim_start_matches(|character: char| !character.is_ascii_digit());
    range
        .split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(package) = app.package() else {
        return Dependencies::new();
    };
    let entry = |(name, version): (&String, &String)| {
        (
            name.clone(),
            Dependency {
                file: package.file.clone(),
                version: version.clone(),
            },
        )
    };
    package.dependencies.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn read(text: &str) -> Option<PackageJson> {
        let tree = MemoryTree::new().with("package.json", text);
        PackageJson::read(&Folder::new(&tree, ""))
    }

    #[test]
    fn input_55_fields_of_the_wrong_type_are_reported_and_left_out() {
        let package = read(r#"{"scripts":[],"dependencies":{"a":1,"b":"2"},"engines":"22","__proto__":{"x":1},"workspaces":7}"#).unwrap();
        assert!(package.scripts.is_empty());
        assert_eq!(package.dependencies.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(package.warnings.len(), 3, "{:?}", package.warnings);
    }

    #[test]
    fn input_55_an_empty_script_is_no_script() {
        let package = read(r#"{"scripts":{"build":" ","start":"node a.js"}}"#).unwrap();
        assert_eq!(package.scripts.keys().collect::<Vec<_>>(), ["start"]);
        assert!(package.warnings[0].contains("scripts.build"));
    }

    #[test]
    fn what_is_no_object_is_no_package() {
        assert_eq!(read("[]"), None);
        assert_eq!(read("null"), None);
    }
}
