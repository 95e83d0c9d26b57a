//! What to start: the Procfile, else the application object that the sources name, else a program file.

use super::manifest::Manifest;
use crate::error::PlanError;
use crate::project::Project;
use crate::scan;
use crate::source_tree::SourceTree;

/// The start command and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) framework: Option<&'static str>,
    pub(crate) file: String,
    pub(crate) found: String,
    pub(crate) start: String,
    /// The server's package, to be installed if the project does not name it.
    pub(crate) server: Option<&'static str>,
    pub(crate) env: &'static [(&'static str, &'static str)],
    pub(crate) collects_static: bool,
}

/// Files that customarily hold the application, best first; all others follow in order of name.
const FIRST: [&str; 12] = [
    "main.py",
    "app.py",
    "asgi.py",
    "wsgi.py",
    "server.py",
    "run.py",
    "api.py",
    "app/main.py",
    "app/app.py",
    "app/__init__.py",
    "src/main.py",
    "src/app.py",
];
/// Gunicorn keeps its heartbeat files beside it by default; only the temporary folder can be written.
const GUNICORN: &str = "gunicorn --bind 0.0.0.0:8080 --worker-tmp-dir /tmp --access-logfile -";
const UVICORN: &str = "uvicorn --host 0.0.0.0 --port 8080 --proxy-headers";

/// Frameworks by package, what makes the application object, and how it is served.
const OBJECTS: [(&str, &str, &str); 7] = [
    ("fastapi", "FastAPI(", UVICORN),
    ("starlette", "Starlette(", UVICORN),
    ("litestar", "Litestar(", UVICORN),
    ("quart", "Quart(", UVICORN),
    ("flask", "Flask(", GUNICORN),
    ("bottle", "Bottle(", GUNICORN),
    ("falcon", "falcon.App(", GUNICORN),
];

/// Finds the start command.
/// Errors: `Unsupported` when there is a project but nothing to start.
pub(crate) fn find(project: &Project<'_>, manifest: &Manifest) -> Result<Entry, PlanError> {
    let tree = project.tree;
    if let Some(command) = project.procfile_web() {
        let framework = framework(tree, manifest);
        let collects_static = framework == Some("django") && collects_static(tree);
        return Ok(Entry {
            framework,
            collects_static,
            ..plain("Procfile", format!("web: {command}"), command)
        });
    }
    if let Some(entry) = django(tree).or_else(|| object(tree)).or_else(|| notebook(tree, manifest)) {
        return Ok(entry);
    }
    if let Some(file) = tree.first(&[
        "main.py",
        "app.py",
        "server.py",
        "run.py",
        "bot.py",
        "__main__.py",
        "src/main.py",
        "src/app.py",
    ]) {
        let framework = framework(tree, manifest);
        return Ok(Entry { framework, ..plain(file, "a program", &format!("python {file}")) });
    }
    Err(PlanError::unsupported(
        "This is a Python project, but nothing says how to start it: no Procfile, no application object, no main.py.",
        "Add a Procfile with a line such as `web: gunicorn app:app --bind 0.0.0.0:$PORT`.",
    ))
}

fn plain(file: &str, found: impl Into<String>, start: &str) -> Entry {
    Entry {
        framework: None,
        file: file.to_owned(),
        found: found.into(),
        start: start.to_owned(),
        // A Procfile may name a server that only its host installs.
        server: start
            .starts_with("gunicorn ")
            .then_some("gunicorn")
            .or(start.starts_with("uvicorn ").then_some("uvicorn")),
        env: &[],
        collects_static: false,
    }
}

fn framework(tree: &SourceTree, manifest: &Manifest) -> Option<&'static str> {
    if tree.has("manage.py") || manifest.has("django") {
        return Some("django");
    }
    OBJECTS.iter().map(|(name, _, _)| *name).find(|name| manifest.has(name))
}

