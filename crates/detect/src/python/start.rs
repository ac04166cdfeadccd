//! Start commands of Python web frameworks.
//!
//! A server that speaks WSGI or ASGI is put in front of the application object. When none is among the
//! dependencies and the program does not start one itself, it is installed beside them, with a warning.

use aether_models::Confidence;

use super::entry::{self, Application};
use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::source::python::PythonSource;

/// What starts the app, and what has to be installed for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) command: String,
    pub(crate) install: Vec<&'static str>,
    /// Made before the app starts the first time.
    pub(crate) build: Option<String>,
}

impl Start {
    fn command(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Asgi,
    Wsgi,
}

/// The start command of `framework`, when the code shows one.
pub(crate) fn of_framework(app: &App<'_>, framework: &str, draft: &mut Draft) -> Option<Start> {
    let object = |functions: &[&str], library: &str| entry::application(app, functions, library);
    match framework {
        "django" => django(app, draft),
        "fastapi" => serve(app, object(&["FastAPI"], "fastapi"), Interface::Asgi, draft),
        "starlette" => serve(app, object(&["Starlette"], "starlette"), Interface::Asgi, draft),
        "litestar" => serve(app, object(&["Litestar"], "litestar"), Interface::Asgi, draft),
        "fasthtml" => serve(
            app,
            object(&["FastHTML", "fast_app"], "fasthtml"),
            Interface::Asgi,
            draft,
        ),
        "quart" => serve(app, object(&["Quart"], "quart"), Interface::Asgi, draft),
        "flask" => serve(
            app,
            object(&["Flask", "APIFlask", "OpenAPI"], "flask"),
            Interface::Wsgi,
            draft,
        ),
        "falcon" => serve(app, object(&["App", "API"], "falcon"), Interface::Wsgi, draft),
        "pyramid" => serve(app, object(&["make_wsgi_app"], "pyramid"), Interface::Wsgi, draft),
        "dash" => dash(app, draft),
        "sanic" => {
            let found = object(&["Sanic"], "sanic")?;
            draft.say(&found.file, format!("the Sanic application is {}", found.object));
            Some(Start::command(format!(
                ".venv/bin/sanic {} --host=0.0.0.0 --port=$PORT",
                quote(&format!("{}:{}", found.module, found.object))
            )))
        }
        "streamlit" => with_file(
            app,
            "streamlit",
            &["streamlit_app.py", "app.py", "main.py", "Home.py"],
            |file| {
                format!(
                    ".venv/bin/streamlit run {file} --server.port $PORT --server.address 0.0.0.0 --server.headless true"
                )
            },
        ),
        "chainlit" => with_file(app, "chainlit", &["app.py", "main.py"], |file| {
            format!(".venv/bin/chainlit run {file} --host 0.0.0.0 --port $PORT --headless")
        }),
        "gradio" => with_file(app, "gradio", &["app.py", "main.py"], |file| {
            format!("GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=$PORT .venv/bin/python {file}")
        }),
        "reflex" => Some(Start::command(
            ".venv/bin/reflex run --env prod --backend-host 0.0.0.0 --backend-port $PORT",
        )),
        _ => None,
    }
}

/// The customary file, or the first one that imports the library.
fn with_file(
    app: &App<'_>,
    library: &str,
    names: &[&str],
    command: impl Fn(&str) -> String,
) -> Option<Start> {
    let own = || {
        app.folder
            .files()
            .filter(|name| name.ends_with(".py"))
            .map(str::to_owned)
    };
    let named = names
        .iter()
        .map(|name| (*name).to_owned())
        .filter(|name| app.folder.has_file(name));
    let mut files = named.chain(own());
    let file = files.find(|file| entry::read(app, file).is_some_and(|source| source.imports(library)))?;
    Some(Start::command(command(&quote(&file))))
}

fn serve(
    app: &App<'_>,
    found: Option<Application>,
    interface: Interface,
    draft: &mut Draft,
) -> Option<Start> {
    let found = found?;
    let source = entry::read(app, &found.file)?;
    draft.say(
        &found.file,
        format!("the application is {}:{}", found.module, found.object),
    );
    if let Some(server) = declared_server(app, interface) {
        return Some(Start::command(server_command(server, &found, interface)));
    }
    if runs_itself(&source) {
        draft.say(&found.file, "starts its own server when run");
        draft.warn("The program starts its framework's development server; add gunicorn or uvicorn to the dependencies.");
        let package = found
            .file
            .strip_suffix("/__main__.py")
            .map(|package| package.replace('/', "."));
        let program = match package {
            Some(package) => format!("-m {}", quote(&package)),
            None => quote(&found.file).into_owned(),
        };
        return Some(Start::command(format!(".venv/bin/python {program}")));
    }
    let server = if interface == Interface::Asgi {
        "uvicorn"
    } else {
        "gunicorn"
    };
    draft.warn(format!(
        "{server} is not among the dependencies; it is installed beside them. Add it to pin its version."
    ));
    Some(Start {
        install: vec![server],
        ..Start::command(server_command(server, &found, interface))
    })
}

/// The server among the dependencies, by its own name or brought by an extra.
fn declared_server(app: &App<'_>, interface: Interface) -> Option<&'static str> {
    const WITH_UVICORN: [&str; 4] = [
        "fastapi[standard]",
        "fastapi[all]",
        "litestar[standard]",
        "python-fasthtml",
    ];
    let servers: &[&'static str] = match interface {
        Interface::Asgi => &["uvicorn", "hypercorn", "granian", "gunicorn", "daphne"],
        Interface::Wsgi => &["gunicorn", "waitress", "granian", "uwsgi"],
    };
    let declared = servers
        .iter()
        .copied()
        .find(|name| app.depends_on("python", &[name]));
    declared.or_else(|| app.depends_on("python", &WITH_UVICORN).then_some("uvicorn"))
}

/// A `__main__` block that runs a server on all interfaces or on `PORT`; others would not be reachable.
fn runs_itself(source: &PythonSource) -> bool {
    source.has_main_block()
        && (source.mentions(".run(") || source.mentions("serve("))
        && (source.mentions("PORT") || source.mentions("0.0.0.0"))
}

fn server_command(server: &str, found: &Application, interface: Interface) -> String {
    let called = if found.factory && interface == Interface::Wsgi {
        "()"
    } else {
        ""
    };
    let plain = format!("{}:{}", found.module, found.object);
    let target = quote(&format!("{plain}{called}")).into_owned();
    let folder = |flag: &str| {
        if found.folder.is_empty() {
            String::new()
        } else {
            format!(" {flag} {}", quote(&found.folder))
        }
    };
    let factory = if found.factory { " --factory" } else { "" };
    match server {
        "uvicorn" => format!(
            ".venv/bin/uvicorn{}{factory} {target} --host 0.0.0.0 --port $PORT",
            folder("--app-dir")
        ),
        "hypercorn" => format!(".venv/bin/hypercorn {target} --bind 0.0.0.0:$PORT"),
        "granian" => {
            let kind = if interface == Interface::Asgi {
                "asgi"
            } else {
                "wsgi"
            };
            format!(
                ".venv/bin/granian --interface {kind}{factory}{} --host 0.0.0.0 --port $PORT {target}",
                folder("--working-dir")
            )
        }
        "daphne" => format!(".venv/bin/daphne -b 0.0.0.0 -p $PORT {target}"),
        "waitress" => format!(
            ".venv/bin/waitress-serve --listen=0.0.0.0:$PORT {}",
            if found.factory {
                format!("--call {}", quote(&plain))
            } else {
                target
            }
        ),
        "uwsgi" => format!(".venv/bin/uwsgi --http 0.0.0.0:$PORT --master --module {target}"),
        _ if interface == Interface::Asgi => {
            format!(
                ".venv/bin/gunicorn{} --bind 0.0.0.0:$PORT --worker-class uvicorn.workers.UvicornWorker {target}",
                folder("--chdir")
            )
        }
        _ => format!(
            ".venv/bin/gunicorn{} --bind 0.0.0.0:$PORT {target}",
            folder("--chdir")
        ),
    }
}

/// A Dash app's Flask server stands behind `server`, by its own name or as an attribute.
fn dash(app: &App<'_>, draft: &mut Draft) -> Option<Start> {
    let mut found = entry::application(app, &["Dash"], "dash")?;
    let source = entry::read(app, &found.file)?;
    if source.mentions("server =") || source.mentions("server=") {
        "server".clone_into(&mut found.object);
    } else {
        found.object = format!("{}.server", found.object);
    }
    serve(app, Some(found), Interface::Wsgi, draft)
}

/// Django says in its settings where its WSGI or ASGI application is.
fn django(app: &App<'_>, draft: &mut Draft) -> Option<Start> {
    let module = settings_module(app);
    let settings = module.as_ref().and_then(|module| settings_file(app, module));
    let source = settings.as_ref().and_then(|file| entry::read(app, file));
    let (found, interface) = django_application(app, module.as_deref(), source.as_ref())?;
    let fallback = Start {
        install: vec!["gunicorn"],
        ..Start::command(server_command("gunicorn", &found, Interface::Wsgi))
    };
    let mut start = serve(app, Some(found), interface, draft).unwrap_or(fallback);
    let manage = app.folder.has_file("manage.py");
    let says = |text: &str| source.as_ref().is_some_and(|source| source.mentions(text));
    if manage && says("STATIC_ROOT") {
        start.build = Some(".venv/bin/python manage.py collectstatic --noinput".to_owned());
    }
    if manage {
        // Django's own default is no database at all; settings that cannot be read may have one.
        let database = source.is_none() || says("DATABASES") || says("import *");
        migrate(app, database, &mut start, draft);
    }
    Some(start)
}

/// The application the settings name, or the one beside them; the asynchronous one when only its servers are there.
fn django_application(
    app: &App<'_>,
    settings: Option<&str>,
    source: Option<&PythonSource>,
) -> Option<(Application, Interface)> {
    let package = settings
        .and_then(|module| module.split('.').next())
        .unwrap_or("config");
    let of = |name: &str, kind: &str| {
        let named = source.and_then(|source| source.assigned_text(name));
        let beside = || {
            app.folder
                .has_file(&format!("{package}/{kind}.py"))
                .then(|| format!("{package}.{kind}.application"))
        };
        named
            .filter(|text| text.contains('.') && is_dotted(text))
            .map(str::to_owned)
            .or_else(beside)
    };
    let wsgi = of("WSGI_APPLICATION", "wsgi");
    let asgi = of("ASGI_APPLICATION", "asgi");
    let asynchronous = app.depends_on("python", &["uvicorn", "daphne", "hypercorn"])
        && !app.depends_on("python", &["gunicorn"]);
    let (target, interface) = match (asgi, wsgi) {
        (Some(asgi), _) if asynchronous => (asgi, Interface::Asgi),
        (_, Some(wsgi)) => (wsgi, Interface::Wsgi),
        (Some(asgi), None) => (asgi, Interface::Asgi),
        (None, None) => return None,
    };
    let (module, object) = target.rsplit_once('.')?;
    let found = Application {
        file: format!("{}.py", module.replace('.', "/")),
        module: module.to_owned(),
        folder: String::new(),
        object: object.to_owned(),
        factory: false,
    };
    Some((found, interface))
}

fn is_dotted(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || character == '_' || character == '.')
}

/// A database server is migrated when the app starts; an SQLite file is part of the release and made with it.
fn migrate(app: &App<'_>, database: bool, start: &mut Start, draft: &mut Draft) {
    const DRIVERS: [&str; 8] = [
        "psycopg",
        "psycopg2",
        "psycopg2-binary",
        "mysqlclient",
        "pymysql",
        "dj-database-url",
        "django-environ",
        "mysql-connector-python",
    ];
    if app.depends_on("python", &DRIVERS) {
        start.command = format!(
            ".venv/bin/python manage.py migrate --noinput && {}",
            start.command
        );
        return;
    }
    if !database {
        return;
    }
    let migrate = ".venv/bin/python manage.py migrate --noinput";
    start.build = Some(match start.build.take() {
        Some(build) => format!("{build} && {migrate}"),
        None => migrate.to_owned(),
    });
    draft.warn("The database is an SQLite file inside the release: it is read-only at run time and replaced by every deployment. Use a database server for data that must last.");
    draft.at_most(Confidence::High);
}

fn settings_module(app: &App<'_>) -> Option<String> {
    let text = app.folder.text("manage.py")?;
    let behind = text.split_once("DJANGO_SETTINGS_MODULE")?.1;
    let quoted = behind.split(['"', '\'']).nth(2)?;
    quoted
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        .then(|| quoted.to_owned())
}

fn settings_file(app: &App<'_>, module: &str) -> Option<String> {
    let path = module.replace('.', "/");
    let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder);
    let places = [
        format!("{path}.py"),
        format!("{path}/base.py"),
        format!("{path}/__init__.py"),
        format!("{folder}/base.py"),
    ];
    places
        .into_iter()
        .find(|file| {
            app.folder
                .text(file)
                .is_some_and(|text| text.contains("APPLICATION"))
        })
        .or_else(|| {
            let file = format!("{path}.py");
            app.folder.has_file(&file).then_some(file)
        })
}
