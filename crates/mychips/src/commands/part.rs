//! What a lift was for whoever looks, in words.

use protocol::Timestamp;
use site::{Part, PaymentPart, SignedSettings};

use crate::say;

/// In a word or two, for lists.
pub(super) fn short(mode: &str, part: &Part) -> String {
    match part {
        Part::Cleared => mode.to_owned(),
        Part::Paid(payment) => format!("to {}", payment.payee.cuid),
        Part::Received(payment) => format!("from {}", payment.payer.cuid),
        Part::PassedOn { .. } => "passed on".to_owned(),
    }
}

/// In a line, for statements; none where it only cleared.
pub(super) fn sentence(part: &Part) -> Option<String> {
    let words = match part {
        Part::Cleared => return None,
        Part::Paid(payment) => {
            let arrived = say::units(payment.units);
            format!("to {}, who got {arrived}{}", payment.payee.cuid, about(payment))
        }
        Part::Received(payment) => format!("from {}{}", payment.payer.cuid, about(payment)),
        Part::PassedOn { earned } => match earned.milli() {
            0 => "passed on".to_owned(),
            1.. => format!("passed on, earned {}", say::units(*earned)),
            _ => format!("passed on, gave {}", say::units(earned.negated())),
        },
    };
    Some(words)
}

/// The payment's own words.
fn about(payment: &PaymentPart) -> String {
    let (reference, memo) = (payment.r#ref.as_ref(), payment.memo.as_ref());
    let reference = reference.map(ToString::to_string);
    let memo = memo.map(|memo| memo.to_string().replace('\n', " "));
    let words: Vec<String> = reference.into_iter().chain(memo).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(" · ")) }
}

/// Labels and values, for one lift alone; whoever paid or was paid knows with whom and what for. `signed` is when the payer
/// signed, for the payer.
pub(super) fn rows(part: &Part, signed: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let settings = || "the settings signed on these tallies".to_owned();
    let payment = match part {
        Part::Cleared => {
            let by = "what both signed for these tallies: debts only became smaller, at no cost";
            return vec![("By", by.to_owned())];
        }
        Part::PassedOn { earned } => {
            return vec![("Earned", say::units(*earned)), ("By", settings())];
        }
        Part::Paid(payment) | Part::Received(payment) => payment,
    };
    let mut rows = vec![
        ("Payment", payment.payment.to_string()),
        ("From", payment.payer.cuid.to_string()),
        ("To", payment.payee.cuid.to_string()),
        ("Amount", say::units(payment.units)),
    ];
    for (label, amount) in [("Given", payment.given), ("Allowed", payment.most)] {
        rows.extend(amount.map(|amount| (label, say::units(amount))));
    }
    let by = match (part, signed) {
        (Part::Paid(_), Some(signed)) => {
            format!("the payer's signature of {}", say::minute(signed))
        }
        (Part::Paid(_), None) => "the payer's signature".to_owned(),
        _ => settings(),
    };
    rows.push(("By", by));
    let texts = [
        ("Ref", payment.r#ref.as_ref().map(ToString::to_string)),
        ("Memo", payment.memo.as_ref().map(ToString::to_string)),
    ];
    rows.extend(texts.into_iter().filter_map(|(label, text)| Some((label, text?))));
    rows
}

/// Which settings of one side allowed a leg, in a word or two.
pub(super) fn settings(signed: Option<&SignedSettings>) -> String {
    match signed {
        None => "not known".to_owned(),
        Some(SignedSettings { counter: 0, .. }) => "the signed tally".to_owned(),
        Some(SignedSettings { counter, date: None, .. }) => format!("no. {counter}"),
        Some(SignedSettings { counter, date: Some(date), .. }) => {
            format!("no. {counter} of {}", say::day(*date))
        }
    }
}
