//! Where a Python program begins, and which object in it is the application.

use crate::app::App;
use crate::source::python::PythonSource;
use crate::tree::join;

/// File names programs begin with, by custom, the usual first.
const NAMES: [&str; 12] = [
    "main.py",
    "app.py",
    "server.py",
    "api.py",
    "asgi.py",
    "wsgi.py",
    "index.py",
    "run.py",
    "bot.py",
    "application.py",
    "__init__.py",
    "__main__.py",
];
/// Folders they stand in, by custom; packages of the app come after these.
const FOLDERS: [&str; 6] = ["", "src", "app", "api", "backend", "server"];
/// Folders that hold no app.
const NOT_APPS: [&str; 12] = [
    "tests",
    "test",
    "docs",
    "examples",
    "scripts",
    "migrations",
    "static",
    "templates",
    "node_modules",
    ".venv",
    "venv",
    "tools",
];
/// Packages looked into besides the customary folders; enough for real apps, few enough to stay fast.
const MAX_PACKAGES: usize = 24;

/// An application object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Application {
    pub(crate) file: String,
    /// Dotted name of the module, seen from `folder`.
    pub(crate) module: String,
    /// Folder the module is imported from; empty for the app's own.
    pub(crate) folder: String,
    /// The object's name; a call (`create_app()`) when a factory makes it.
    pub(crate) object: String,
    pub(crate) factory: bool,
}

/// Files a program may begin with, likely ones first.
pub(crate) fn files(app: &App<'_>) -> Vec<String> {
    let packages = app
        .folder
        .folders()
        .filter(|name| !FOLDERS.contains(name) && !NOT_APPS.contains(name) && !name.starts_with('.'));
    let packages: Vec<String> = packages.take(MAX_PACKAGES).map(str::to_owned).collect();
    let below = app
        .folder
        .has_folder("src")
        .then(|| app.folder.tree().list(&app.folder.path("src")));
    let below = below
        .into_iter()
        .flatten()
        .map(|entry| join("src", &entry.name))
        .take(MAX_PACKAGES);
    let folders = FOLDERS
        .iter()
        .map(|name| (*name).to_owned())
        .chain(packages)
        .chain(below);
    let folders: Vec<String> = folders
        .filter(|folder| folder.is_empty() || app.folder.has_folder(folder))
        .collect();
    folders
        .iter()
        .flat_map(|folder| NAMES.iter().map(move |name| join(folder, name)))
        .filter(|file| app.folder.has_file(file))
        .collect()
}

/// The file that is run when there is nothing more special to start.
pub(crate) fn main_file(app: &App<'_>) -> Option<String> {
    let named = files(app)
        .into_iter()
        .find(|file| !file.ends_with("__init__.py") && !file.ends_with("__main__.py"));
    named.or_else(|| {
        let mut own = app.folder.files().filter(|name| {
            name.ends_with(".py")
                && !matches!(
                    *name,
                    "setup.py"
                        | "conf.py"
                        | "conftest.py"
                        | "noxfile.py"
                        | "tasks.py"
                        | "manage.py"
                        | "fabfile.py"
                )
        });
        let only = own.next()?;
        own.next().is_none().then(|| only.to_owned())
    })
}

pub(crate) fn read(app: &App<'_>, file: &str) -> Option<PythonSource> {
    Some(PythonSource::new(&app.folder.text(file)?))
}

/// The first object made by one of `functions`, or by a factory (`create_app`) in a module that imports `library`.
pub(crate) fn application(app: &App<'_>, functions: &[&str], library: &str) -> Option<Application> {
    let mut files = files(app);
    // An application may stand in a file of any name, but a customary one goes first.
    let others: Vec<String> = app
        .folder
        .files()
        .filter(|name| name.ends_with(".py"))
        .map(str::to_owned)
        .collect();
    files.extend(
        others
            .into_iter()
            .filter(|name| !NAMES.contains(&name.as_str()))
            .take(MAX_PACKAGES),
    );
    let direct = files.iter().find_map(|file| {
        let source = read(app, file)?;
        let object = source.assigned_call(functions)?.to_owned();
        Some(place(app, file, &source, object, false))
    });
    let imported = || {
        files.iter().find_map(|file| {
            let source = read(app, file)?;
            let object = source
                .assigned_call(&["create_app", "make_app", "get_app", "create_application"])?
                .to_owned();
            Some(place(app, file, &source, object, false))
        })
    };
    let factory = || {
        files.iter().find_map(|file| {
            let source = read(app, file)?;
            let name = ["create_app", "make_app", "get_app", "create_application"]
                .into_iter()
                .find(|name| source.defines(name))?;
            source
                .imports(library)
                .then(|| place(app, file, &source, name.to_owned(), true))
        })
    };
    direct.or_else(imported).or_else(factory)
}

/// Whether a module is named with its folder (`app.main`) or from within it (`main`): as its own imports need it.
fn place(app: &App<'_>, file: &str, source: &PythonSource, object: String, factory: bool) -> Application {
    let path = file.trim_end_matches(".py");
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let top = folder.split('/').next().unwrap_or_default();
    let package = app.folder.has_file(&join(folder, "__init__.py"))
        || source.imports_relatively()
        || source.imports(top);
    let siblings = || {
        let entries = app.folder.tree().list(&app.folder.path(folder));
        entries.iter().any(|entry| {
            let module = entry.name.trim_end_matches(".py");
            module != name && source.imports(module)
        })
    };
    let file = file.to_owned();
    if let Some(inner) = path
        .strip_prefix("src/")
        .filter(|inner| inner.contains('/') && !source.imports("src"))
    {
        // The `src` layout: packages lie below `src`, which is no package itself.
        return Application {
            file,
            module: inner.replace('/', "."),
            folder: "src".to_owned(),
            object,
            factory,
        };
    }
    if folder.is_empty() || package || !siblings() {
        return Application {
            file,
            module: path.replace('/', "."),
            folder: String::new(),
            object,
            factory,
        };
    }
    Application {
        file,
        module: name.to_owned(),
        folder: folder.to_owned(),
        object,
        factory,
    }
}
