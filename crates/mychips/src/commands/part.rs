//! What a lift was for whoever looks, in words.

use site::{Part, PaymentPart};

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

/// Labels and values, for one lift alone; whoever paid or was paid knows with whom and what for.
pub(super) fn rows(part: &Part) -> Vec<(&'static str, String)> {
    let payment = match part {
        Part::Cleared => {
            let by = "what both signed for these tallies: debts only became smaller, at no cost";
            return vec![("By", by.to_owned())];
        }
        Part::PassedOn { earned } => {
            let by = "the settings signed on these tallies".to_owned();
            return vec![("Earned", say::units(*earned)), ("By", by)];
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
    let by = match part {
        Part::Paid(_) => "the payer's signature",
        _ => "the settings signed on these tallies",
    };
    rows.push(("By", by.to_owned()));
    let texts = [
        ("Ref", payment.r#ref.as_ref().map(ToString::to_string)),
        ("Memo", payment.memo.as_ref().map(ToString::to_string)),
    ];
    rows.extend(texts.into_iter().filter_map(|(label, text)| Some((label, text?))));
    rows
}
