//! Whether a certificate proves what it says (protocol, section 7, "Decide"): written from that text, and not from the
//! sites' own check.

use std::collections::BTreeSet;

use protocol::lift::{Certificate, Outcome};
use protocol::{Lift, PublicKey, Record as _};

/// What of a certificate does not hold; nothing where all does.
pub(super) fn fault(lift: &Lift, certificate: &Certificate) -> Option<String> {
    let Ok(id) = lift.id() else { return Some("the lift has no name".to_owned()) };
    if certificate.lift != id {
        return Some("it is another lift's".to_owned());
    }
    let all = lift.referees.len();
    let may_lie = all.saturating_sub(1) / 3;
    if all != 1 && all != 3 * may_lie + 1 {
        return Some(format!("there are {all} referees"));
    }
    let mut voters = BTreeSet::new();
    for vote in certificate.sign.iter() {
        let key = vote.referee.public_key();
        let signed = certificate.check_signature("referee", &key, Some(&vote.sign)).is_ok();
        if signed && lift.referees.contains(&vote.referee) {
            voters.insert(vote.referee);
        }
    }
    if voters.len() < all - may_lie {
        return Some(format!("{} of {all} referees have signed it", voters.len()));
    }
    match certificate.outcome {
        Outcome::Commit => {
            let has_promised = |key: &&PublicKey| {
                certificate.promises.iter().any(|promise| {
                    let signed = promise.check_signature("its own", key, promise.sign.as_ref());
                    promise.lift == id && promise.by == **key && signed.is_ok()
                })
            };
            let missing = lift.participants.iter().filter(|key| !has_promised(key)).count();
            (missing > 0)
                .then(|| format!("it is valid, and {missing} participants did not promise"))
        }
        Outcome::Void => {
            let refused = certificate.refused.as_ref().is_some_and(|word| {
                let signed = word.check_signature("its own", &word.by, word.sign.as_ref());
                word.lift == id && lift.participants.contains(&word.by) && signed.is_ok()
            });
            let late: BTreeSet<_> = certificate
                .late
                .iter()
                .filter(|word| {
                    let key = word.referee.public_key();
                    let signed = word.check_signature("referee", &key, word.sign.as_ref());
                    word.lift == id && lift.referees.contains(&word.referee) && signed.is_ok()
                })
                .map(|word| word.referee)
                .collect();
            let may = refused || late.len() > may_lie;
            (!may).then(|| "it is void, nobody refused, and no honest referee was late".to_owned())
        }
    }
}