/// Python files worth looking into: the customary names, then the rest, shallow ones first.
fn sources(tree: &SourceTree) -> Vec<&str> {
    let mut files: Vec<&str> =
        tree.paths().filter(|p| p.ends_with(".py") && tree.read(p).is_some()).collect();
    let rank = |path: &str| FIRST.iter().position(|first| *first == path).unwrap_or(FIRST.len());
    let is_test = |path: &str| path.contains("test");
    files.sort_by_key(|path| (is_test(path), rank(path), path.matches('/').count()));
    files
}

fn django(tree: &SourceTree) -> Option<Entry> {
    let text = tree.read("manage.py")?;
    let after = text.split("DJANGO_SETTINGS_MODULE").nth(1).unwrap_or_default();
    let settings = scan::quoted(after.trim_start_matches(['"', '\'']).trim_start_matches([',', ' ']));
    let package = settings.filter(|name| is_module(name)).and_then(|name| name.split('.').next());
    let named = package.map(|package| format!("{package}/wsgi.py")).filter(|file| tree.has(file));
    let file = named.or_else(|| tree.glob("*/wsgi.py").first().map(|path| (*path).to_owned()))?;
    let module = file.trim_end_matches(".py").replace('/', ".");
    is_module(&module).then(|| Entry {
        framework: Some("django"),
        found: "the application of a Django project".to_owned(),
        start: format!("{GUNICORN} {module}:application"),
        server: Some("gunicorn"),
        env: &[],
        collects_static: collects_static(tree),
        file,
    })
}

fn collects_static(tree: &SourceTree) -> bool {
    tree.glob("**/settings*.py").iter().chain(&tree.glob("**/settings/*.py")).any(|file| {
        let text = tree.read(file).unwrap_or_default();
        text.lines().any(|line| line.trim_start().starts_with("STATIC_ROOT"))
    })
}

/// The application object at the top level of some file, or the function that makes one.
fn object(tree: &SourceTree) -> Option<Entry> {
    for file in sources(tree) {
        let text = tree.read(file).unwrap_or_default();
        for (framework, maker, server) in OBJECTS {
            let Some((name, found)) = assigned(text, maker) else { continue };
            let (dir, module) = module(tree, file)?;
            let target = format!("{module}:{name}");
            let is_uvicorn = server == UVICORN;
            let flag = match (dir, is_uvicorn) {
                ("", _) => String::new(),
                (dir, true) => format!(" --app-dir {dir}"),
                (dir, false) => format!(" --chdir {dir}"),
            };
            // A factory is called by its server: gunicorn by its brackets, uvicorn by a flag.
            let (target, factory) = match (name.strip_suffix("()"), is_uvicorn) {
                (Some(name), true) => (format!("{module}:{name}"), " --factory"),
                (Some(_), false) => (format!("'{target}'"), ""),
                (None, _) => (target, ""),
            };
            return Some(Entry {
                framework: Some(framework),
                file: file.to_owned(),
                found,
                start: format!("{server}{flag}{factory} {target}"),
                server: Some(if is_uvicorn { "uvicorn" } else { "gunicorn" }),
                env: &[],
                collects_static: false,
            });
        }
    }
    None
}

/// The name that `maker`'s result is given at the top level, or the factory that it stands in.
fn assigned(text: &str, maker: &str) -> Option<(String, String)> {
    let mut factory: Option<String> = None;
    let mut inside: Option<&str> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("def ") {
            let (name, after) = rest.split_once('(')?;
            // Only a factory that wants nothing can be called by a server.
            let args = after.split(')').next().unwrap_or_default();
            inside =
                args.split(',').all(|arg| arg.trim().is_empty() || arg.contains('=')).then_some(name.trim());
        } else if !line.is_empty() && !line.starts_with([' ', '\t', '#', ')']) {
            inside = None;
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let value = value.trim_start();
        if !value.starts_with(maker)
            && !value.starts_with(&format!("flask.{maker}"))
            && !value.starts_with(&format!("fastapi.{maker}"))
        {
            continue;
        }
        // A type may stand between name and sign.
        let plain = name.split(':').next().unwrap_or_default().trim();
        if !line.starts_with([' ', '\t']) && is_module(plain) {
            return Some((plain.to_owned(), line.trim().to_owned()));
        }
        if let (Some(function), None) = (inside, &factory) {
            factory = Some(function.to_owned());
        }
    }
    let factory = factory.filter(|name| is_module(name))?;
    // Most factories are called at the top level as well; that object is preferred.
    let called = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (value.trim() == format!("{factory}()") && is_module(name.trim())).then(|| name.trim().to_owned())
    });
    let name = called.unwrap_or_else(|| format!("{factory}()"));
    Some((name, format!("def {factory}")))
}

