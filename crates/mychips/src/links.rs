//! Links that are handed over: what keeps others from following one, and its file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use protocol::address::{Endpoint, Host};

use crate::failure::{self, Failure};
use crate::visit::Visit;

/// Why no link can be made; `otherwise` says what else could be done.
pub(crate) fn no_place(otherwise: &str) -> Failure {
    let text = format!(
        "no link can be made: this site is not served where others reach it. Serve it (mychips serve) \
         with peers.listen, or peers.announce, in mychips.toml saying where{otherwise}"
    );
    Failure::refused("no_place", text)
}

/// What keeps people from following a link.
pub(crate) fn remarks(visit: &Visit, endpoint: &Endpoint) {
    let here = match &endpoint.host {
        Host::Ip4(ip) => ip.is_loopback(),
        Host::Ip6(ip) => ip.is_loopback(),
        Host::Dns(_) => false,
    };
    if here {
        failure::remark(
            "the link works on this machine only: peers.listen and peers.announce in mychips.toml say \
             where others reach the site",
        );
    }
    if !visit.is_served() {
        failure::remark("the link works while this site is served: mychips serve");
    }
}

/// Writes what is handed over into a new file, for its owner's eyes.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut options = OpenOptions::new();
        let mut open = options.write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(open, "{text}")?;
        open.sync_all()
    };
    write().map_err(|error| Failure::io("cannot write", file, &error))
}
