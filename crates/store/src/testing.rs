//! A private PostgreSQL cluster for tests: made in a temporary folder, gone with the process.
//!
//! It listens on a socket in its own folder only. A small shell, its guard, stops it and deletes
//! the folder as soon as the pipe from the test process closes: at its end, at a panic, at `kill -9`.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Where Debian and Ubuntu put each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest version that serves.
const OLDEST: u32 = 15;
/// What the guard does: wait for the pipe to close, then clean up.
const GUARD: &str = "read _; \"$@\" stop >/dev/null 2>&1; rm -rf \"$FOLDER\"";

/// A running cluster of its own, with settings that keep what is committed.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// As root, whom it runs as: PostgreSQL refuses root.
    user: Option<&'static str>,
    guard: Child,
    databases: AtomicU32,
}

impl Cluster {
    /// The cluster of this test process, started when first asked for.
    ///
    /// # Errors
    /// Why there is none, in a line that says what to do.
    pub fn shared() -> Result<&'static Self, String> {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref().map_err(Clone::clone)
    }

    /// A new cluster, for tests that stop it or spoil its settings.
    ///
    /// # Errors
    /// Why there is none, in a line that says what to do.
    pub fn start() -> Result<Self, String> {
        let programs = programs()?;
        let io = |error: io::Error| format!("a PostgreSQL cluster cannot be made: {error}");
        let root = std::fs::metadata("/proc/self").map_err(io)?.uid() == 0;
        let user = root.then_some("postgres");
        let folder = tempfile::Builder::new().prefix("mychips-pg-").tempdir().map_err(io)?.keep();
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(&folder))?;
        }
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg("guard").env("FOLDER", &folder).process_group(0);
        guard.args(words(&control(&programs, &folder, user, "immediate")));
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = guard.current_dir("/").spawn().map_err(io)?;
        let cluster = Self { folder, programs, user, guard, databases: AtomicU32::new(0) };
        let mut init = as_user(user, &cluster.programs.join("initdb"));
        init.args(["--no-sync", "--no-instructions", "--username=tests", "--auth=trust"]);
        init.args(["--encoding=UTF8", "--locale=C", "-D"]).arg(cluster.folder.join("data"));
        run(&mut init)?;
        cluster.up("")?;
        Ok(cluster)
    }

    /// Starts it, after [`Cluster::down`], with more settings (`-c name=value`), and waits for it.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn up(&self, settings: &str) -> Result<(), String> {
        let socket = self.folder.display();
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={socket} -c max_connections=300 -c deadlock_timeout=10ms {settings}"
        );
        let mut start = control(&self.programs, &self.folder, self.user, "fast");
        run(start.arg("-o").arg(options).arg("start"))
    }

    /// Stops it at once, as a failing machine would, and waits until it is gone.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn down(&self) -> Result<(), String> {
        run(control(&self.programs, &self.folder, self.user, "immediate").arg("stop"))
    }

    /// A new, empty database; says where it is.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub async fn database(&self) -> Result<String, String> {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}")).await?;
        Ok(self.url(&name))
    }

    /// Where a database of this cluster is.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://tests@localhost/{database}?host={}", self.folder.display())
    }

    /// Runs statements in a database.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub async fn run(&self, database: &str, sql: &str) -> Result<(), String> {
        run_at(&self.url(database), sql).await
    }
}

/// Runs statements in the database at an address of a cluster.
///
/// # Errors
/// What PostgreSQL said.
pub async fn run_at(url: &str, sql: &str) -> Result<(), String> {
    let text = |error: sqlx::Error| error.to_string();
    let mut connection = PgConnection::connect(url).await.map_err(text)?;
    let script = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    script.execute(&mut connection).await.map_err(text)?;
    connection.close().await.map_err(text)
}

/// Runs statements in a SQLite file, as another program would.
///
/// # Errors
/// What SQLite said.
pub async fn run_in(file: &Path, sql: &str) -> Result<(), String> {
    let text = |error: sqlx::Error| error.to_string();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.map_err(text)?;
    let script = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    script.execute(&mut connection).await.map_err(text)?;
    connection.close().await.map_err(text)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Nothing to be done about a guard that cannot be waited for.
        let _ = self.guard.wait();
    }
}

/// The programs of the newest version that is installed.
fn programs() -> Result<PathBuf, String> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let programs = |version: u32| Path::new(VERSIONS).join(version.to_string()).join("bin");
    let newest = versions.filter(|version| programs(*version).join("postgres").exists()).max();
    newest.filter(|version| *version >= OLDEST).map(programs).ok_or_else(|| {
        format!(
            "PostgreSQL {OLDEST} or newer is not in {VERSIONS}: `apt-get install postgresql`, or \
             `make setup`, then run the tests again"
        )
    })
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={user}"), format!("--regid={user}")]);
            command.args(["--clear-groups", "--"]).arg(program);
            command
        }
    };
    // Not the tester's folder, which the cluster's user may not enter.
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn control(programs: &Path, folder: &Path, user: Option<&str>, mode: &str) -> Command {
    let mut command = as_user(user, &programs.join("pg_ctl"));
    command.arg("-D").arg(folder.join("data")).arg("-l").arg(folder.join("log"));
    command.args(["-w", "-m", mode]);
    command
}

fn words(command: &Command) -> Vec<std::ffi::OsString> {
    let program = std::iter::once(command.get_program());
    program.chain(command.get_args()).map(ToOwned::to_owned).collect()
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    // Into a file rather than a pipe: the server inherits it, and would keep a pipe open.
    let said = tempfile::tempfile().map_err(|error| error.to_string())?;
    let copy = || said.try_clone().map_err(|error| error.to_string());
    let status = command.stdout(copy()?).stderr(copy()?).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let mut text = String::new();
            let mut said = said;
            let read = io::Seek::rewind(&mut said)
                .and_then(|()| io::Read::read_to_string(&mut said, &mut text));
            Err(format!(
                "{name}: {status}: {text} {}",
                read.err().map_or(String::new(), |e| e.to_string())
            ))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}