/// A file's module name and the folder to begin from. `src` is a place, not a package, unless it says otherwise.
fn module<'a>(tree: &SourceTree, file: &'a str) -> Option<(&'a str, String)> {
    let path = file.trim_end_matches(".py");
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    let (dir, path) = match path.strip_prefix("src/") {
        Some(rest) if !tree.has("src/__init__.py") => ("src", rest),
        Some(_) | None => ("", path),
    };
    let module = path.replace('/', ".");
    is_module(&module).then_some((dir, module))
}

/// Whether `name` may stand in a command unquoted as a Python name.
fn is_module(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

/// Programs that bring a server of their own.
fn notebook(tree: &SourceTree, manifest: &Manifest) -> Option<Entry> {
    let file = tree.first(&["app.py", "main.py", "streamlit_app.py", "Home.py"])?;
    let entry = |framework, start: String, env| Entry {
        framework: Some(framework),
        server: None,
        env,
        ..plain(file, framework, &start)
    };
    if manifest.has("streamlit") {
        let flags = "--server.port 8080 --server.address 0.0.0.0 --server.headless true";
        return Some(entry(
            "streamlit",
            format!("streamlit run {file} {flags}"),
            &[("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")],
        ));
    }
    if manifest.has("gradio") {
        const ENV: &[(&str, &str)] = &[("GRADIO_SERVER_NAME", "0.0.0.0"), ("GRADIO_SERVER_PORT", "8080")];
        return Some(entry("gradio", format!("python {file}"), ENV));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(files: &[(&str, &str)]) -> Option<String> {
        let mut tree = SourceTree::new();
        for (path, text) in files {
            tree.insert(path, Some(text));
        }
        object(&tree).map(|entry| entry.start)
    }

    #[test]
    fn the_object_is_found_by_its_name_and_place() {
        let ends = |files: &[(&str, &str)], end: &str| {
            let start = start(files).unwrap();
            assert!(start.ends_with(end), "{start} should end with {end}");
        };
        ends(&[("main.py", "api = FastAPI()")], " main:api");
        ends(&[("app/main.py", "app: FastAPI = FastAPI(title='x')")], " app.main:app");
        ends(&[("src/main.py", "app = FastAPI()")], " --app-dir src main:app");
        ends(&[("src/main.py", "app = Flask(__name__)")], " --chdir src main:app");
        ends(
            &[("web/__init__.py", "def create_app(config=None):\n    app = Flask(__name__)\n")],
            " 'web:create_app()'",
        );
        ends(&[("x.py", "def make():\n    app = FastAPI()\n    return app\n")], " --factory x:make");
        ends(&[("x.py", "def make():\n    app = Flask('x')\n\napp = make()\n")], " x:app");
    }

    #[test]
    fn an_object_within_a_test_or_a_function_with_arguments_is_passed_over() {
        assert_eq!(start(&[("x.py", "def make(config):\n    app = Flask(config)\n")]), None);
        let both = [("a_test.py", "app = Flask('t')"), ("z.py", "app = Flask('z')")];
        assert!(start(&both).unwrap().ends_with(" z:app"));
    }

    #[test]
    fn a_module_with_a_strange_name_is_not_put_into_a_command() {
        assert_eq!(start(&[("my app.py", "app = Flask('x')")]), None);
    }
}
