//! The proof that an agent lies, checked without any site.

use std::path::Path;

use protocol::proof::Proof;
use protocol::{AgentId, LiftId};
use serde::Serialize;

use crate::failure::Failure;
use crate::say;

#[derive(Serialize)]
struct Proved {
    kind: &'static str,
    proved: &'static str,
    lift: Option<LiftId>,
    liars: Vec<AgentId>,
    accused: Vec<AgentId>,
}

/// Whether text names a kind of record that proves a lie.
pub(super) fn is_one(kind: &str) -> bool {
    Proof::KINDS.contains(&kind)
}

pub(super) fn run(text: &[u8], path: &Path, json: bool) -> Result<(), Failure> {
    let not_proved = |fault: &dyn ToString| {
        let text = format!("{}: {}", path.display(), fault.to_string());
        Failure::refused("not_proved", text)
    };
    let proof = Proof::read(text).map_err(|fault| not_proved(&fault))?;
    proof.check().map_err(|fault| not_proved(&fault))?;
    let (liars, accused) = (proof.liars(), proof.suspects());
    let proved = Proved { kind: proof.word(), proved: "all", lift: proof.lift(), liars, accused };
    say::either(json, &proved, || page(&proved))
}

fn page(proved: &Proved) -> String {
    let lift = proved.lift.map(|lift| lift.to_string()).unwrap_or_default();
    let mut page = match proved.kind {
        "contradiction" => format!("The referees of lift {lift} decided it both ways.\n"),
        "twice" => format!(
            "A site promised lift {lift} twice, judged by different things, as an honest one never does.\n"
        ),
        _ => format!(
            "About lift {lift} a referee said two things of which an honest one says only one.\n"
        ),
    };
    let (verdict, agents) = if proved.liars.is_empty() {
        let verdict = "They signed in different rounds of their agreement, so at least one of these lies, and their \
                       signatures do not say which:";
        (verdict, &proved.accused)
    } else if proved.kind == "twice" {
        (
            "It is proved that it lies; whoever has tallies with its users should know:",
            &proved.liars,
        )
    } else {
        ("It is proved that it lies; whoever accepts it as a referee should not:", &proved.liars)
    };
    page += verdict;
    page.push('\n');
    for agent in agents {
        page += &format!("  {agent}\n");
    }
    page
}
