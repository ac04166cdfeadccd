//! A line reader of Python: what a module names at its top level. Comments and docstrings never count.

/// The top level of a Python module.
#[derive(Debug, Clone, Default)]
pub(crate) struct PythonSource {
    lines: Vec<String>,
}

impl PythonSource {
    pub(crate) fn new(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut inside: Option<&str> = None;
        for line in text.lines() {
            if let Some(quotes) = inside {
                if line.contains(quotes) {
                    inside = None;
                }
                continue;
            }
            let code = line.split('#').next().unwrap_or_default().trim_end();
            inside = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| code.matches(quotes).count() % 2 == 1);
            if !code.trim().is_empty() {
                lines.push(code.to_owned());
            }
        }
        Self { lines }
    }

    /// The variable to which the top level assigns a call of one of `functions` (`app = FastAPI(...)`).
    pub(crate) fn assigned_call(&self, functions: &[&str]) -> Option<&str> {
        self.top().find_map(|line| {
            let (target, value) = line.split_once('=')?;
            let name = target.split([':', ',']).next()?.trim();
            let called = value.trim_start().split('(').next()?.trim();
            let called = called.rsplit('.').next()?;
            let fits = value.contains('(') && functions.contains(&called) && is_name(name);
            fits.then_some(name)
        })
    }

    /// The value of a text assigned at the top level (`WSGI_APPLICATION = "x.wsgi.application"`).
    pub(crate) fn assigned_text(&self, name: &str) -> Option<&str> {
        self.top().find_map(|line| {
            let (target, value) = line.split_once('=')?;
            (target.trim() == name).then(|| value.trim().trim_matches(['"', '\'']))
        })
    }

    /// Whether a function of this name is defined at the top level.
    pub(crate) fn defines(&self, function: &str) -> bool {
        let starts = [format!("def {function}("), format!("async def {function}(")];
        self.top()
            .any(|line| starts.iter().any(|start| line.starts_with(start)))
    }

    /// Whether the module, or a part of it, is imported anywhere.
    pub(crate) fn imports(&self, module: &str) -> bool {
        self.lines.iter().map(|line| line.trim_start()).any(|line| {
            let named = line
                .strip_prefix("from ")
                .or_else(|| line.strip_prefix("import "));
            named.is_some_and(|names| {
                names.split([' ', ',']).any(|name| {
                    name == module
                        || name
                            .strip_prefix(module)
                            .is_some_and(|rest| rest.starts_with('.'))
                })
            })
        })
    }

    /// Whether the package itself is imported from (`from . import x`).
    pub(crate) fn imports_relatively(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.trim_start().starts_with("from ."))
    }

    /// Whether the module does something when it is run as a program.
    pub(crate) fn has_main_block(&self) -> bool {
        self.top().any(|line| line.starts_with("if __name__"))
    }

    /// Whether the text stands in the code.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// The texts in quotes behind `key`, up to the end of its list or call.
    pub(crate) fn quoted_list(&self, key: &str) -> Vec<String> {
        let Some(start) = self.lines.iter().position(|line| line.contains(key)) else {
            return Vec::new();
        };
        let code = self.lines[start..].join("\n");
        let code = code.split_once(key).map_or("", |(_, rest)| rest);
        let list = code
            .split_once('[')
            .map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
        list.split(['"', '\''])
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    fn top(&self) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with([' ', '\t']))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_is_found_by_what_it_is_made_with() {
        let source = PythonSource::new(
            "\"\"\"\nold = FastAPI()\n\"\"\"\n# x = FastAPI()\nimport a, fastapi\napi: FastAPI = fastapi.FastAPI(title='x')\n",
        );
        assert_eq!(source.assigned_call(&["FastAPI"]), Some("api"));
        assert!(source.imports("fastapi"));
        let source = PythonSource::new("app, rt = fast_app()\nif __name__ == '__main__':\n    serve()\n");
        assert_eq!(source.assigned_call(&["fast_app"]), Some("app"));
        assert!(source.has_main_block());
    }

    #[test]
    fn lists_of_requirements_are_read() {
        let source =
            PythonSource::new("setup(\n  install_requires=[\n    'flask>=2',\n    \"gunicorn\",\n  ],\n)");
        assert_eq!(source.quoted_list("install_requires"), ["flask>=2", "gunicorn"]);
    }
}
