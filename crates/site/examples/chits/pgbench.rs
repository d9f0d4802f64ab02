//! What others measure a PostgreSQL server by: `pgbench`, its TPC-B-like transaction.

use std::process::Command;

use store::testing::Cluster;

use crate::report::Report;

/// Of the newest version that is installed, as the cluster is.
fn program() -> std::path::PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    format!("/usr/lib/postgresql/{}/bin/pgbench", versions.max().unwrap()).into()
}

/// As many clients as our callers, and as many branches, so that they seldom wait for each other.
pub(crate) async fn run(report: &mut Report, cluster: &Cluster, clients: u32, seconds: u32) {
    let store = "postgres";
    let url = cluster.database().await.unwrap();
    let pgbench = || Command::new(program());
    let scale = clients.to_string();
    let made = pgbench().args(["--initialize", "--quiet", "--scale", &scale, &url]).output();
    assert!(made.unwrap().status.success(), "pgbench cannot make its tables");
    for (protocol, what) in [
        ("simple", "pgbench: TPC-B-like transactions"),
        ("prepared", "pgbench: the same, statements prepared"),
    ] {
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let mut bench = pgbench();
        bench.args(["--client", &clients, "--jobs", "2", "--time", &seconds]);
        let said = bench.args(["--protocol", protocol, &url]).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8(said.stdout).unwrap();
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate: f64 = rate.and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
        report.say(store, what, rate, "a second");
    }
}
